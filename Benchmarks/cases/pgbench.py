"""pgbench with one script, at the database of a URL."""
import itertools
import os
import re
import statistics
import subprocess

from .cluster import connection


class Pgbench:
    """A script counts `n` up from 0; `run` is another number in each run, so that no identifier comes twice."""

    runs = itertools.count(1)

    def __init__(self, url, directory, name, script, seconds, search_path="public"):
        self.flags, self.database = connection(url)
        self.script = directory / f"{name}.sql"
        self.script.write_text(script)
        self.seconds = seconds
        self.environment = {**os.environ, "PGOPTIONS": f"-c search_path={search_path}"}

    def rate(self, clients):
        """Transactions a second."""
        return float(re.search(r"^tps = ([\d.]+)", self.run(clients), re.MULTILINE).group(1))

    def latency(self):
        """The median in microseconds: the third column of what pgbench logs of each transaction."""
        prefix = self.script.with_suffix("")
        self.run(1, "-l", f"--log-prefix={prefix}")
        times = []
        for log in prefix.parent.glob(f"{prefix.name}.*[0-9]"):
            times += [int(line.split()[2]) for line in log.read_text().splitlines()]
            log.unlink()
        return statistics.median(times)

    def run(self, clients, *more):
        out = subprocess.run(
            ["pgbench", *self.flags, "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)),
             "-T", str(self.seconds), "-D", f"run={next(self.runs)}", "-D", "n=0", "-f", self.script, *more, self.database],
            env=self.environment, capture_output=True, text=True, timeout=120)
        if out.returncode != 0 or "aborted" in out.stderr:
            raise RuntimeError(f"pgbench: {out.stderr[-2000:]}")
        return out.stdout
