"""Small durable blobs, against the loop that one would write without a store.

The loop does less: it neither names a blob by its digest nor syncs the directory, so a power cut may undo its renames.
"""
from .harness import bench, figure, interleaved, workspace


def measure():
    with workspace() as directory:
        def store(in_flight):
            return lambda: bench("blobs", "--directory", directory, "--in-flight", in_flight)

        def loop():
            return bench("blobs", "--directory", directory, "--loop")

        one, few, many, limit = interleaved(store(1), store(16), store(64), loop)
    for in_flight, value in ((1, one), (16, few), (64, many)):
        yield figure(f"blobs/{in_flight}", value, "blobs/s", limit, "loop of 8 KiB write + fdatasync + rename")
