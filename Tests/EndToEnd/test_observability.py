"""What watches an installation: Debian's Prometheus and exporters over two servers, a worker and the other roles, behind nginx."""
import json
import random
import re
import signal
import subprocess
import sys

import pytest
import yaml
from support.client import Client
from support.cluster import Cluster
from support.collector import Collector
from support.nginx import Nginx
from support.program import ROOT
from support.prometheus import Prometheus

DASHBOARDS = sorted((ROOT / "observability/grafana/dashboards").glob("*.json"))


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    directory = tmp_path_factory.mktemp("watched")
    for parent in [directory, *directory.parents][:3]:
        parent.chmod(0o755)
    collector = Collector()
    cluster = Cluster(directory, servers=2, workers=1, environment={
        "ONEFOLD_TRUST_FORWARDED_FOR": "yes", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    nginx, prometheus = Nginx(directory, cluster.urls), None
    try:
        nginx.start()
        prometheus = Prometheus(directory, cluster, nginx)
        cluster.nginx, cluster.prometheus = nginx, prometheus
        use(cluster)
        yield cluster
    finally:
        if prometheus:
            prometheus.stop()
        nginx.stop()
        cluster.stop()
        collector.close()


def use(cluster):
    """Something of everything that a panel may show: uploads, copies, pictures and texts that are alike, a paused class, a failed job."""
    user = Client.registered(cluster.nginx.url)
    rng = random.Random(5)
    for number in range(60):
        user.upload(f"{number}.bin", rng.randbytes(2000) if number % 3 else b"the same bytes again " * 100)
    words = [rng.choice(["every", "byte", "once", "is", "kept", "and", "found", "again", "by", "its", "digest"]) for _ in range(900)]
    user.upload("a.txt", " ".join(words).encode())
    user.upload("b.txt", " ".join(words[:-30]).encode())
    user.wait_until_settled()
    user.request("GET", f"/files/{user.get('/files')['items'][0]['id']}/content")
    admin = cluster.admin()
    assert admin.request("POST", "/admin/queues/class/bulk/pause", json={}).status_code < 500
    cluster.wait_until_folded()


def queries(dashboard, kind):
    """(title, expression) of each query of this kind of source."""
    for panel in json.loads(dashboard.read_text())["panels"]:
        for target in panel["targets"]:
            if target["datasource"]["type"] == kind:
                yield panel["title"], target["expr"]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_query_of_every_dashboard_returns_data(watched, dashboard):
    asked = list(queries(dashboard, "prometheus"))
    assert len(asked) >= 9

    def empty():
        return [f"{title}: {expression}" for title, expression in asked if not watched.prometheus.query(expression)]

    # Rates need two samples, and some gauges are looked at every ten seconds.
    try:
        watched.prometheus.wait_for(lambda: not empty(), "data", timeout=40)
    except AssertionError:
        assert not empty()


def test_every_process_and_exporter_is_scraped(watched):
    watched.prometheus.wait_for(lambda: len(watched.prometheus.query("up == 1")) == 8, "eight targets")
    assert not watched.prometheus.query("up == 0")
    for metric in ("pg_up", "redis_up", "nginx_up"):
        assert list(watched.prometheus.query(metric).values()) == [1], metric


def test_every_rule_is_evaluated_and_a_system_that_is_well_wakes_nobody(watched):
    rules = watched.prometheus.wait_for(
        lambda: (rules := watched.prometheus.rules()) and all(rule["health"] == "ok" for rule in rules) and rules, "all rules")
    assert len(rules) >= 20
    assert [rule["name"] for rule in rules if rule.get("state") == "firing"] == []


def test_every_alert_has_a_paragraph_that_says_what_to_do(watched):
    runbook = (ROOT / "observability/README.md").read_text()
    for rule in watched.prometheus.rules():
        assert rule["annotations"]["action"] and rule["labels"]["severity"] in ("page", "warn"), rule["name"]
        assert f"### {rule['name']}\n" in runbook, f"{rule['name']} has no paragraph"
        assert rule["annotations"]["runbook"] == f"observability/README.md#{rule['name'].lower()}", rule["name"]


def test_a_role_that_is_gone_is_noticed(watched):
    role, = watched.role("relay")
    role.wanted = False
    role.signal(signal.SIGKILL)
    try:
        watched.prometheus.wait_for(
            lambda: any(rule["name"] == "OnefoldRoleDown" and rule["state"] in ("pending", "firing")
                        for rule in watched.prometheus.rules()), "the alert")
        assert watched.prometheus.query('count(up{job=~"onefold-.*"} == 0) or vector(0)') == {"{}": 1}
    finally:
        role.wanted = True


def test_dashboards_are_what_their_source_says_and_grafana_finds_their_places():
    result = subprocess.run([sys.executable, ROOT / "observability/grafana/make-dashboards", "--check"],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    titles = {json.loads(path.read_text())["title"] for path in DASHBOARDS}
    assert "File Deduplication Service Dashboard" in titles and len(titles) == len(DASHBOARDS) == 5
    sources = yaml.safe_load((ROOT / "observability/grafana/provisioning/datasources/onefold.yml").read_text())["datasources"]
    assert {(source["uid"], source["url"]) for source in sources} == {("prometheus", "http://prometheus:9090"), ("loki", "http://loki:3100")}


def test_log_queries_use_labels_that_promtail_gives_and_members_that_lines_have():
    """No Loki can be had here: its queries are held against what fills it."""
    promtail = yaml.safe_load((ROOT / "observability/promtail/promtail.yml").read_text())["scrape_configs"][0]
    labels = {relabel["target_label"] for relabel in promtail["relabel_configs"]}
    stages = promtail["pipeline_stages"][0]["match"]["stages"]
    labels |= set(next(stage["labels"] for stage in stages if "labels" in stage))
    services = set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])
    asked = [expression for path in DASHBOARDS for _, expression in queries(path, "loki")]
    assert len(asked) >= 3
    for expression in asked:
        selector, _, pipeline = expression.partition("}")
        for name, value in re.findall(r'(\w+)=~?"([^"]*)"', selector):
            assert name in labels, expression
            assert name != "service" or set(value.split("|")) <= services, expression
        # After `json` each member of a line is a label.
        members = {"message", "status"} if "| json" in pipeline else set()
        for name in re.findall(r'\| (\w+) ?(?:=~|>=|=)', pipeline):
            assert name in labels | members, expression
    members = {"traceId", "requestId", "userId", "eventId", "time", "level", "logger"}
    assert set(next(stage["json"]["expressions"] for stage in stages if "json" in stage)) == members
