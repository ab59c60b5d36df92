"""Cutting contents into chunks (FastCDC) on the same bytes as pyfastcdc (C), alone and with a SHA-256 and an LZ4 block for each chunk.

The bytes are the libraries of this machine and the sources of Python's own: they are wherever these benchmarks run.
"""
import hashlib
import sysconfig
import time
from pathlib import Path

from .harness import bench, figure, interleaved, workspace

SECONDS = 2
SIZE = 128 << 20
AVERAGE, MAXIMUM = 16 << 10, 128 << 10


def measure():
    import lz4.block
    import pyfastcdc  # Only this case needs them.

    cutter = pyfastcdc.FastCDC(avg_size=AVERAGE, min_size=AVERAGE // 4, max_size=MAXIMUM)

    def cut(content):
        for _ in cutter.cut_buf(content):
            pass

    def store(content):
        view, known = memoryview(content), set()
        for chunk in cutter.cut_buf(content):
            part = view[chunk.offset:chunk.offset + chunk.length]
            digest = hashlib.sha256(part).digest()
            if digest not in known:
                known.add(digest)
                lz4.block.compress(part, store_size=False)

    with workspace() as directory:
        content = some_bytes()
        path = directory / "content"
        path.write_bytes(content)

        def ours(*arguments):
            return bench("chunk", path, "--seconds", SECONDS, "--average", AVERAGE, "--maximum", MAXIMUM, *arguments) / 1e6

        [alone, peer] = interleaved(ours, lambda: rate(cut, content))
        yield figure("chunk.cut", alone, "MB/s", peer, "pyfastcdc (C), the same sizes")
        [one, two, peer] = interleaved(
            lambda: ours("--pipeline"), lambda: ours("--pipeline", "--threads", 2), lambda: rate(store, content))
        yield figure("chunk.store", one, "MB/s", peer, "pyfastcdc, hashlib and lz4 under Python, one core")
        yield figure("chunk.store.2", two, "MB/s", 1.9 * one, "1.9 times one core")


def rate(work, content):
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        work(content)
        count += len(content)
    return count / (time.perf_counter() - start) / 1e6


def some_bytes():
    content = bytearray()
    for root, pattern in (Path(sysconfig.get_path("stdlib")), "*.py"), (Path("/usr/lib"), "**/*.so*"):
        for path in sorted(root.glob(pattern)):
            if path.is_file() and not path.is_symlink() and len(content) < SIZE:
                content += path.read_bytes()
    return bytes(content[:SIZE])
