"""Rebuilding all read tables at the same time, and how far they lag while the log grows.

`replay.all` is set beside COPY TO of the same log in the same run: what it takes merely to write the events out. It counts everything
from empty tables to switched in, with indexes and digests. EVENTS says how many events. `flatness` sets long logs beside short ones.
"""
import os
import subprocess
import time

from .append import postgres
from .harness import bench, figure, interleaved, workspace

EVENTS = int(os.environ.get("EVENTS", 300_000))
LAG_LIMIT_MS = 50


def measure():
    with workspace() as directory, postgres(directory / "log") as url:
        bench("history", "--url", url, "--events", EVENTS)
        rate, limit = interleaved(lambda: bench("replay", "--url", url), lambda: copy_out(url))
    yield figure("replay.all", rate, "events/s", limit, f"binary COPY TO of the same {EVENTS:,} events")
    with workspace() as directory, postgres(directory / "lag") as url:
        [lag] = interleaved(lambda: bench("lag", "--url", url))
    yield figure("projection.lag", 1000 / lag, "1/s", 1000 / LAG_LIMIT_MS,
                 f"a lag of {LAG_LIMIT_MS} ms at 5,000 events/s; p99 was {lag:.1f} ms")


def copy_out(url):
    start = time.monotonic()
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", "COPY log.event TO STDOUT (FORMAT binary)", url],
                   check=True, timeout=600, stdout=subprocess.DEVNULL)
    return EVENTS / (time.monotonic() - start)
