"""Whether a long log costs no more per event than a short one: replaying it, the memory that takes, and a lone append to its end.

    Benchmarks/run flatness                     1,000,000 events beside 100,000
    EVENTS=10000000 Benchmarks/run flatness     the promise; some minutes, and 20 GB on the disk of TMPDIR
"""
import os

from .append import append
from .cluster import postgres
from .harness import bench, bench_with_memory, figure, interleaved, workspace

FEW = 100_000
MANY = int(os.environ.get("EVENTS", 1_000_000))


def measure():
    with workspace() as directory, postgres(directory / "few") as few, postgres(directory / "many") as many:
        bench("history", "--url", few, "--events", FEW)
        bench("history", "--url", many, "--events", MANY)
        memory = {}

        def replay(url):
            rate, memory[url] = bench_with_memory("replay", "--url", url)
            return rate

        short, long = interleaved(lambda: replay(few), lambda: replay(many))
        instead = f"of {FEW:,} events instead of {MANY:,}"
        yield figure("flatness.replay", long, "events/s", short, f"replay {instead}")
        yield figure("flatness.memory", memory[many], "MiB", memory[few], f"most memory of a replay {instead}",
                     lower_is_better=True)
        short, long = interleaved(lambda: append(few, 1, "--latency"), lambda: append(many, 1, "--latency"))
        yield figure("flatness.append", long, "µs", short, f"median of a lone append at the end {instead}",
                     lower_is_better=True)
