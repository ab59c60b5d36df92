"""Several servers behind nginx, with the configuration in deploy/: Debian's nginx, two servers, two workers, one process that projects."""
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from support.archives import archive
from support.client import Client, sha256
from support.cluster import Cluster, is_ready
from support.nginx import DEPLOY, Nginx, count
from support.promise import seed, trials
from support.subscriber import Subscriber


@pytest.fixture
def front(workspace):
    """Two servers, two workers, and nginx before them."""
    cluster = Cluster(workspace, servers=2, workers=2, environment={"ONEFOLD_TRUST_FORWARDED_FOR": "yes"})
    nginx = Nginx(workspace, cluster.urls)
    cluster.nginx = nginx
    try:
        nginx.start()
        yield cluster
    finally:
        nginx.stop()
        cluster.stop()


def test_requests_are_spread_over_the_servers_and_answered_as_they_would_be_without(front):
    user = Client.registered(front.nginx.url)
    data = random.Random(1).randbytes(3 << 20)
    for number in range(20):
        user.upload(f"{number}.txt", b"%d behind nginx" % number)
    file = user.upload("large.bin", data)
    for url in front.urls:
        assert count(url, "http_requests_total") > 5, "one of the servers was hardly asked"
    user.get("/files", limit=1)  # Waits for what was sent: the server that is asked next may be another.
    part = user.request("GET", f"/files/{file['id']}/content", headers={"Range": "bytes=1000000-1999999"})
    assert part.status_code == 206 and part.content == data[1_000_000:2_000_000]
    whole = user.request("GET", f"/files/{file['id']}/content")
    assert whole.content == data and "Content-Encoding" not in whole.headers
    listing = user.request("GET", "/files", headers={"Accept-Encoding": "gzip"})
    assert listing.headers["Content-Encoding"] == "gzip" and len(listing.json()["items"]) == 21
    page = requests.get(front.nginx.url + "/", timeout=10)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"] and page.headers["Server"] == "nginx"
    assert requests.get(front.nginx.url + "/metrics", timeout=10).status_code == 404
    assert "Active connections" in requests.get(f"http://127.0.0.1:{front.nginx.status_port}/nginx_status", timeout=10).text
    # The address that servers know is the client's, whatever it claims: it is what sign-ins are throttled by.
    answer = requests.get(front.nginx.url + "/api/v1/openapi.yaml", headers={"X-Forwarded-For": "6.6.6.6"}, timeout=10)
    assert answer.status_code == 200
    for line in map(json.loads, front.nginx.lines()):
        assert line["requestId"] and line["client"] == "127.0.0.1" and "files" not in json.dumps(line)


def test_an_upload_is_passed_on_while_it_comes_and_never_lies_on_nginxs_disk(front):
    """The quota refuses a body of a gigabyte at its head: nothing of it has to be sent."""
    user = Client.registered(front.nginx.url)

    def body():
        for _ in range(64):
            yield bytes(1 << 20)

    answer = user.request("PUT", "/files", params={"path": "zeros.bin"}, data=body())
    assert answer.status_code == 201 and answer.json()["size"] == 64 << 20
    assert not [path for path in front.nginx.directory.rglob("*") if path.is_file() and path.stat().st_size > 1 << 20]


def test_too_many_sign_ins_of_one_address_are_slowed_down_with_a_problem_document(front):
    url = front.nginx.url + "/api/v1/auth/login"
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda n: requests.post(
            url, json={"email": f"{n}@example.org", "password": "wrong password"}, timeout=60), range(60)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[429] > 5, statuses
    slowed = next(answer for answer in answers if answer.status_code == 429)
    assert slowed.headers["Content-Type"].startswith("application/problem+json") and slowed.headers["Retry-After"]
    assert slowed.json()["type"] == "urn:onefold:problem:rate-limited"


def test_without_any_server_the_answer_says_so(front):
    for role in front.role("serve"):
        role.wanted = False
        role.signal(signal.SIGKILL)
        role.process.wait(30)
    answer = requests.get(front.nginx.url + "/api/v1/openapi.yaml", timeout=30)
    assert answer.status_code == 503 and answer.json()["type"] == "urn:onefold:problem:unavailable"
    assert answer.headers["Retry-After"]


