"""Files that other programs read: checked by those programs, as far as they run without an engine or a cluster."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
import yaml
from support.program import BINARY
from support.tools import tool

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv/bin"


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, cwd=ROOT, **options)


def promtool():
    return tool("promtool")


@pytest.fixture(scope="module")
def compose():
    """The compose file as Compose itself understands it."""
    example = (ROOT / ".env.example").read_text()
    secrets = {name: "x" * 40 for name in re.findall(r"^(\w+)=$", example, re.M)}
    result = run(BIN / "docker-compose", "--profile", "*", "-f", "docker-compose.yml", "config", "--format", "json",
                 env={**os.environ, **secrets, "OPENSEARCH_URL": "http://opensearch:9200", "ONEFOLD_S3_ENDPOINT": "http://s3:9000"})
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["services"]


ROLES = {"server": "serve", "worker": "work", "project": "project", "relay": "relay", "migrate": "migrate", "seal-key": "seal"}


def test_compose_file_is_valid_and_has_all_that_belongs_to_an_installation(compose):
    assert set(compose) == {*ROLES, "nginx", "postgres", "redis", "opensearch", "s3", "s3-bucket", "otel-collector", "prometheus",
                            "grafana", "loki", "promtail", "postgres-exporter", "redis-exporter", "nginx-exporter"}


def test_compose_file_refuses_to_start_without_secrets():
    environment = {name: value for name, value in os.environ.items() if "PASSWORD" not in name and "SECRET" not in name}
    result = run(BIN / "docker-compose", "--env-file", "/dev/null", "-f", "docker-compose.yml", "config", env=environment)
    # Not by its exit status: this build of Compose ends with 0 whatever it says.
    assert "set it in .env" in result.stderr and not result.stdout.strip()


def test_every_variable_of_the_compose_file_stands_in_the_example():
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert asked == set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.M))


def test_every_compose_command_is_a_subcommand(compose):
    for service, subcommand in ROLES.items():
        command = compose[service]["command"]
        assert command[0] == subcommand
        assert run(BINARY, *command, "--help").returncode == 0, command


def test_every_variable_that_a_container_gets_is_one_that_the_program_knows(compose):
    known = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", run(BINARY, "settings").stdout))
    telemetry = run(BINARY, "settings", "--telemetry").stdout
    for pattern in re.findall(r"^\| `([A-Z_{},]+)`", telemetry, re.M):
        head, braces, tail = re.match(r"([A-Z_]*)(?:\{([A-Z,]+)\})?([A-Z_]*)", pattern).groups()
        known |= {head + part + tail for part in (braces or "").split(",")}
    known.add("ONEFOLD_APP_DB_PASSWORD")  # of `migrate` alone: onefold migrate --help
    for service in ROLES:
        assert not set(compose[service].get("environment") or {}) - known, service


def test_every_mounted_file_is_there(compose):
    for name, service in compose.items():
        for volume in service.get("volumes") or []:
            if volume["type"] == "bind" and not volume["source"].endswith("docker.sock"):
                assert Path(volume["source"]).exists(), f"{name}: {volume['source']}"


def test_every_image_is_pinned_and_every_container_has_limits(compose):
    for name, service in compose.items():
        image, _, tag = service["image"].rpartition(":")
        assert image and re.search(r"\d+\.\d+|RELEASE\.\d{4}-\d\d-\d\d", tag), f"{name}: {service['image']}"
        if service.get("restart") != "no":
            assert service["deploy"]["resources"]["limits"]["memory"], name
            assert service["logging"]["options"]["max-size"], name


def test_onefolds_containers_may_write_nothing_but_their_volumes(compose):
    for name in ROLES:
        service = compose[name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    # The key and its public half stay where only those are who need them.
    assert {name for name in compose if any("seals" in str(v) for v in compose[name].get("volumes") or [])} == {"seal-key", "project"}
    assert {name for name in compose if "ONEFOLD_TOKEN_SECRET" in (compose[name].get("environment") or {})} == {"server"}
    assert {name for name in compose if "DATABASE_OWNER_URL" in (compose[name].get("environment") or {})} == {"migrate"}


# What an image has to ask itself with. The images of Loki, Promtail, the collector and the exporters have no shell and no such program.
HEALTH_COMMANDS = {"postgres": {"pg_isready"}, "redis": {"redis-cli"}, "nginx": {"curl"}, "onefold": {"curl"}, "prometheus": {"wget"},
                   "grafana": {"wget"}, "opensearch": {"curl"}, "minio": {"mc"}}


def test_every_health_check_is_a_command_that_its_image_has(compose):
    for name, service in compose.items():
        check = service.get("healthcheck")
        if not check or check.get("disable"):
            continue
        program = check["test"][1].split()[0]
        image = service["image"].rpartition(":")[0].rpartition("/")[2]
        assert program in HEALTH_COMMANDS[image], f"{name}: {program}"
    final = (ROOT / "Dockerfile").read_text().split("\nFROM ")[-1]
    assert " curl " in final


# The port at which each service answers, by its image or by its configuration.
PORTS = {"postgres": {5432}, "redis": {6379}, "opensearch": {9200}, "s3": {9000}, "server": {8080}, "worker": {9464}, "project": {9464}, "relay": {9464},
         "nginx": {8080, 8081}, "prometheus": {9090}, "grafana": {3000}, "loki": {3100}, "promtail": {9080},
         "otel-collector": {4318, 8888, 13133}, "postgres-exporter": {9187}, "redis-exporter": {9121}, "nginx-exporter": {9113}}


def test_every_port_that_a_file_names_is_the_one_where_that_service_answers(compose):
    files = [ROOT / "docker-compose.yml", *(ROOT / "deploy").glob("*.conf"), *ROOT.glob("observability/**/*.yml")]
    named = [(path.name, service, int(port)) for path in files if not path.name.endswith(".test.yml")
             for service, port in re.findall(r"\b([a-z][a-z-]+):(\d{4,5})\b", path.read_text()) if service in PORTS]
    assert len(named) > 12
    for file, service, port in named:
        assert port in PORTS[service], f"{file}: {service}:{port}"
    prometheus = yaml.safe_load((ROOT / "observability/prometheus/prometheus.yml").read_text())
    for job in prometheus["scrape_configs"]:
        for discovery in job.get("dns_sd_configs", []):
            assert discovery["names"][0] in compose and discovery["port"] in PORTS[discovery["names"][0]], job["job_name"]
    # What the delivered configurations themselves say.
    assert compose["worker"]["environment"]["ONEFOLD_METRICS_PORT"] == "9464"
    assert "listen 8080" in (ROOT / "deploy/listen.conf").read_text() and "listen 8081" in (ROOT / "deploy/listen-status.conf").read_text()
    assert "http_listen_port: 3100" in (ROOT / "observability/loki/loki.yml").read_text()
    collector = (ROOT / "observability/opentelemetry/collector.yml").read_text()
    assert "0.0.0.0:4318" in collector and "port: 8888" in collector
    published = {(name, port["published"], port["target"], port.get("host_ip", "")) for name, service in compose.items()
                 for port in service.get("ports") or []}
    assert published == {("nginx", "8080", 8080, ""), ("prometheus", "9090", 9090, "127.0.0.1"), ("grafana", "3001", 3000, "127.0.0.1")}


def test_the_role_of_the_exporter_sees_statistics_and_no_table(own_onefold):
    environment = dict(os.environ, POSTGRES_USER="onefold", POSTGRES_DB="onefold", ONEFOLD_MONITOR_DB_PASSWORD="it's \"quoted\"",
                       PGHOST=str(own_onefold.sockets), PGPORT="5432")
    result = run("deploy/postgres-monitor.sh", env=environment)
    assert result.returncode == 0, result.stderr
    assert own_onefold.sql("SELECT pg_has_role('onefold_monitor', 'pg_monitor', 'member')") == [(True,)]
    assert own_onefold.sql("SELECT has_schema_privilege('onefold_monitor', 'log', 'USAGE')") == [(False,)]


def test_a_seal_key_is_made_once(tmp_path):
    key = tmp_path / "seal-key"
    first = run(BINARY, "seal", "new-key", "--keep", key)
    assert first.returncode == 0 and key.stat().st_mode & 0o777 == 0o600
    assert run(BINARY, "seal", "new-key", "--keep", key).stdout == first.stdout
    assert run(BINARY, "seal", "new-key", key).returncode != 0


def test_the_image_is_built_from_all_that_the_package_names(tmp_path):
    """No engine runs here: the build stage's copies are made by hand, and the package is asked whether it lacks anything."""
    build = (ROOT / "Dockerfile").read_text().split("\nFROM ")[1]
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", build, re.M):
        place = tmp_path / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, symlinks=True, ignore=shutil.ignore_patterns("node_modules", "dist"))
        else:
            shutil.copy(ROOT / source, place)
    result = subprocess.run(["swift", "package", "--disable-automatic-resolution", "describe"],
                            cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr


def test_dockerfile_follows_good_practice():
    result = run(BIN / "hadolint", "--failure-threshold", "warning", "Dockerfile")
    assert result.returncode == 0, result.stdout


def test_shell_scripts_are_sound():
    scripts = ["scripts/setup", ".ci/run", "dashboard/build", "Benchmarks/run", "deploy/postgres-monitor.sh"]
    shell = [script for script in scripts if "sh" in (ROOT / script).read_text().splitlines()[0]]
    result = run(BIN / "shellcheck", *shell)
    assert result.returncode == 0, result.stdout


def test_yaml_files_are_sound():
    files = ["docker-compose.yml", *ROOT.glob("observability/**/*.yml"), "docs/openapi.yaml"]
    result = run(BIN / "yamllint", "-d", "{extends: default, rules: {line-length: disable, document-start: disable, "
                 "braces: {max-spaces-inside: 1}, truthy: disable, comments-indentation: disable}}", *files)
    assert result.returncode == 0, result.stdout


RULE_TESTS = [f"observability/prometheus/rules{part}.test.yml" for part in ("", ".days")]


def test_prometheus_configuration_and_rules_are_valid():
    tool = promtool()
    assert run(tool, "check", "config", "observability/prometheus/prometheus.yml").returncode == 0
    result = run(tool, "test", "rules", *RULE_TESTS)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_test_in_which_it_fires():
    rules = yaml.safe_load((ROOT / "observability/prometheus/rules.yml").read_text())["groups"][0]["rules"]
    tests = [test for path in RULE_TESTS for test in yaml.safe_load((ROOT / path).read_text())["tests"]]
    cases = [(case["alertname"], bool(case.get("exp_alerts"))) for test in tests for case in test["alert_rule_test"]]
    for rule in rules:
        assert (rule["alert"], True) in cases, f"{rule['alert']} never fires in a test"
    assert {name for name, _ in cases} == {rule["alert"] for rule in rules}


def test_metrics_are_valid_and_complete(onefold, user):
    user.upload("a.txt", b"something to count")
    user.upload("b.txt", b"something to count")
    user.wait_until_settled()
    text = requests.get(onefold.url + "/metrics", timeout=10).text
    result = run(promtool(), "check", "metrics", input=text)
    assert result.returncode == 0, result.stdout + result.stderr
    for name in ("http_requests_total", "http_request_duration_seconds", "files_processed_total", "duplicates_found_total",
                 "deduplication_duration_seconds", "active_deduplication_jobs", "storage_bytes_saved_total",
                 "onefold_pool_connections", "onefold_projection_lag_events", "process_resident_memory_bytes"):
        assert f"# TYPE {name} " in text, name


def test_openapi_document_is_valid():
    result = run(BIN / "openapi-spec-validator", "docs/openapi.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_served_openapi_document_is_the_one_in_docs(onefold):
    served = requests.get(onefold.url + "/api/v1/openapi.yaml", timeout=10)
    assert served.status_code == 200
    assert served.text == (ROOT / "docs/openapi.yaml").read_text()
