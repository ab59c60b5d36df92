"""What the program tells about itself: traces, metrics and log records, to a collector of OpenTelemetry and on standard output."""
import json
import re
import statistics
import subprocess
import time
import uuid

import pytest
import requests
from support.canary import Canaries
from support.client import Client
from support.cluster import Cluster
from support.collector import Collector
from support.program import BINARY, Onefold, free_port

FAST = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BLRP_SCHEDULE_DELAY": "100", "OTEL_METRIC_EXPORT_INTERVAL": "300"}


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def observed(workspace, collector):
    """An installation that sends all it has to say to the collector."""
    program = Onefold(workspace / "data", environment={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **FAST}).start()
    yield program
    program.kill()


def traceparent(sampled=True):
    trace, span = uuid.uuid4().hex, uuid.uuid4().hex[:16]
    return trace, span, f"00-{trace}-{span}-{'01' if sampled else '00'}"


def below(spans, root):
    """Names of the spans that hang below a span, at any depth."""
    children = {}
    for span in spans:
        children.setdefault(span.parent, []).append(span)
    found, due = [], [root]
    while due:
        for child in children.get(due.pop(), []):
            found.append(child)
            due.append(child.id)
    return found


def count(program, what):
    text = requests.get(program.url + "/metrics", timeout=10).text
    return float(re.search(rf'^onefold_telemetry_{what}_total{{signal="traces"}} (\S+)', text, re.M)[1])


