"""`onefold push` and `pull` of two trees beside what restic and borg do with the same and a local repository, each from an empty store.

Real files: small ones of this machine's documentation, headers and Python, some of them twice; large ones made of its libraries, in versions. Restic
encrypts and compresses with zstd, borg with lz4 and without encryption. Both have one user and no server, and tell nobody what they found.
"""
import os
import random
import shutil
import statistics
import subprocess
import time
from pathlib import Path

from .harness import ONEFOLD, figure, interleaved, workspace

SOURCES = ["/usr/share/doc", "/usr/include", "/usr/lib/python3", "/usr/share/perl", "/usr/share/man", "/usr/lib/python3.11"]
SMALL_FILES, LARGE_SIZE, VERSIONS = 20_000, 100_000_000, 5


def measure():
    with workspace() as directory:
        for name, tree in (("small", small(directory / "small")), ("large", large(directory / "large"))):
            yield from beside(name, tree, directory)


def beside(name, tree, directory):
    numbers = iter(range(10_000))
    seen = {}

    def note(figures):
        for key, value in figures.items():
            seen.setdefault(key, []).append(value)
        return 0

    interleaved(lambda: note(ours(tree, directory / f"{name}{next(numbers)}", "lz4")),
                lambda: note(ours(tree, directory / f"{name}{next(numbers)}", "zstd")),
                lambda: note(restic(tree, directory / f"{name}{next(numbers)}")),
                lambda: note(borg(tree, directory / f"{name}{next(numbers)}")), rounds=3)
    middle = {key: statistics.median(values) for key, values in seen.items()}
    quickest = min(middle["restic"], middle["borg"])
    peers = f"the quicker of restic ({middle['restic']:.2f}) and borg ({middle['borg']:.2f})"
    again = f"the quicker of restic ({middle['restic.again']:.2f}) and borg ({middle['borg.again']:.2f}), unchanged"
    lower = dict(lower_is_better=True)
    yield figure(f"store.{name}.acknowledged", middle["lz4.acknowledged"], "s", quickest, peers, **lower)
    yield figure(f"store.{name}.settled", middle["lz4.settled"], "s", quickest, peers, **lower)
    yield figure(f"store.{name}.again", middle["lz4.again"], "s", min(middle["restic.again"], middle["borg.again"]), again, **lower)
    restored = f"the quicker of restic ({middle['restic.restored']:.2f}) and borg ({middle['borg.restored']:.2f}), into an empty directory"
    yield figure(f"store.{name}.restored", middle["lz4.restored"], "s", min(middle["restic.restored"], middle["borg.restored"]), restored, **lower)
    yield figure(f"store.{name}.bytes.lz4", middle["lz4.bytes"], "MB", middle["borg.bytes"], "borg with lz4", **lower)
    yield figure(f"store.{name}.bytes.zstd", middle["zstd.bytes"], "MB", middle["restic.bytes"], "restic with zstd", **lower)


def ours(tree, place, compression):
    from support.client import Client
    from support.program import Onefold
    program = Onefold(place, environment={"ONEFOLD_COMPRESSION": compression}).start()
    try:
        client = Client.registered(program.url)

        def onefold(*arguments):
            done = subprocess.run([ONEFOLD, *arguments, "--server", program.url, "--email", client.email],
                                  env=dict(os.environ, ONEFOLD_PASSWORD=client.password), stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=900)
            if done.returncode != 0:
                raise RuntimeError(f"onefold {arguments[0]}: {done.stderr[-2000:]}")
        start = time.monotonic()
        onefold("push", tree, "--no-wait")
        acknowledged = time.monotonic() - start
        client.position = max(client.position, program.sql("SELECT position FROM log.head")[0][0])
        client.wait_until_settled(timeout=900)
        settled = time.monotonic() - start
        start = time.monotonic()
        onefold("push", tree, "--no-wait")
        again = time.monotonic() - start
        restored = restoring(tree, place / "restored", lambda target: onefold("pull", target, "--prefix", tree.name))
        return {f"{compression}.acknowledged": acknowledged, f"{compression}.settled": settled, f"{compression}.again": again,
                f"{compression}.restored": restored, f"{compression}.bytes": megabytes(place / "blobs")}
    finally:
        program.stop()


