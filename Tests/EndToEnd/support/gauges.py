"""What grows where it should not: memory, descriptors and threads of each role, and how far read tables are behind."""
import os
import statistics
import threading
import time
from pathlib import Path


class Gauges:
    """Samples a cluster every `period` seconds, from its own thread, until it is stopped."""

    def __init__(self, cluster, period=1):
        self.cluster, self.period = cluster, period
        self.samples = []  # (seconds since the start, {(role, gauge): value})
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopping.set()
        self.thread.join(30)

    def series(self):
        """The samples by role and gauge, without those of roles that came or went."""
        keys = set.intersection(*(set(values) for _, values in self.samples))
        return {key: [(at, values[key]) for at, values in self.samples] for key in sorted(keys)}

    def _run(self):
        started = time.monotonic()
        with self.cluster.connect() as connection:
            while not self.stopping.wait(self.period):
                values = {("log", "lag"): connection.execute(
                    "SELECT (SELECT position FROM log.head) - (SELECT min(position) FROM projection.checkpoint)").fetchone()[0]}
                for role in self.cluster.roles:
                    values |= {(role.name, gauge): value for gauge, value in self._of(role.process.pid).items()}
                self.samples.append((time.monotonic() - started, values))

    @staticmethod
    def _of(pid):
        try:
            status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            return {"MiB": int(status["VmRSS"].split()[0]) / 1024, "threads": int(status["Threads"]),
                    "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}
        except (OSError, KeyError):
            return {}


def drift(series):
    """The median of the middle third, and that of the last: what warming up takes is in the first."""
    third = len(series) // 3
    return tuple(statistics.median(value for _, value in part) for part in (series[third:2 * third], series[2 * third:]))


def slope(series):
    """Growth an hour, by least squares over the last two thirds."""
    tail = series[len(series) // 3:]
    mean_at, mean = (statistics.fmean(column) for column in zip(*tail))
    spread = sum((at - mean_at) ** 2 for at, _ in tail)
    return 3600 * sum((at - mean_at) * (value - mean) for at, value in tail) / spread if spread else 0
