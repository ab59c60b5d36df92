"""How often a test tries, with which seed, and the line in which it says so.

A test is short by default; `chaos.py` makes it long with TRIALS. SEED repeats what was drawn. Swift's tests read the same two.
"""
import os
import random
import time


def trials(short):
    """How many trials to make: TRIALS, or the number of the short form."""
    return int(os.environ.get("TRIALS") or short)


def seed():
    """SEED, or one that is drawn."""
    return int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))


class Promise:
    """Says what was tried: `promise 23: n 20 rounds · seed 7 · 12.3 s · accepted 200`."""

    def __init__(self, show):
        self.show = show
        self.started = time.monotonic()

    def held(self, number, n, seed, *figures):
        seconds = f"{time.monotonic() - self.started:.1f} s"
        self.show(" · ".join([f"promise {number}: n {n}", f"seed {seed}", seconds, *figures]))
