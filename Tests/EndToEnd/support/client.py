"""A plain HTTP client for the API: a session with a token, and the position of the last write."""
import base64
import hashlib
import time
import uuid

import requests


class Client:
    def __init__(self, url, token=None):
        self.url = url
        self.http = requests.Session()
        self.token = token
        self.position = 0

    @classmethod
    def registered(cls, url, email=None, password="a long enough password"):
        client = cls(url)
        client.email, client.password = email or f"{uuid.uuid4().hex[:12]}@example.org", password
        answer = client.request("POST", "/auth/register", json={"email": client.email, "password": password})
        assert answer.status_code == 201, answer.text
        client.account = answer.json()
        return client.sign_in(client.email, password)

    @classmethod
    def registered_as(cls, other):
        """Another client of the same account, with a session of its own."""
        client = cls(other.url)
        client.email, client.password, client.account = other.email, other.password, other.account
        return client.sign_in(client.email, client.password)

    @classmethod
    def admin(cls, program):
        return cls(program.url).sign_in(program.admin_email, program.admin_password)

    def sign_in(self, email, password):
        answer = self.request("POST", "/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["accessToken"]
        self.refresh_token = answer.json().get("refreshToken")
        return self

    def request(self, method, path, **options):
        headers = dict(options.pop("headers", None) or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        answer = self.http.request(method, self.url + "/api/v1" + path, headers=headers,
                                   timeout=options.pop("timeout", 60), **options)
        if "Onefold-Position" in answer.headers:
            self.position = max(self.position, int(answer.headers["Onefold-Position"]))
        return answer

    def get(self, path, **parameters):
        """The JSON of a read that waits for this client's own writes."""
        if self.position:
            parameters.setdefault("wait", self.position)
        answer = self.request("GET", path, params=parameters)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def put(self, path, data, *, key=None, digest=None, **parameters):
        headers = {"Content-Type": "application/octet-stream"}
        if key:
            headers["Idempotency-Key"] = key
        if digest is not None:
            headers["Content-Digest"] = digest
        return self.request("PUT", "/files", params={"path": path, **parameters}, data=data, headers=headers)

    def upload(self, path, data, **options):
        answer = self.put(path, data, **options)
        assert answer.status_code in (200, 201), f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def pages(self, path, **parameters):
        after = None
        while True:
            page = self.get(path, limit=500, **parameters, **({"after": after} if after else {}))
            yield from page["items"]
            after = page.get("next")
            if not after:
                return

    def wait_until_settled(self, timeout=60):
        """Returns once no job of the account is open; reads from then on show what they came to."""
        deadline = time.monotonic() + timeout
        while True:
            answer = self.get("/jobs", limit=1)
            counts = answer["counts"]
            if open_jobs(counts) == 0:
                self.position = max(self.position, answer["position"])
                return counts
            assert time.monotonic() < deadline, f"jobs still open after {timeout} s: {counts}"
            time.sleep(0.05)

    def is_settled(self):
        """Whether no job of the account is open."""
        return open_jobs(self.get("/jobs", limit=1)["counts"]) == 0


def open_jobs(counts):
    return counts["queued"] + counts["retrying"]


def content_digest(data):
    return "sha-256=:" + base64.b64encode(hashlib.sha256(data).digest()).decode() + ":"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()
