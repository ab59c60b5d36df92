"""Debian's Prometheus and exporters over a running installation, with the configuration that is delivered."""
import json
import os
import shutil
import subprocess
import time

import requests
import yaml

from .program import ROOT, free_port
from .tools import tool

DELIVERED = ROOT / "observability/prometheus"


def targets(cluster, exporters):
    """Where each job of the configuration finds its processes here."""
    return {"onefold-server": [url.removeprefix("http://") for url in cluster.urls],
            "onefold-worker": [f"127.0.0.1:{port}" for port in cluster.worker_ports],
            "onefold-project": [f"127.0.0.1:{cluster.other_ports['project']}"],
            "onefold-relay": [f"127.0.0.1:{cluster.other_ports['relay']}"],
            **{name: [f"127.0.0.1:{port}"] for name, port in exporters.items()}}


class Prometheus:
    def __init__(self, directory, cluster, nginx):
        self.directory = directory / "prometheus"
        shutil.copytree(DELIVERED, self.directory)
        self.processes = []
        ports = {"postgres": free_port(), "redis": free_port(), "nginx": free_port()}
        self._configure(targets(cluster, ports))
        socket = cluster.redis_server.socket
        self._monitor_role(cluster)
        self._start("prometheus-postgres-exporter", f"--web.listen-address=127.0.0.1:{ports['postgres']}", environment={
            "DATA_SOURCE_NAME": f"host={cluster.sockets} port=5432 user=onefold_monitor dbname=onefold"})
        self._start("prometheus-redis-exporter", f"--web.listen-address=127.0.0.1:{ports['redis']}",
                    f"--redis.addr=unix://{socket}")
        self._start("prometheus-nginx-exporter", f"-web.listen-address=127.0.0.1:{ports['nginx']}",
                    f"-nginx.scrape-uri=http://127.0.0.1:{nginx.status_port}/nginx_status")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._start("prometheus", f"--config.file={self.directory / 'prometheus.yml'}", f"--web.listen-address=127.0.0.1:{port}",
                    f"--storage.tsdb.path={self.directory / 'data'}")
        self.wait_for(lambda: self.is_ready(), "Prometheus")

    def _monitor_role(self, cluster):
        """As the image of Postgres would make it."""
        environment = dict(os.environ, POSTGRES_USER="onefold", POSTGRES_DB="onefold", ONEFOLD_MONITOR_DB_PASSWORD="it's a secret",
                           PGHOST=str(cluster.sockets), PGPORT="5432")
        subprocess.run([ROOT / "deploy/postgres-monitor.sh"], env=environment, check=True, capture_output=True, timeout=60)

    def _configure(self, places):
        """The delivered file with targets that are here, and asked more often."""
        configuration = yaml.safe_load((DELIVERED / "prometheus.yml").read_text())
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        known = []
        for job in configuration["scrape_configs"]:
            if job["job_name"] in places:
                job.pop("dns_sd_configs", None)
                job["static_configs"] = [{"targets": places[job["job_name"]]}]
                known.append(job)
        configuration["scrape_configs"] = known
        assert {job["job_name"] for job in known} == set(places)
        (self.directory / "prometheus.yml").write_text(yaml.safe_dump(configuration))

    def _start(self, program, *arguments, environment=None):
        log = open(self.directory / f"{program}.log", "wb")
        self.processes.append(subprocess.Popen(
            [tool(program), *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=dict(os.environ, **(environment or {}))))

    def is_ready(self):
        try:
            return requests.get(self.url + "/-/ready", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def wait_for(self, condition, what, timeout=90):
        deadline = time.monotonic() + timeout
        while not (value := condition()):
            assert time.monotonic() < deadline, f"{what}: not within {timeout} s\n{self.logs()}"
            time.sleep(0.1)
        return value

    def logs(self):
        return "\n".join(f"{path.name}: {path.read_text(errors='replace')[-2000:]}" for path in self.directory.glob("*.log"))

    def query(self, expression):
        """The values of an expression now, by their labels as JSON."""
        answer = requests.get(self.url + "/api/v1/query", params={"query": expression}, timeout=30).json()
        assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
        result = answer["data"]["result"]
        if answer["data"]["resultType"] == "scalar":
            return {"": float(result[1])}
        return {json.dumps(series["metric"], sort_keys=True): float(series["value"][1]) for series in result}

    def rules(self):
        return [rule for group in requests.get(self.url + "/api/v1/rules", timeout=30).json()["data"]["groups"]
                for rule in group["rules"]]

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)