def wait_until(condition, what, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {timeout} s"
        time.sleep(0.05)


def put(user, path, data, **headers):
    answer = user.request("PUT", "/files", params={"path": path}, data=data, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer


def test_one_trace_shows_the_way_of_one_file_through_all_processes(workspace, collector):
    """From the caller's span by way of server, log, relay and worker to the read tables, which are five processes; nothing else is in it."""
    cluster = Cluster(workspace, servers=1, workers=1, environment={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **FAST})
    try:
        user = Client.registered(cluster.urls[0])
        trace, span, header = traceparent()
        put(user, "a.txt", b"the way of one file\n" * 300, traceparent=header)
        expected = {
            "PUT /api/v1/files", "receive body", "publish content", "append file.uploaded", "append account.quotaCharged",
            "relay job", "job analyze", "settle content", "sketch content", "append job.succeeded", "fold files", "fold quota",
            "fold jobs", "fold duplicates", "fold savings"}

        def whole():
            """All spans, once everything hangs together below the span that the caller named."""
            spans = collector.spans(trace)
            if expected <= {s.name for s in spans} and {s.id for s in below(spans, span)} == {s.id for s in spans}:
                return spans
            return None

        spans = collector.wait_for(whole)
        # A copy ends in a match, which is a job's result like another.
        second, _, header = traceparent()
        put(user, "b.txt", b"the way of one file\n" * 300, traceparent=header)
        collector.wait_for(lambda: "append duplicates.exactMatched" in {span.name for span in collector.spans(second)})
    finally:
        cluster.stop()
    assert {span.service for span in spans} == {"onefold-serve", "onefold-work", "onefold-project", "onefold-relay"}
    by_name = {span.name: span for span in spans}
    assert by_name["PUT /api/v1/files"].parent == span
    assert by_name["append file.uploaded"].parent == by_name["PUT /api/v1/files"].id
    upload = by_name["append file.uploaded"].id
    # What the job led to has more of some of them.
    assert {"relay job", "job analyze", "fold files", "fold jobs"} <= {span.name for span in spans if span.parent == upload}
    assert by_name["append job.succeeded"].parent == by_name["job analyze"].id
    assert by_name["settle content"].parent == by_name["job analyze"].id
    assert all(span.start <= span.end for span in spans)
    assert by_name["job analyze"].attributes["onefold.job.attempt"] == 1
    assert by_name["PUT /api/v1/files"].attributes["http.response.status_code"] == 201


def test_a_trace_that_begins_here_is_named_like_the_request_and_its_events(observed, collector):
    user = Client.registered(observed.url)
    answer = put(user, "a.txt", b"a trace of its own")
    request = answer.headers["X-Request-Id"]
    trace = request.replace("-", "")
    collector.wait_for(lambda: any(span.name == "job analyze" for span in collector.spans(trace)))
    root, = [span for span in collector.spans(trace) if not span.parent]
    assert root.name == "PUT /api/v1/files" and root.attributes["onefold.request.id"] == request
    rows = observed.sql("SELECT DISTINCT type FROM log.event WHERE correlation_id = %s", [request])
    assert {"file.uploaded", "account.quotaCharged", "job.succeeded"} <= {row[0] for row in rows}
    # A proxy's request id, of 32 digits, is a trace's name too.
    given = uuid.uuid4().hex
    assert put(user, "b.txt", b"named by a proxy", **{"X-Request-Id": given}).headers["X-Request-Id"] == given
    collector.wait_for(lambda: any(span.name == "PUT /api/v1/files" for span in collector.spans(given)))


@pytest.mark.parametrize("header", ["", "00", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "00-" + "1" * 32 + "-" + "0" * 16 + "-01",
                                    "ff-" + "1" * 32 + "-" + "1" * 16 + "-01", "00-" + "A" * 32 + "-" + "1" * 16 + "-01",
                                    "00-" + "1" * 32 + "-" + "1" * 16 + "-01-more", "00-" + "1" * 31 + "-" + "1" * 16 + "-01", "é"])
def test_a_header_that_is_no_trace_begins_a_new_one(onefold, header):
    answer = requests.get(onefold.url + "/api/v1/openapi.yaml", headers={"traceparent": header.encode()}, timeout=10)
    assert answer.status_code == 200
    assert uuid.UUID(answer.headers["X-Request-Id"]).hex != "1" * 32


def test_a_trace_that_the_caller_does_not_record_is_not_recorded_by_the_server(observed, collector):
    user = Client.registered(observed.url)
    trace, _, header = traceparent(sampled=False)
    user.request("GET", "/files", headers={"traceparent": header})
    seen, _, header = traceparent()
    user.request("GET", "/files", headers={"traceparent": header})
    collector.wait_for(lambda: collector.spans(seen))
    assert not collector.spans(trace)


def test_metrics_reach_the_collector_with_the_values_that_prometheus_sees(observed, collector):
    user = Client.registered(observed.url)
    put(user, "a.txt", b"something to count")
    user.wait_until_settled()

    def value(name):
        points = [point for metric in collector.metrics() if metric.name == name for point in metric.sum.data_points]
        return points[-1].as_double if points else None

    collector.wait_for(lambda: value("files_processed_total") == 1)
    names = {metric.name for metric in collector.metrics()}
    shown = set(re.findall(r"^# TYPE (\S+)", requests.get(observed.url + "/metrics", timeout=10).text, re.M))
    assert shown <= names, shown - names
    histogram = [metric for metric in collector.metrics() if metric.name == "http_request_duration_seconds"][-1].histogram
    assert histogram.aggregation_temporality == 2
    for point in histogram.data_points:
        assert point.count == sum(point.bucket_counts) and len(point.bucket_counts) == len(point.explicit_bounds) + 1


def test_log_records_and_lines_name_trace_request_and_user(observed, collector):
    user = Client.registered(observed.url)
    trace, _, header = traceparent()
    put(user, "a.txt", b"a line about this", traceparent=header)
    record = collector.wait_for(lambda: next((r for r in collector.records() if r.trace_id.hex() == trace), None))
    assert record.body.string_value == "request" and record.severity_text == "INFO"
    line, = [line for line in map(json.loads, filter(lambda text: text.startswith("{"), observed.log().splitlines()))
             if line.get("traceId") == trace and line["message"] == "request"]
    assert line["requestId"] == str(uuid.UUID(trace)) and line["userId"] == user.account["id"] and line["spanId"]
    assert line["metadata"]["path"] == "/api/v1/files"


def test_nothing_that_is_sent_holds_a_secret_or_a_name_and_no_line_is_forged(observed, collector, promise):
    """Check 59: canaries in every place where a person can put one, and line breaks in what is logged."""
    canaries = Canaries(password="canary-password-7261", path="canary-path-9912.txt", email="canary-mail-5512", token="canary-token-1717")
    user = Client.registered(observed.url, email="canary-mail-5512@example.org", password="canary-password-7261")
    put(user, "canary-path-9912.txt", b"a file with a name")
    user.request("GET", "/files/canary-path-9912.txt")
    user.request("GET", "/files", params={"prefix": "canary-path-9912.txt"})
    user.request("POST", "/auth/login", json={"email": "canary-mail-5512@example.org", "password": "canary-token-1717"})
    requests.get(observed.url + "/api/v1/files", headers={"Authorization": "Bearer canary-token-1717"}, timeout=10)
    requests.get(observed.url + "/api/v1/%0d%0a{\"level\":\"forged\"}", timeout=10)
    requests.get(observed.url + "/api/v1/files", headers={"X-Request-Id": "x\"}{\"level\":\"forged\"}"}, timeout=10)
    trace, _, header = traceparent()
    user.request("GET", "/me", headers={"traceparent": header})
    collector.wait_for(lambda: collector.spans(trace))
    assert canaries.found(user.token.encode()) == set()
    sent = Canaries(**canaries.texts, access=user.token)
    for path, body in collector.bodies:
        assert not sent.found(body), path
    assert not sent.found(observed.log())
    for line in observed.log().splitlines():
        if line.startswith("{"):
            assert json.loads(line).get("level") != "forged"
    assert not [line for line in observed.log().splitlines() if line.lstrip().startswith('{"level":"forged')]
    promise.held(59, len(canaries.texts) + 1, "-", f"bodies {len(collector.bodies)}, lines {len(observed.log().splitlines())}", "hits 0, forged lines 0")


@pytest.mark.parametrize("trouble", ["dead", "mute"])
def test_a_collector_in_trouble_costs_no_request_anything(workspace, promise, trouble):
    """Check 60: what does not fit into the queue is dropped and counted, and uploads take no longer. A mute one takes all and never answers."""
    collector = Collector()
    if trouble == "mute":
        collector.answers.clear()
    port = free_port() if trouble == "dead" else collector.server.server_address[1]
    program = Onefold(workspace / "data", environment={
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "OTEL_BSP_MAX_QUEUE_SIZE": "64",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "32", "OTEL_EXPORTER_OTLP_TIMEOUT": "2000", **FAST}).start()
    plain = Onefold(workspace / "plain").start()
    try:
        clients = {"in trouble": Client.registered(program.url), "none": Client.registered(plain.url)}
        times = {name: [] for name in clients}
        for round_ in range(60):
            for name, client in clients.items():
                start = time.monotonic()
                put(client, f"{round_}.txt", b"%d of a collector in trouble" % round_)
                times[name].append(time.monotonic() - start)
        ratio = statistics.median(times["in trouble"]) / statistics.median(times["none"])
        dropped = count(program, "dropped")
        assert dropped > 100
        wait_until(lambda: count(program, "failures") >= 1, "a failure that is counted")
        # One line a signal when it begins, however long it lasts.
        assert program.log().count("does not take telemetry") <= 3
        assert ratio < 3, times
        # It is there at last, and takes what is new.
        if trouble == "dead":
            collector.close()
            collector = Collector(port)
        collector.answers.set()
        collector.wait_for(lambda: collector.spans(), timeout=90)
        # In trouble again, it keeps nobody from stopping.
        collector.answers.clear()
        put(clients["in trouble"], "last.txt", b"what is left to be told")
        start = time.monotonic()
        assert program.stop() == 0 and time.monotonic() - start < 20
    finally:
        program.kill()
        plain.kill()
        collector.close()
    promise.held(60, 60, "-", f"median upload with a {trouble} collector / without: {ratio:.2f}", f"spans dropped: {dropped:.0f}")


def test_what_a_collector_cannot_take_now_is_sent_again_and_what_it_refuses_is_dropped(observed, collector):
    user = Client.registered(observed.url)

    def ask(trouble):
        """A request in a trace of its own, and its span at the collector while that answers with this status."""
        collector.trouble = trouble
        trace, _, header = traceparent()
        user.request("GET", "/files", headers={"traceparent": header})
        # Its log record, which names it too, may come first.
        collector.wait_for(lambda: any(trace.encode() in body for path, body in collector.bodies if path == "/v1/traces"))
        collector.trouble = None
        return trace

    busy = ask(503)
    collector.wait_for(lambda: collector.spans(busy))
    dropped = count(observed, "dropped")
    refused = ask(400)
    wait_until(lambda: count(observed, "dropped") > dropped, "the refused spans are counted")
    taken = ask(None)
    collector.wait_for(lambda: collector.spans(taken))
    assert not collector.spans(refused)


def test_what_is_left_is_sent_at_the_end(workspace, collector):
    program = Onefold(workspace / "data", environment={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                                                       "OTEL_BSP_SCHEDULE_DELAY": "600000"}).start()
    try:
        trace, _, header = traceparent()
        Client.registered(program.url).request("GET", "/files", headers={"traceparent": header})
        assert program.stop() == 0
    finally:
        program.kill()
    assert collector.wait_for(lambda: collector.spans(trace), timeout=5)


@pytest.mark.parametrize("name, value, says", [
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http://"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "4318"),
    ("OTEL_TRACES_SAMPLER", "jaeger_remote", "traceidratio"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "whole number"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "secret-without-a-name", "name=value"),
    ("OTEL_LOGS_EXPORTER", "console", "none"),
])
def test_a_variable_that_cannot_be_used_is_named_at_the_start(workspace, name, value, says):
    environment = {"PATH": "/usr/bin:/bin", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", name: value}
    result = subprocess.run([BINARY, "up", "--data-dir", workspace / "data"], env=environment, capture_output=True, text=True,
                            timeout=60)
    assert result.returncode != 0 and says in result.stderr, result.stderr
    assert "secret-without-a-name" not in result.stderr
