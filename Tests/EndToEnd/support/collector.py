"""A collector of OpenTelemetry: takes what is sent, reads it with OpenTelemetry's own types, and can be troubled."""
import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MESSAGES = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest,
            "/v1/logs": ExportLogsServiceRequest}


def decode(message, body):
    """Strictly: a member that the type does not have is an error. Identifiers are hexadecimal in OTLP's JSON, base64 in protobuf's."""
    def rewrite(value):
        if isinstance(value, list):
            return [rewrite(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {name: base64.b64encode(bytes.fromhex(item)).decode() if name in ("traceId", "spanId", "parentSpanId")
                else rewrite(item) for name, item in value.items()}
    return Parse(json.dumps(rewrite(json.loads(body))), message())


def attributes(pairs):
    """OTLP's attributes as a dictionary of strings and numbers."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


class Span:
    def __init__(self, span, service):
        self.service, self.name, self.kind = service, span.name, span.kind
        self.trace, self.id, self.parent = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
        self.start, self.end = span.start_time_unix_nano, span.end_time_unix_nano
        self.attributes = attributes(span.attributes)
        self.failed = span.status.code == 2

    def __repr__(self):
        return f"{self.service}: {self.name} {self.id} < {self.parent}"


class Collector:
    def __init__(self, port=0):
        self.bodies = []     # (path, bytes), as they came
        self.messages = []   # (path, message)
        self.errors = []     # of messages that cannot be read
        self.headers = []
        self.trouble = None  # The status to answer with, instead of taking anything.
        self.answers = threading.Event()  # While it is not set, what comes is read, and nothing is said.
        self.answers.set()
        self.changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer._take(self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # of connections that are cut, which is what some tests do
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _take(self, path, headers, body):
        self.answers.wait()
        with self.changed:
            self.bodies.append((path, body))
            self.headers.append(headers)
            if self.trouble:
                self.changed.notify_all()
                return self.trouble
            try:
                self.messages.append((path, decode(MESSAGES[path], body)))
            except Exception as error:  # noqa: BLE001: whatever it is, the test fails with it.
                self.errors.append(f"{path}: {error}: {body[:500]}")
            self.changed.notify_all()
            return 200

    def wait_for(self, condition, timeout=60):
        """What the condition gave, once that is true; looked at each time something comes."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.errors or condition(), timeout), "the collector did not get it"
            assert not self.errors, self.errors
            return condition()

    def _groups(self, path, resources, scopes, items):
        for where, message in self.messages:
            if where == path:
                for resource in getattr(message, resources):
                    about = attributes(resource.resource.attributes)
                    for scope in getattr(resource, scopes):
                        for item in getattr(scope, items):
                            yield about, item

    def spans(self, trace=None):
        spans = [Span(span, about["service.name"])
                 for about, span in self._groups("/v1/traces", "resource_spans", "scope_spans", "spans")]
        return [span for span in spans if trace in (None, span.trace)]

    def metrics(self):
        return [metric for _, metric in self._groups("/v1/metrics", "resource_metrics", "scope_metrics", "metrics")]

    def records(self):
        return [record for _, record in self._groups("/v1/logs", "resource_logs", "scope_logs", "log_records")]

    def close(self):
        self.answers.set()
        self.server.shutdown()
        self.server.server_close()
