"""What all benchmarks share: interleaved rounds, the bench program, a place on the disk."""
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / ".build/release/onefold-bench"
ONEFOLD = Path(os.environ.setdefault("ONEFOLD_BINARY", str(ROOT / ".build/release/onefold")))
ROUNDS = max(3, int(os.environ.get("ROUNDS", "5")))

# The end-to-end tests' support starts and speaks to the program; it finds it by the variable set above.
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))


def interleaved(*measures, rounds=ROUNDS):
    """The median of each, measured in turn, so that a slow minute of the machine falls on all of them."""
    values = [[] for _ in measures]
    for _ in range(rounds):
        for measure, into in zip(measures, values):
            into.append(measure())
    return [statistics.median(each) for each in values]


def figure(name, value, unit, limit, peer, lower_is_better=False):
    """One line of the report. A higher ratio is better: ours to theirs for rates, theirs to ours for times."""
    return {"name": name, "value": round(value, 2), "unit": unit, "limit": round(limit, 2), "peer": peer,
            "ratio": round(limit / value if lower_is_better else value / limit, 3)}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def bench(*arguments):
    """The number that one command of onefold-bench prints."""
    return bench_with_memory(*arguments)[0]


def bench_with_memory(*arguments):
    """That number, and the most memory that the command had, in MiB."""
    with tempfile.TemporaryFile("w+") as errors:
        command = subprocess.Popen([BENCH, *map(str, arguments)], stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT)
        deadline = threading.Timer(1800, command.kill)
        deadline.start()
        out = command.stdout.read()
        deadline.cancel()
        _, status, usage = os.wait4(command.pid, 0)
        command.returncode = os.waitstatus_to_exitcode(status)
        if command.returncode != 0:
            errors.seek(0)
            raise RuntimeError(f"onefold-bench {' '.join(map(str, arguments))}: {errors.read()[-2000:]}")
    return float(out), usage.ru_maxrss / 1024


@contextlib.contextmanager
def workspace():
    """A directory that goes afterwards, which a service account may enter; on the disk of TMPDIR or /tmp."""
    directory = Path(tempfile.mkdtemp(prefix="onefold-bench-"))
    os.chmod(directory, 0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
