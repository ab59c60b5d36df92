"""Names and contents that were made to hurt: names are data, and what was uploaded does nothing in a browser."""
import json
import random
import re
import threading
from urllib.parse import unquote

import pytest
from playwright.sync_api import sync_playwright
from support.client import Client
from support.program import free_port
from support.promise import seed, trials

FRAGMENTS = [
    "..", ".", "../", "..\\", "%2e%2e%2f", "/", "\\", "\0", "\r\n", "\n", "\t", "\x7f", "\x85", "\u2028", "\u202e", "\u200f", "\ufeff", "é", "e\u0301",
    "日本", "\U0001f600", "-rf", "--help", "CON", "NUL.txt", "aux", "C:", "|", ";", "&", "$(id)", "`id`", "'", '"', "<script>alert(1)</script>",
    "{{7*7}}", "%s%n", "\x1b[31m", " ", "~", "*", "?", "#", "=cmd|'/C calc'!A0", "'; DROP TABLE files; --", "n" * 130, "a", "b.txt", '{"level":"error"}',
]
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def hostile_name(rng):
    return "".join(rng.choice(FRAGMENTS) for _ in range(rng.randrange(1, 6)))


def is_allowed(path):
    parts = path.split("/")
    return (path and len(path.encode()) <= 4096 and not CONTROL.search(path) and not {"", ".", ".."} & set(parts)
            and all(len(part.encode()) <= 255 for part in parts))


def told_name(disposition):
    """What a browser saves it as, by RFC 6266."""
    if match := re.search(r"filename\*=UTF-8''([^;]+)$", disposition):
        return unquote(match[1])
    return re.fullmatch(r'attachment; filename="([^"\\]*)"', disposition)[1]


def test_names_are_data(own_onefold, promise):
    """TRIALS names; each is refused with a sentence, or comes back as it was, and is nothing else anywhere."""
    number, count = seed(), trials(120)
    rng = random.Random(number)
    user = Client.registered(own_onefold.url)
    given = {}
    refused = 0
    for _ in range(count):
        name = hostile_name(rng)
        answer = user.put(name, b"of " + name.encode())
        assert (answer.status_code in (200, 201)) == bool(is_allowed(name)), (name, answer.status_code, answer.text)
        if answer.status_code in (200, 201):
            given[name] = answer.json()["id"]
        else:
            assert answer.status_code == 422 and answer.json()["detail"], (name, answer.text)
            refused += 1
    user.wait_until_settled()
    assert {file["path"] for file in user.pages("/files")} == set(given)
    for name, file in given.items():
        answer = user.request("GET", f"/files/{file}/content")
        assert answer.content == b"of " + name.encode()
        disposition = answer.headers["Content-Disposition"]
        assert disposition.isascii() and told_name(disposition) == name.split("/")[-1], (name, disposition)
    # No place on the disk was named by any of them: files of bytes are called by digests and counters.
    places = [path for path in (own_onefold.data_dir / "blobs").rglob("*") if path.is_file()]
    assert places and all(re.fullmatch(r"[0-9a-zA-Z._-]+", path.name) and "script" not in path.name for path in places)
    lines = own_onefold.log().splitlines()
    forged = [line for line in lines if not line.startswith("{") or not isinstance(json.loads(line), dict)]
    assert not [line for line in forged if "level" in line or "script" in line], forged[:3]
    promise.held("34", f"{count} names", number, f"accepted {len(given)}", f"refused {refused}", f"{len(places)} files on disk",
                 f"{len(lines)} lines of log, forged 0")


