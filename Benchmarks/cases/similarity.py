"""Looking up contents that resemble one, beside a SELECT by primary key in the same tables and the same run.

SKETCHES says among how many, by commas: with several the last is set beside the first, which shows how a look-up grows.
"""
import os

from .cluster import postgres
from .harness import bench, figure, interleaved, workspace

SKETCHES = [int(count) for count in os.environ.get("SKETCHES", "100000").split(",")]


def measure():
    first = None
    for count in SKETCHES:
        with workspace() as directory, postgres(directory / "data") as url:
            rate = bench("similarity", "--url", url, "--fill", count)
            size = bench("similarity", "--url", url, "--size")
            [p50, p99, plain] = interleaved(
                lambda: bench("similarity", "--url", url, "--median"), lambda: bench("similarity", "--url", url),
                lambda: bench("similarity", "--url", url, "--primary"))
        yield figure(f"similarity.{count}.p99", p99, "µs", 20 * plain,
                     f"20 times the p99 of a SELECT by primary key ({plain:.0f} µs); p50 {p50:.0f} µs, {size:,.0f} bytes each, "
                     f"filled at {rate:,.0f}/s", lower_is_better=True)
        if first:
            yield figure(f"similarity.{count}.growth", p99, "µs", 1.5 * first, f"1.5 times the p99 among {SKETCHES[0]:,}",
                         lower_is_better=True)
        first = first or p99
