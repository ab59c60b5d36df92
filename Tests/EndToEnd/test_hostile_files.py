"""Names and contents that were made to hurt: names are data, and what was uploaded does nothing in a browser."""
import json
import random
import re
import threading
from urllib.parse import unquote

from support.client import Client
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