def restic(tree, place):
    environment = dict(os.environ, RESTIC_PASSWORD="x", RESTIC_REPOSITORY=str(place / "repository"), RESTIC_CACHE_DIR=str(place / "cache"))
    place.mkdir()
    run(["restic", "init", "-q"], environment)
    figures = twice("restic", ["restic", "backup", "-q", str(tree)], environment, place / "repository")
    figures["restic.restored"] = restoring(tree, place / "restored", lambda target: run(
        ["restic", "restore", "-q", "latest", "--target", str(target)], environment), below=str(tree)[1:])
    return figures


def borg(tree, place):
    environment = dict(os.environ, BORG_BASE_DIR=str(place / "base"), BORG_REPO=str(place / "repository"),
                       BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK="yes")
    place.mkdir()
    run(["borg", "init", "-e", "none"], environment)
    figures = twice("borg", ["borg", "create", "-C", "lz4", "::{now:%H%M%S%f}", str(tree)], environment, place / "repository")
    archive = subprocess.run(["borg", "list", "--short", "--last", "1"], env=environment, check=True, capture_output=True, text=True).stdout.strip()
    figures["borg.restored"] = restoring(tree, place / "restored", lambda target: run(
        ["borg", "extract", "--strip-components", str(len(tree.parts) - 1), f"::{archive}"], environment, directory=target))
    return figures


def restoring(tree, target, restore, below="."):
    """Seconds that it takes; what was restored, below a place in the target, is compared and goes."""
    target.mkdir()
    start = time.monotonic()
    restore(target)
    taken = time.monotonic() - start
    subprocess.run(["diff", "-rq", tree, target / below], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(target)
    return taken


def twice(name, command, environment, repository):
    start = time.monotonic()
    run(command, environment)
    first = time.monotonic() - start
    start = time.monotonic()
    run(command, environment)
    return {name: first, f"{name}.again": time.monotonic() - start, f"{name}.bytes": megabytes(repository)}


def run(command, environment, directory=None):
    subprocess.run(command, env=environment, cwd=directory, check=True, timeout=900, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def megabytes(place):
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 1e6


def real_files(most):
    """Files of this machine of up to so many bytes, in the order of their paths."""
    for source in SOURCES:
        for folder, folders, names in os.walk(source):
            folders.sort()
            for name in sorted(names):
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink() and 0 < path.stat().st_size <= most:
                    yield path


def small(root):
    """Each fourth file is a copy of an earlier one."""
    rng = random.Random(7)
    kept = []
    sources = real_files(256 << 10)
    for number in range(SMALL_FILES):
        path = None if kept and rng.random() < 0.25 else next(sources, None)
        data = path.read_bytes() if path else rng.choice(kept).read_bytes()
        target = root / f"{number % 200:03}" / f"{number:05} {path.name[:80] if path else 'copy'}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        kept.append(target)
    return root


def large(root):
    """Versions of one file, each with some edits more than the one before."""
    rng = random.Random(8)
    data = bytearray()
    for path in sorted(Path("/usr/lib/x86_64-linux-gnu").glob("*.so*"), key=lambda path: path.name):
        if path.is_file() and not path.is_symlink():
            data += path.read_bytes()[:LARGE_SIZE - len(data)]
        if len(data) >= LARGE_SIZE:
            break
    root.mkdir()
    for version in range(VERSIONS):
        (root / f"image {version}.bin").write_bytes(data)
        for _ in range(10):
            place = rng.randrange(len(data))
            data[place:place + rng.randrange(2000)] = rng.randbytes(rng.randrange(1, 8000))
    return root
