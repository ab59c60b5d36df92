"""Files that other programs read: checked by those programs, as far as they run without an engine or a cluster."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from support.program import BINARY

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv/bin"


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, cwd=ROOT, **options)


def promtool():
    for place in (shutil.which("promtool"), ROOT / ".build/tools/usr/bin/promtool"):
        if place and Path(place).exists():
            return str(place)
    pytest.skip("promtool is not there: scripts/setup tests fetches it where apt can")


def test_compose_file_is_valid():
    secrets = {name: "x" * 40 for name in
               ("POSTGRES_PASSWORD", "ONEFOLD_APP_DB_PASSWORD", "ONEFOLD_TOKEN_SECRET", "ONEFOLD_KEY_SECRET",
                "GRAFANA_PASSWORD")}
    result = run(BIN / "docker-compose", "-f", "docker-compose.yml", "config", "--format", "json",
                 env=dict(os.environ, **secrets))
    assert result.returncode == 0, result.stderr
    services = json.loads(result.stdout)["services"]
    assert {"postgres", "redis", "migrate", "server", "worker", "project", "relay", "prometheus", "grafana"} <= set(services)


def test_compose_file_refuses_to_start_without_secrets():
    environment = {name: value for name, value in os.environ.items() if "PASSWORD" not in name and "SECRET" not in name}
    result = run(BIN / "docker-compose", "--env-file", "/dev/null", "-f", "docker-compose.yml", "config", env=environment)
    # Not by its exit status: this build of Compose ends with 0 whatever it says.
    assert "set it in .env" in result.stderr and not result.stdout.strip()


def test_every_compose_command_is_a_subcommand():
    commands = re.findall(r"command: (migrate|serve|work|project|relay|seal .*)$", (ROOT / "docker-compose.yml").read_text(), re.M)
    assert {"migrate", "serve", "work", "project", "relay", "seal"} == {command.split()[0] for command in commands}
    for command in commands:
        assert run(BINARY, *command.split(), "--help").returncode == 0


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
    scripts = ["scripts/setup", ".ci/run", "dashboard/build", "Benchmarks/run"]
    shell = [script for script in scripts if "bash" in (ROOT / script).read_text().splitlines()[0]]
    result = run(BIN / "shellcheck", *shell)
    assert result.returncode == 0, result.stdout


def test_yaml_files_are_sound():
    files = ["docker-compose.yml", *ROOT.glob("observability/**/*.yml"), "docs/openapi.yaml"]
    result = run(BIN / "yamllint", "-d", "{extends: default, rules: {line-length: disable, document-start: disable, "
                 "braces: {max-spaces-inside: 1}, truthy: disable, comments-indentation: disable}}", *files)
    assert result.returncode == 0, result.stdout


def test_prometheus_configuration_and_rules_are_valid():
    tool = promtool()
    assert run(tool, "check", "config", "observability/prometheus/prometheus.yml").returncode == 0
    result = run(tool, "test", "rules", "observability/prometheus/rules.test.yml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_grafana_dashboard_and_rules_ask_only_for_metrics_that_exist(onefold):
    """Every metric that a panel or a rule names is in the catalogue that the documentation prints."""
    known = set(re.findall(r"^\| `([a-z_]+)`", (ROOT / "docs/operations.md").read_text(), re.M)) | {"up"}
    asked = set()
    for panel in json.loads((ROOT / "observability/grafana/dashboards/onefold.json").read_text())["panels"]:
        for target in panel["targets"]:
            asked |= set(re.findall(r"[a-z]+(?:_[a-z]+)+", re.sub(r"by \([^)]*\)", "", target["expr"])))
    for rule in re.findall(r"expr: (?:>-\n)?\s*(.*)", (ROOT / "observability/prometheus/rules.yml").read_text()):
        asked |= set(re.findall(r"(?:onefold|http|process)_[a-z_]+", rule))
    asked -= {"histogram_quantile"}
    assert not {name for name in asked if name.removesuffix("_bucket") not in known}


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
