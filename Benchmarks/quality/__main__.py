"""Builds labelled sets, sends them to an installation of its own, reads the groups back, and judges them beside other libraries.

    python -m quality [--size small|full] [--seed N] [--only text|document|picture|byte]     from Benchmarks/
"""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("ONEFOLD_BINARY", str(ROOT / ".build/release/onefold"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

from . import binaries, labelled, papers, pictures, rivals, texts  # noqa: E402

SETS = {"text": (texts.build, rivals.text), "document": (papers.build, rivals.document), "picture": (pictures.build, rivals.picture),
        "byte": (binaries.build, rivals.byte)}
SIZES = {"small": {"text": (40, 400), "document": (30, 150), "picture": (30, 60), "byte": (20, 100)},
         "full": {"text": (300, 2000), "document": (200, 800), "picture": (120, 400), "byte": (100, 300)}}
"""Originals, and distractors."""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", choices=SIZES, default="small")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    arguments.add_argument("--only", choices=SETS)
    given = arguments.parse_args()
    report = {"seed": given.seed, "size": given.size}
    for kind in [given.only] if given.only else SETS:
        build, others = SETS[kind]
        originals, distractors = SIZES[given.size][kind]
        rng = random.Random(f"{kind} {given.seed}")
        items = build(rng, originals, distractors)
        start = time.monotonic()
        groups = grouped(items)
        print(f"\n# {kind}s: {originals} originals, {len(items)} files, seed {given.seed}; "
              f"sent, compared and read back in {time.monotonic() - start:.0f} s\n", flush=True)
        report[kind] = judged(items, groups, list(others(items)), rng)
    path = ROOT / ".build/eval.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\n{path.relative_to(ROOT)} has these figures.")


def grouped(items):
    """The groups that an installation finds when all files are sent to one account: lists of names."""
    from support.client import Client
    from support.program import Onefold
    with tempfile.TemporaryDirectory(prefix="onefold-eval-") as directory:
        os.chmod(directory, 0o755)
        program = Onefold(Path(directory) / "data").start()
        try:
            client = Client.registered(program.url)
            with concurrent.futures.ThreadPoolExecutor(8) as threads:
                list(threads.map(lambda item: client.upload(item.name, item.data), items))
            client.position = max(client.position, program.sql("SELECT position FROM log.head")[0][0])
            client.wait_until_settled(timeout=1800)
            client.position = max(client.position, program.sql("SELECT position FROM log.head")[0][0])
            ids = [group["id"] for group in client.pages("/duplicates", **{"class": "similar"})]
            whole = [client.get(f"/duplicates/{id}") for id in ids]
            return [[file["path"] for member in group["members"] for file in member["files"]] for group in whole]
        finally:
            program.stop()


def judged(items, groups, others, rng):
    of = collections.defaultdict(set)
    for number, members in enumerate(groups):
        for name in members:
            of[name].add(number)
    methods = {"Onefold": lambda one, other: bool(of[one] & of[other])} | {rival.name: rival.together for rival in others}
    recalls = {name: labelled.recall(items, together) for name, together in methods.items()}
    names = [rival.name for rival in others]
    print("| change | n | Onefold | 95 % | " + " | ".join(names) + " |")
    print("| --- | ---: | ---: | ---: |" + " ---: |" * len(names))
    for change, score in recalls["Onefold"].items():
        low, high = score.interval()
        shares = " | ".join(f"{recalls[name][change].share:.3f}" for name in names)
        print(f"| {' '.join(change).strip()} | {score.of} | {score.share:.3f} | {low:.3f}-{high:.3f} | {shares} |")
    fallen = {name: labelled.traps(items, together) for name, together in methods.items()}
    for change, score in fallen["Onefold"].items():
        shares = " | ".join(f"{fallen[name][change].share:.3f}" for name in names)
        print(f"| *trap: {' '.join(change).strip()}* | {score.of} | {score.share:.3f} | | {shares} |")
    for core in (True, False):
        shares = " | ".join(f"{labelled.f1(items, methods[name], core):.3f}" for name in names)
        print(f"| **F1, {'core' if core else 'all'}** | | {labelled.f1(items, methods['Onefold'], core):.3f} | | {shares} |")
    families = labelled.truth(items)
    right, wrong = labelled.pairs(groups, families)
    possible = labelled.possible_wrong_pairs(families)
    false = [rival.false_pairs(families, rng) for rival in others]
    shares = " | ".join(f"{1e6 * count / looked:.1f}" for count, looked in false)
    print(f"| **false pairs in a million** | {possible} | {1e6 * wrong / possible:.1f} | | {shares} |")
    precision, share = labelled.b_cubed(groups, families)
    print(f"\nGroups: precision of pairs {right / max(1, right + wrong):.4f} ({wrong} wrong of {right + wrong}), "
          f"B-cubed precision {precision:.4f}, recall {share:.4f}")
    return {
        "recall": {name: {" ".join(change): [score.found, score.of] for change, score in found.items()} for name, found in recalls.items()},
        "traps": {name: {" ".join(change): [score.found, score.of] for change, score in found.items()} for name, found in fallen.items()},
        "f1": {name: {"core": labelled.f1(items, together, True), "all": labelled.f1(items, together, False)} for name, together in methods.items()},
        "pairs": {"right": right, "wrong": wrong, "possibleWrong": possible},
        "falsePerMillion": {name: 1e6 * count / looked for name, (count, looked) in zip(names, false)},
        "bCubed": [precision, share],
    }


main()
