"""Programs that a test starts beside Onefold: on PATH, or where scripts/setup has unpacked them."""
import shutil
from pathlib import Path

import pytest

from .program import ROOT


def tool(name):
    for place in (shutil.which(name), *(ROOT / ".build/tools/usr" / part / name for part in ("bin", "sbin")),
                  f"/usr/sbin/{name}"):
        if place and Path(place).exists():
            return str(place)
    pytest.skip(f"{name} is not there: scripts/setup tests fetches it where apt can")
