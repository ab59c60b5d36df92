"""Trees of files with known duplicates, and the brute-force truth about any tree."""
import hashlib
import math
import os
import random
from collections import defaultdict
from pathlib import Path


def generate(root, files, seed, duplicates=0.4, median=8192, largest=4 << 20):
    """`files` files under `root`: sizes log-normal, a share of them copies of earlier ones, some empty."""
    rng = random.Random(seed)
    contents = []
    for number in range(files):
        directory = Path(root) / f"d{rng.randrange(40):02}" / f"e{rng.randrange(20):02}"
        directory.mkdir(parents=True, exist_ok=True)
        if contents and rng.random() < duplicates:
            data = rng.choice(contents)
        else:
            size = min(largest, int(rng.lognormvariate(math.log(median), 1.2))) if rng.random() > 0.01 else 0
            words = rng.randbytes(64)
            # Half text-like and compressible, half noise.
            data = (words * (size // 64 + 1))[:size] if rng.random() < 0.5 else rng.randbytes(size)
            contents.append(data)
        (directory / f"file {number:05}.bin").write_bytes(data)
    return Path(root)


class Truth:
    """What a SHA-256 map of a tree says: the answer that the service must give."""

    def __init__(self, root):
        self.by_digest = defaultdict(list)
        self.sizes = {}
        self.files = 0
        self.logical = 0
        for directory, _, names in os.walk(root):
            for name in names:
                path = os.path.join(directory, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
                size = os.path.getsize(path)
                self.by_digest[digest].append(os.path.relpath(path, root))
                self.sizes[digest] = size
                self.files += 1
                self.logical += size

    @property
    def unique(self):
        return sum(self.sizes.values())

    @property
    def groups(self):
        """digest -> sorted paths, for every content that stands more than once."""
        return {digest: sorted(paths) for digest, paths in self.by_digest.items() if len(paths) > 1}