def test_many_who_send_the_same_bytes_at_once_keep_them_once(own_onefold, promise):
    """TRIALS clients, each with an account of its own."""
    number, count = seed(), trials(20)
    size = 10_000_000
    data = random.Random(number).randbytes(size)
    users = [Client.registered(own_onefold.url) for _ in range(min(count, 10))]
    # Several of one account, others of others'.
    clients = [Client.registered_as(users[index % len(users)]) for index in range(count)]
    together, answers = threading.Barrier(count), [None] * count

    def send(index):
        together.wait()
        answers[index] = clients[index].put(f"copy-{index}.bin", data)
    threads = [threading.Thread(target=send, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * count
    for client, answer in zip(clients, answers):
        client.position = max(client.position, int(answer.headers["Onefold-Position"]))
    for user in users:
        user.position = max(client.position for client in clients if client.account["id"] == user.account["id"])
        user.wait_until_settled()
        mine = sum(client.account["id"] == user.account["id"] for client in clients)
        savings = user.get("/savings")
        assert (savings["logicalBytes"], savings["uniqueBytes"]) == (mine * size, size), savings
    kept = sum(path.stat().st_size for path in (own_onefold.data_dir / "blobs").rglob("*") if path.is_file())
    assert size <= kept < 1.02 * size, kept
    promise.held("31", f"{count} clients", number, f"sent {count * size:,} bytes", f"on disk {kept:,}")


PAGES = {
    "page.html": b"<script>fetch('{0}/html')</script><img src='{0}/img'><iframe src='{0}/frame'></iframe>",
    "picture.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload=\"fetch('{0}/svg')\"><script>fetch('{0}/svg2')</script></svg>",
    "data.xml": b"<?xml version='1.0'?><x:script xmlns:x='http://www.w3.org/1999/xhtml'>fetch('{0}/xml')</x:script>",
    "code.js": b"fetch('{0}/js')",
    "page.txt": b"<html><body><script>fetch('{0}/sniffed')</script></body></html>",
    "page.xhtml": b"<html xmlns='http://www.w3.org/1999/xhtml'><script>fetch('{0}/xhtml')</script></html>",
}
TYPES = ["text/html", "image/svg+xml", "text/xml", "application/javascript", "text/css", "text/plain", "application/xhtml+xml", "application/pdf", "image/png"]


@pytest.mark.timeout(120)
def test_what_was_uploaded_does_nothing_in_a_browser(onefold, promise):
    """Opened as a page, framed, loaded as a script and as a picture, by a browser that is signed in: no script runs, nothing is asked for elsewhere."""
    ears = f"http://127.0.0.1:{free_port()}"
    user = Client.registered(onefold.url)
    files = []
    for name, page in PAGES.items():
        for kind in TYPES:
            answer = user.request("PUT", "/files", params={"path": f"{kind.replace('/', '-')}/{name}"}, headers={"Content-Type": kind},
                                  data=page.replace(b"{0}", ears.encode()))
            assert answer.status_code == 201, answer.text
            files.append(f"{onefold.url}/api/v1/files/{answer.json()['id']}/content")
    heard, saved = [], 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {user.token}"}, accept_downloads=True)
        context.on("request", lambda request: heard.append(request.url) if request.url.startswith(ears) else None)
        context.on("page", lambda page: page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss())))
        for url in files:
            page = context.new_page()
            with page.expect_download() as download:
                # A download ends the navigation, which the browser reports as one that was aborted.
                page.evaluate("url => { location.href = url }", url)
            assert download.value.url == url
            saved += 1
            page.goto(onefold.url)
            ran = page.evaluate("""async url => {
                const load = (tag, name) => new Promise(done => {
                  const node = document.createElement(tag)
                  node.onload = () => done(name + ' loaded'); node.onerror = () => done('')
                  node.src = url; document.body.append(node)
                  if (tag === 'iframe') setTimeout(() => done(''), 50)
                })
                return (await Promise.all([load('script', 'script'), load('iframe', 'frame')])).join('')
            }""", url)
            assert "script loaded" not in ran, url
            page.close()
        browser.close()
    assert heard == []
    for url in files:
        headers = user.http.get(url, headers={"Authorization": f"Bearer {user.token}"}).headers
        assert headers["Content-Disposition"].startswith("attachment") and headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
    promise.held("51", f"{len(files)} files", "-", f"saved instead of shown {saved}", "scripts that ran 0", "requests elsewhere 0")
