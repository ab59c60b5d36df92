"""What a set consists of, and how answers are judged."""
import math
from collections import Counter, defaultdict
from dataclasses import dataclass


@dataclass
class Item:
    """A file of a set: an original, something made of one, a trap beside one, or a distractor on its own."""
    name: str
    data: bytes
    family: str
    operation: str = ""
    """What was done to the original; empty for an original, and for distractors."""
    strength: str = ""
    is_trap: bool = False
    """Looks like its family, and is something else."""
    is_core: bool = True
    """A change that every method should see through."""


@dataclass
class Score:
    found: int
    of: int

    @property
    def share(self):
        return self.found / self.of if self.of else float("nan")

    def interval(self, z=1.96):
        """Wilson's, of 95 %."""
        if not self.of:
            return float("nan"), float("nan")
        n, p = self.of, self.share
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return middle - half, middle + half


def recall(items, together):
    """Of each operation and strength, how many were found to belong to their original. `together` says so of two names."""
    scores = defaultdict(lambda: Score(0, 0))
    for item in derived(items):
        score = scores[item.operation, item.strength]
        score.of += 1
        score.found += together(item.family, item.name)
    return dict(scores)


def derived(items):
    return [item for item in items if item.operation and not item.is_trap]


def traps(items, together):
    """Of each kind of trap, how many were fallen into."""
    scores = defaultdict(lambda: Score(0, 0))
    for item in items:
        if item.is_trap:
            score = scores[item.operation, item.strength]
            score.of += 1
            score.found += together(item.family, item.name)
    return dict(scores)


def f1(items, together, core):
    """Over labelled pairs: recall of what was derived, precision against traps."""
    chosen = [item for item in derived(items) if item.is_core or not core]
    found = sum(together(item.family, item.name) for item in chosen)
    false = sum(together(item.family, item.name) for item in items if item.is_trap)
    share = found / len(chosen)
    precision = found / (found + false) if found else 1.0
    return 2 * precision * share / (precision + share) if precision + share else 0.0


def truth(items):
    """Which family each file belongs to; a trap belongs to none but its own."""
    return {item.name: item.name if item.is_trap else item.family for item in items}


def pairs(groups, families):
    """Right pairs and wrong ones within groups of names."""
    right = wrong = 0
    for members in groups:
        counts = Counter(families[name] for name in members)
        same = sum(count * (count - 1) // 2 for count in counts.values())
        right += same
        wrong += len(members) * (len(members) - 1) // 2 - same
    return right, wrong


def possible_wrong_pairs(families):
    whole = len(families)
    return whole * (whole - 1) // 2 - sum(count * (count - 1) // 2 for count in Counter(families.values()).values())


def b_cubed(groups, families):
    """Mean precision and recall of the group that each file finds itself in; what is in no group is one of its own."""
    group_of = {name: number for number, members in enumerate(groups) for name in members}
    sizes = Counter(families.values())
    members = defaultdict(Counter)
    for name, number in group_of.items():
        members[number][families[name]] += 1
    precision = share = 0.0
    for name, family in families.items():
        if name in group_of:
            counts = members[group_of[name]]
            precision += counts[family] / sum(counts.values())
            share += counts[family] / sizes[family]
        else:
            precision += 1
            share += 1 / sizes[family]
    return precision / len(families), share / len(families)
