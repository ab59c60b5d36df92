"""Rebuilding all read tables at the same time, and how far they lag while the log grows.

`replay.all` is set beside COPY TO of the same log in the same run: what it takes merely to write the events out. It counts everything
from empty tables to switched in, with indexes and digests. `replay.flatness` sets a large history beside a small one: events a second
that do not fall are time per event that does not rise. Sizes: REPLAY_SMALL and REPLAY_LARGE.
"""
import os
import subprocess
import time

from .append import postgres
from .harness import bench, figure, interleaved, workspace

SMALL = int(os.environ.get("REPLAY_SMALL", 100_000))
LARGE = int(os.environ.get("REPLAY_LARGE", 1_000_000))
LAG_LIMIT_MS = 50


def measure():
    with workspace() as directory, postgres(directory / "small") as small, postgres(directory / "large") as large:
        bench("history", "--url", small, "--events", SMALL)
        bench("history", "--url", large, "--events", LARGE)
        few, many, limit = interleaved(
            lambda: bench("replay", "--url", small), lambda: bench("replay", "--url", large),
            lambda: copy_out(large, LARGE))
    yield figure("replay.all", many, "events/s", limit, f"binary COPY TO of the same {LARGE:,} events")
    yield figure("replay.flatness", many, "events/s", few, f"replay of {SMALL:,} events instead of {LARGE:,}")
    with workspace() as directory, postgres(directory / "lag") as url:
        [lag] = interleaved(lambda: bench("lag", "--url", url))
    yield figure("projection.lag", 1000 / lag, "1/s", 1000 / LAG_LIMIT_MS,
                 f"a lag of {LAG_LIMIT_MS} ms at 5,000 events/s; p99 was {lag:.1f} ms")


def copy_out(url, events):
    start = time.monotonic()
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", "COPY log.event TO STDOUT (FORMAT binary)", url],
                   check=True, timeout=600, stdout=subprocess.DEVNULL)
    return events / (time.monotonic() - start)
