"""Sketches on one core: of texts, from the text itself, against rensa (MinHash in Rust under Python, which cuts the words); of bytes against TLSH.

The texts are the sources of Python's own library, the bytes its compiled modules: they are wherever these benchmarks run.
"""
import re
import subprocess
import sysconfig
import time
from pathlib import Path

from .harness import BENCH, figure, interleaved

SECONDS = 2
WORD = re.compile(r"\w+")


def measure():
    import rensa  # Only this case needs them.
    import tlsh

    texts = [path.read_bytes() for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))]
    given = b"".join(text + b"\0" for text in texts if b"\0" not in text)
    ours, peer = interleaved(lambda: sketched(given), lambda: minhashed(rensa, texts))
    yield figure("sketch.text", ours, "MB/s", peer, "rensa RMinHash from the text, pairs of words, 128 permutations")
    data = b"".join(path.read_bytes() for path in sorted(Path("/usr/lib/x86_64-linux-gnu").glob("lib*.so.*")) if path.is_file())[:64 << 20]
    ours, peer = interleaved(lambda: sketched(data, "--bytes"), lambda: hashed(tlsh, data))
    yield figure("sketch.bytes", ours, "MB/s", peer, "TLSH of the same 64 MB")


def sketched(texts, *flags):
    run = subprocess.run([BENCH, "sketch", "--seconds", str(SECONDS), *flags], input=texts, capture_output=True, check=True, timeout=60)
    return float(run.stdout) / 1e6


def hashed(tlsh, data):
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        tlsh.hash(data)
        count += len(data)
    return count / (time.perf_counter() - start) / 1e6


def minhashed(rensa, texts):
    start, count = time.perf_counter(), 0
    while True:
        for text in texts:
            words = WORD.findall(text.decode(errors="replace").lower())
            rensa.RMinHash(num_perm=128, seed=42).update({f"{one} {other}" for one, other in zip(words, words[1:])})
            count += len(text)
            if time.perf_counter() - start > SECONDS:
                return count / (time.perf_counter() - start) / 1e6
