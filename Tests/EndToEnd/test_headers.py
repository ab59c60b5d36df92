"""What browsers are told, on every route and every way it can end."""
import re
from pathlib import Path

import pytest
import requests
import yaml
from support.client import Client
from support.program import ROOT, Onefold

FOREIGN = "https://evil.example"
WANTED = {
    "Content-Security-Policy": lambda value: "frame-ancestors 'none'" in value and "default-src 'none'" in value
    and "unsafe-inline" not in value and "unsafe-eval" not in value and "*" not in value,
    "X-Content-Type-Options": lambda value: value == "nosniff",
    "Referrer-Policy": lambda value: value == "no-referrer",
    "Cross-Origin-Opener-Policy": lambda value: value == "same-origin",
    "Cross-Origin-Resource-Policy": lambda value: value == "same-origin",
    "Strict-Transport-Security": lambda value: int(re.match(r"max-age=(\d+)", value)[1]) >= 31_536_000,
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


@pytest.fixture
def behind_tls(workspace):
    program = Onefold(workspace / "data", environment={"ONEFOLD_BEHIND_TLS": "yes"}).start()
    yield program
    program.stop()


def routes():
    """Every path of the description, and what is none."""
    described = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())["paths"]
    paths = [re.sub(r"\{[^}]+\}", "00000000-0000-7000-8000-000000000000", path) for path in described]
    base = ["" if path.startswith(("/healthz", "/readyz", "/metrics")) else "/api/v1" for path in paths]
    assets = [f"/{file.relative_to(ROOT / 'dashboard/dist')}" for file in Path(ROOT / "dashboard/dist").rglob("*") if file.is_file()]
    return [prefix + path for prefix, path in zip(base, paths)] + assets + [
        "/", "/files", "/nothing/here", "/api/v1/nothing", "/healthz", "/readyz", "/metrics", "/%00", "/..%2f..%2fetc/passwd", "/api/v1/files?limit=x"]


def missing(answer):
    """The headers that an answer lacks, or that say too little."""
    found = [name for name, is_good in WANTED.items() if not is_good(answer.headers.get(name, "max-age=0"))]
    return found + [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_every_answer_tells_browsers_what_not_to_do(behind_tls, promise):
    user, admin = Client.registered(behind_tls.url), Client.admin(behind_tls)
    faults, statuses, n = [], set(), 0
    for route in routes():
        for method in METHODS:
            for token in (None, user.token, admin.token):
                if method != "GET" and token == admin.token and "/admin" in route:
                    continue  # It might do something.
                headers = {"Origin": FOREIGN, "Access-Control-Request-Method": "PUT"}
                if token:
                    headers["Authorization"] = f"Bearer {token}"
                answer = requests.request(method, behind_tls.url + route, headers=headers, timeout=20, allow_redirects=False, stream=True)
                n += 1
                statuses.add(answer.status_code)
                faults += [(method, route, answer.status_code, name) for name in missing(answer)]
                assert answer.status_code < 500 or answer.status_code == 501, (method, route, answer.status_code)
                answer.close()
    assert not faults, (len(faults), faults[:10])
    assert {200, 401, 403, 404} <= statuses, statuses
    promise.held("57", f"{n} answers of {len(routes())} paths", "-", f"statuses {sorted(statuses)}", "missing headers 0", "CORS allowed 0")


def test_pages_of_other_sites_open_no_socket(behind_tls):
    user = Client.registered(behind_tls.url)
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
               "Authorization": f"Bearer {user.token}"}
    for origin, status in [(FOREIGN, 403), ("null", 403), (behind_tls.url.replace("http", "https"), 101)]:
        answer = requests.get(behind_tls.url + "/api/v1/live", headers=dict(headers, Origin=origin), timeout=10, stream=True)
        assert answer.status_code == status, (origin, answer.status_code)
        answer.close()
