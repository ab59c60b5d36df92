"""Writes the last figures of `make bench` into docs/performance.md, with the machine they were measured on."""
import json
import os
import platform
import re
import subprocess
from datetime import date
from pathlib import Path

from cases.harness import number

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / ".build/bench.json"
DOCUMENT = ROOT / "docs/performance.md"
BEGIN, END = "<!-- figures: written by `make bench-document` -->\n", "<!-- end of figures -->"


def main():
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    DOCUMENT.write_text(before + BEGIN + "\n" + machine() + "\n\n" + table(json.loads(REPORT.read_text())) + "\n" + END + after)


def machine():
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = int(re.search(r"MemTotal: +(\d+)", Path("/proc/meminfo").read_text())[1]) / 1024**2
    return (f"{date.today():%Y-%m-%d}, {os.cpu_count()} cores of {model[1] if model else platform.machine()}, {memory:.0f} GiB, "
            f"{system()}, PostgreSQL {version('psql', '--version')}, Redis {version('redis-server', '--version')}, "
            f"Swift {version('swift', '--version')}.")


def system():
    return re.search(r'^PRETTY_NAME="(.*)"$', Path("/etc/os-release").read_text(), re.MULTILINE)[1]


def version(*command):
    out = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
    return re.search(r"\d+\.\d+(\.\d+)?", out)[0]


def table(figures):
    rows = ["| figure | ours | limit or peer | ratio | limit or peer is |", "| --- | ---: | ---: | ---: | --- |"]
    rows += [f"| `{f['name']}` | {number(f['value'])} {f['unit']} | {number(f['limit'])} | {f['ratio']:.2f} | {f['peer']} |"
             for f in figures]
    return "\n".join(rows)


if __name__ == "__main__":
    main()
