"""Sketches of pictures on one core, decoding included, against imagehash (Pillow and NumPy).

The pictures are the backgrounds of Debian's desktops, scaled to 640 points as cameras' previews are.
"""
import subprocess
import tempfile
import time
from pathlib import Path

from .harness import BENCH, figure, interleaved

SECONDS = 2


def measure():
    import imagehash  # Only this case needs them.
    from PIL import Image

    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for source in sorted(Path("/usr/share/backgrounds").rglob("*.*")):
            if source.suffix not in (".jpg", ".png", ".webp") or source.is_symlink():
                continue
            picture = Image.open(source).convert("RGB")
            picture.thumbnail((640, 640))
            paths.append(Path(directory, f"{len(paths)}.jpg"))
            picture.save(paths[-1], quality=90)
        assert len(paths) > 10, "install gnome-backgrounds and mate-backgrounds (scripts/setup bench)"
        peers = lambda: hashed(lambda path: imagehash.phash(Image.open(path)), paths)
        ours, peer = interleaved(lambda: sketched(directory), peers)
        yield figure("sketch.picture", ours, "pictures/s", peer, f"imagehash phash, the same {len(paths)} JPEG files")


def sketched(directory):
    # One core for both: the child waits while it is not asked, and the other way round.
    run = subprocess.run([BENCH, "picture", directory, "--seconds", str(SECONDS)], capture_output=True, check=True, timeout=60)
    return float(run.stdout)


def hashed(hash, paths):
    start, count = time.perf_counter(), 0
    while True:
        for path in paths:
            hash(path)
            count += 1
            if time.perf_counter() - start > SECONDS:
                return count / (time.perf_counter() - start)
