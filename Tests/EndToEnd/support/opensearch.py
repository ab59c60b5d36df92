"""An OpenSearch to test against, and what stands before it: records what is sent, and answers as a troubled one would.

The one that is started here is osmem-server, a stand-in that keeps to OpenSearch's interface: no real one can be had without a container. Name a
real one by OPENSEARCH_URL (without credentials), and the same tests run on it.
"""
import json
import os
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class OpenSearch:
    def __init__(self):
        self.url = os.environ.get("OPENSEARCH_URL", "").rstrip("/")
        self.server = None
        if not self.url:
            from osmem_server import OsmemServer
            self.server = OsmemServer.start(japanese=False)
            self.url = self.server.url.rstrip("/")

    def ask(self, method, path, body=None):
        """The JSON of its answer; None for 404."""
        request = urllib.request.Request(self.url + path, method=method, data=body and json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise AssertionError(f"{method} {path}: {error.code} {error.read()[:500]}") from None

    def indexes(self, alias):
        """Those that the alias stands for."""
        return sorted(self.ask("GET", f"/_alias/{alias}") or {})

    def all_indexes(self, alias):
        return sorted(self.ask("GET", f"/{alias}-*") or {})

    def count(self, index):
        self.ask("POST", f"/{index}/_refresh")
        return self.ask("GET", f"/{index}/_count")["count"]

    def forget(self, alias):
        for index in self.all_indexes(alias):
            self.ask("DELETE", f"/{index}")

    def close(self):
        if self.server:
            self.server.close()


class Request:
    def __init__(self, method, target, headers, body):
        parts = urlsplit(target)
        self.method, self.path, self.query = method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))
        self.type, self.authorization, self.body = headers.get("Content-Type"), headers.get("Authorization"), body

    @property
    def documents(self):
        """The JSON values of its body."""
        lines = self.body.split(b"\n") if self.type == "application/x-ndjson" else [self.body]
        return [json.loads(line) for line in lines if line]


class Troubled:
    """Stands before an OpenSearch. `fault` is called with each request, and returns None to let it through, `(status, JSON)` to answer instead,
    "cut" to break the connection, or a function that changes the JSON of the answer."""

    def __init__(self, opensearch):
        self.opensearch, self.fault = opensearch, lambda request: None
        self.requests, self.lock = [], threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                outer.handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        request = Request(handler.command, handler.path, handler.headers, body)
        with self.lock:
            self.requests.append(request)
        fault = self.fault(request)
        if fault == "cut":
            handler.close_connection = True
            handler.connection.close()
            return
        if isinstance(fault, tuple):
            status, answer = fault[0], json.dumps(fault[1]).encode()
        else:
            status, answer = self.pass_on(handler, body)
            if fault:
                answer = json.dumps(fault(json.loads(answer))).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def pass_on(self, handler, body):
        headers = {name: handler.headers[name] for name in ("Content-Type", "Authorization") if handler.headers[name]}
        request = urllib.request.Request(self.opensearch.url + handler.path, method=handler.command, data=body or None, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
