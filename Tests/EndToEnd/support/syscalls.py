"""System calls of a process as strace saw them: what a server did to disk and sockets, in the order in which it did it."""
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CALL = re.compile(r"^(\d+) +(\d+\.\d+) (\w+)\((.*)$", re.DOTALL)
RESUMED = re.compile(r"^(\d+) +(\d+\.\d+) <\.\.\. (\w+) resumed>(.*)$", re.DOTALL)
RESULT = re.compile(r"\) += (-?\d+)")


@dataclass
class Call:
    name: str
    arguments: str
    begin: float
    end: float
    result: int


def unavailable():
    """Why strace cannot be used here; None when it can."""
    if not shutil.which("strace"):
        return "strace is not installed: scripts/setup tests installs it"
    tried = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()}"


def parse(path):
    """Calls in the order of their ends; a call that another thread interrupted on paper is put together again."""
    calls, open_calls = [], {}
    for line in Path(path).read_text(errors="replace").splitlines():
        if match := CALL.match(line):
            thread, time, name, rest = match[1], float(match[2]), match[3], match[4]
            if rest.endswith("<unfinished ...>"):
                open_calls[thread, name] = (time, rest.removesuffix("<unfinished ...>"))
            elif result := RESULT.search(rest):
                calls.append(Call(name, rest, time, time, int(result[1])))
        elif (match := RESUMED.match(line)) and (match[1], match[3]) in open_calls:
            begin, start = open_calls.pop((match[1], match[3]))
            if result := RESULT.search(match[4]):
                calls.append(Call(match[3], start + match[4], begin, float(match[2]), int(result[1])))
    return sorted(calls, key=lambda call: call.end)
