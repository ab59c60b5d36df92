"""`onefold scan` beside jdupes, rdfind and rmlint on the same trees, read before (warm): many small files, and a few large ones.

Each finds as many groups as the others, or the figure is none. Ours and rdfind's say the SHA-256 of what they found; jdupes compares bytes.
"""
import os
import random
import re
import subprocess
import time

from .harness import ONEFOLD, figure, interleaved, workspace

SMALL_FILES, LARGE_BYTES = int(os.environ.get("FILES", 20_000)), 200 << 20


def measure():
    with workspace() as directory:
        for name, make in (("small", small), ("large", large)):
            tree = directory / name
            tree.mkdir()
            groups = make(tree, random.Random(7))
            seconds = interleaved(
                lambda: ours(tree, groups), lambda: jdupes(tree, groups), lambda: rdfind(tree, directory, groups),
                lambda: rmlint(tree, directory, groups))
            for peer, theirs in zip(("jdupes", "rdfind -checksum sha256", "rmlint"), seconds[1:]):
                yield figure(f"scan.{name}.{peer.split()[0]}", seconds[0], "s", theirs,
                             f"{peer} of the same {'files' if name == 'small' else 'large files'}", lower_is_better=True)


def small(tree, rng):
    """Files of some kilobytes, two fifths of them in groups; the others have sizes in common too."""
    groups, number, made = 0, 0, 0
    while made < SMALL_FILES:
        copies = rng.choice((2, 2, 3, 5, 12)) if rng.random() < 0.15 else 1
        content = rng.randbytes(min(65_536, int(rng.lognormvariate(9, 1)) // 64 * 64 + 64))
        for _ in range(copies):
            folder = tree / f"{number % 200:03}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.bin").write_bytes(content)
            number += 1
        groups, made = groups + (copies > 1), made + copies
    return groups


def large(tree, rng):
    """Two groups of three, and three files of the same size that differ at their ends or in the middle."""
    for name in "ab":
        content = rng.randbytes(LARGE_BYTES)
        for copy in range(3):
            (tree / f"{name}{copy}").write_bytes(content)
        for place in (LARGE_BYTES - 1, LARGE_BYTES // 2):
            (tree / f"{name}-{place}").write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
    return 2


def timed(command, count, groups, **options):
    start = time.perf_counter()
    run = subprocess.run(command, capture_output=True, timeout=600, **options)
    seconds = time.perf_counter() - start
    found = count(run.stdout.decode(errors="replace"))
    if found != groups:
        raise RuntimeError(f"{command[0]} found {found} groups, and there are {groups}")
    return seconds


def ours(tree, groups):
    return timed([ONEFOLD, "scan", tree], lambda text: text.count("\n  keep  "), groups)


def jdupes(tree, groups):
    return timed(["jdupes", "-rq", tree], lambda text: len([part for part in text.split("\n\n") if part.strip()]), groups)


def rdfind(tree, directory, groups):
    results = directory / "rdfind.txt"
    command = ["rdfind", "-checksum", "sha256", "-dryrun", "true", "-makeresultsfile", "true", "-outputname", results, tree]
    return timed(command, lambda _: results.read_text().count("DUPTYPE_FIRST_OCCURRENCE"), groups)


def rmlint(tree, directory, groups):
    results = directory / "rmlint.json"
    command = ["rmlint", "-T", "df", "-o", f"json:{results}", tree]
    return timed(command, lambda _: len(re.findall(r'"is_original": *true', results.read_text())), groups, cwd=directory)
