"""The short form of `make chaos`: half a minute of faults, then every promise is checked."""
import os
import random

import chaos
import pytest


@pytest.mark.timeout(420)
def test_every_promise_holds_through_kills_flushes_and_cuts(workspace, capsys):
    seed = int(os.environ.get("ONEFOLD_CHAOS_SEED", random.SystemRandom().randrange(1_000_000)))
    faults = ["kill-server", "kill-worker", "kill-project", "kill-relay", "kill-postgres", "kill-backends",
              "kill-redis", "flush-redis"]
    lines = []
    held = chaos.run(30, seed, faults, workspace, lines.append)
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert held
