"""What was uploaded does nothing in the browser of somebody who is signed in."""
import pytest
from support.client import Client
from support.program import free_port

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
def test_what_was_uploaded_does_nothing_in_a_browser(browser, onefold, promise):
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
    context.close()
    assert heard == []
    for url in files:
        headers = user.http.get(url, headers={"Authorization": f"Bearer {user.token}"}).headers
        assert headers["Content-Disposition"].startswith("attachment") and headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
    promise.held("51", f"{len(files)} files", "-", f"saved instead of shown {saved}", "scripts that ran 0", "requests elsewhere 0")