class Load:
    """Clients that send and read without a pause; what was acknowledged and what failed."""

    def __init__(self, url, clients, number, retries):
        self.url, self.retries = url, retries
        self.acked, self.failed = [], []
        self.count = Counter()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(n, client, random.Random(f"{number}-{n}")), daemon=True)
                        for n, client in enumerate(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self, n, account, rng):
        client = Client(self.url, account.token)
        count = 0
        while not self.stopping.is_set():
            count += 1
            path, data = f"{n}/{count:05}", rng.randbytes(rng.choice([100, 5_000, 300_000]))
            key = f"load-{n}-{count}"
            if self._do("PUT", client, lambda: client.put(path, data, key=key)):
                self.acked.append((account, path, sha256(data)))
            self._do("GET", client, lambda: client.request("GET", "/files", params={"limit": 5}))
            if count % 7 == 0:
                body = archive([(f"{path}-{part}", data + b"%d" % part) for part in range(3)])
                if self._do("POST", client, lambda: client.request("POST", "/files", data=body,
                                                                   headers={"Content-Type": "application/x-tar"})):
                    self.acked += [(account, f"{path}-{part}", sha256(data + b"%d" % part)) for part in range(3)]

    def _do(self, what, client, call):
        """Whether it was done. Sent again, under the same key, where the promise is only that nothing acknowledged is lost."""
        while True:
            try:
                answer = call()
                self.count[f"{what} {answer.status_code}"] += 1
                if answer.status_code in (200, 201):
                    return True
                failure = f"{answer.status_code} {answer.text[:200]}"
            except requests.RequestException as error:
                failure = repr(error)
            self.failed.append(f"{what}: {failure}")
            if not self.retries or self.stopping.wait(0.05):
                return False

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)


def signed_in(account):
    try:
        return account.sign_in(account.email, account.password)
    except AssertionError:
        return None


def verify(front, load, accounts):
    """Every acknowledged upload is there, whole, by the digest that the client computed."""
    front.wait_until_folded()
    for account in accounts:  # It is throttled.
        front.wait_for(lambda: signed_in(account), "a sign-in")
    shown = {account.email: {file["path"]: file["digest"] for file in account.pages("/files")}
             for account in accounts}
    missing = [path for account, path, digest in load.acked if shown[account.email].get(path) != digest]
    assert not missing, missing[:10]
    assert len(load.acked) > 50


def events_of(front, account):
    with front.connect() as connection:
        return [row[0] for row in connection.execute(
            "SELECT position FROM log.event WHERE owner = %s ORDER BY position", [account.account["id"]])]


def test_a_server_killed_in_mid_traffic_costs_no_acknowledged_request_and_no_message(front, promise):
    rounds, number = trials(3), seed()
    rng = random.Random(number)
    accounts = [Client.registered(front.nginx.url) for _ in range(4)]
    watched = accounts[0]
    listener = Client.registered_as(watched)
    subscriber = Subscriber([front.nginx.url], listener)
    load = Load(front.nginx.url, accounts, number, retries=True)
    outages = []
    for _ in range(rounds):
        time.sleep(rng.uniform(1, 2))
        role = rng.choice(front.role("serve"))
        role.signal(signal.SIGKILL)
        started = time.monotonic()
        # The front door goes on at once, by the other server.
        while requests.get(front.nginx.url + "/api/v1/openapi.yaml", timeout=10).status_code != 200:
            assert time.monotonic() - started < 30
        outages.append(time.monotonic() - started)
        url = front.urls[front.role("serve").index(role)]
        front.wait_for(lambda: is_ready(url), url)
    load.stop()
    verify(front, load, accounts)
    expected = events_of(front, watched)
    front.wait_for(lambda: subscriber.last >= expected[-1], "the last message")
    subscriber.stop()
    assert not subscriber.faults and subscriber.positions == expected
    assert max(outages) < 5
    promise.held(1, rounds, number, f"acknowledged {len(load.acked)}", f"answers {sum(load.count.values())}",
                 f"failed and sent again {len(load.failed)}", f"longest pause at the front door {max(outages):.2f} s",
                 f"messages {len(expected)}, sessions {subscriber.sessions}")


