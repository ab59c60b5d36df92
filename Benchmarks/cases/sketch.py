"""Sketches of texts on one core, from the text itself, against rensa (MinHash in Rust under Python, which cuts the words).

The texts are the sources of Python's own library: they are wherever these benchmarks run.
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
    import rensa  # Only this case needs it.

    texts = [path.read_bytes() for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))]
    given = b"".join(text + b"\0" for text in texts if b"\0" not in text)
    ours, peer = interleaved(lambda: sketched(given), lambda: minhashed(rensa, texts))
    yield figure("sketch.text", ours, "MB/s", peer, "rensa RMinHash from the text, pairs of words, 128 permutations")


def sketched(texts):
    run = subprocess.run([BENCH, "sketch", "--seconds", str(SECONDS)], input=texts, capture_output=True, check=True, timeout=60)
    return float(run.stdout) / 1e6


def minhashed(rensa, texts):
    start, count = time.perf_counter(), 0
    while True:
        for text in texts:
            words = WORD.findall(text.decode(errors="replace").lower())
            rensa.RMinHash(num_perm=128, seed=42).update({f"{one} {other}" for one, other in zip(words, words[1:])})
            count += len(text)
            if time.perf_counter() - start > SECONDS:
                return count / (time.perf_counter() - start) / 1e6