def test_a_rolling_restart_under_load_fails_no_request(front, promise):
    rounds, number = trials(3), seed()
    accounts = [Client.registered(front.nginx.url) for _ in range(4)]
    subscriber = Subscriber([front.nginx.url], Client.registered_as(accounts[0]))
    load = Load(front.nginx.url, accounts, number, retries=False)
    time.sleep(1)
    for _ in range(rounds):
        for url, role in zip(front.urls, front.role("serve")):
            starts = role.starts
            role.signal(signal.SIGTERM)
            front.wait_for(lambda: role.starts > starts and is_ready(url), f"{url} again")
            time.sleep(2.2)  # For as long nginx leaves a server alone that was away: deploy/servers.conf.
    load.stop()
    assert not load.failed, f"{load.failed[:5]}\n{front.nginx.errors()}"
    verify(front, load, accounts)
    expected = events_of(front, accounts[0])
    front.wait_for(lambda: subscriber.last >= expected[-1], "the last message")
    subscriber.stop()
    assert not subscriber.faults and subscriber.positions == expected
    promise.held(13, 2 * rounds, number, f"restarts {2 * rounds}", f"answers {sum(load.count.values())}", "failed 0",
                 f"messages {len(expected)}, sessions {subscriber.sessions}")


def made_certificate(workspace, kind):
    key, certificate = workspace / f"{kind}.key", workspace / f"{kind}.pem"
    form = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] if kind == "ec" else ["rsa:2048"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", *form, "-nodes", "-days", "2", "-keyout", key, "-out", certificate,
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True, timeout=60)
    return certificate, key


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_scanner_finds_nothing_against_the_template_for_tls(workspace, promise, kind):
    """sslyze: what is accepted of all protocols and ciphers, and the attacks that have names."""
    nginx = Nginx(workspace / "tls", ["http://127.0.0.1:9"], tls=made_certificate(workspace, kind)).start()
    try:
        scans = ["sslv2", "sslv3", "tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3", "compression", "heartbleed", "openssl_ccs", "fallback",
                 "robot", "reneg", "early_data"]
        subprocess.run([sys.executable, "-W", "ignore", "-m", "sslyze", "--json_out", workspace / "scan.json", "--mozilla_config", "disable",
                        *[f"--{scan}" for scan in scans], nginx.url.removeprefix("https://")],
                       check=True, capture_output=True, timeout=120)
    finally:
        nginx.stop()
    server, = json.loads((workspace / "scan.json").read_text())["server_scan_results"]
    found = {name: scan["result"] for name, scan in server["scan_result"].items() if scan["result"]}
    accepted = {name: [suite["cipher_suite"]["name"] for suite in result["accepted_cipher_suites"]]
                for name, result in found.items() if name.endswith("_cipher_suites")}
    tried = sum(len(result["rejected_cipher_suites"]) + len(result["accepted_cipher_suites"])
                for name, result in found.items() if name in accepted and name.endswith("_cipher_suites"))
    assert [name for name, suites in accepted.items() if suites] == ["tls_1_2_cipher_suites", "tls_1_3_cipher_suites"]
    weak = [suite for suite in accepted["tls_1_2_cipher_suites"]
            if not re.fullmatch(r"TLS_ECDHE_\w+_WITH_(AES_\d+_GCM|CHACHA20_POLY1305)_SHA\d+", suite)]
    assert weak == []
    assert not found["heartbleed"]["is_vulnerable_to_heartbleed"]
    assert not found["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"]
    assert not found["tls_compression"]["supports_compression"]
    assert not found["tls_1_3_early_data"]["supports_early_data"], "a repeated request would be taken for a new one"
    assert found["tls_fallback_scsv"]["supports_fallback_scsv"]
    assert found["robot"]["robot_result"].startswith("NOT_VULNERABLE")
    assert found["session_renegotiation"]["supports_secure_renegotiation"]
    assert not found["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"]
    promise.held(58, f"{tried} offers of a cipher", "-", f"accepted {sum(map(len, accepted.values()))}", "weak 0", f"{len(found)} scans, findings 0")


def test_the_template_for_tls_serves_tls_and_secure_cookies(front, workspace):
    certificate, key = made_certificate(workspace, "ec")
    nginx = Nginx(workspace / "tls", front.urls, tls=(certificate, key)).start()
    try:
        answer = requests.get(nginx.url + "/api/v1/openapi.yaml", verify=str(certificate), timeout=10)
        assert answer.status_code == 200
        old = subprocess.run(["openssl", "s_client", "-connect", nginx.url.removeprefix("https://"), "-tls1_1"],
                             input="", capture_output=True, text=True, timeout=30)
        assert "Cipher is (NONE)" in old.stdout + old.stderr or old.returncode != 0
    finally:
        nginx.stop()


def test_the_delivered_configuration_names_what_the_compose_file_has():
    servers = (DEPLOY / "servers.conf").read_text()
    assert "server server:8080 resolve" in servers
    assert "listen 8080" in (DEPLOY / "listen.conf").read_text()
