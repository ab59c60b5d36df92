"""Writes the last figures of `make bench` into docs/performance.md, with the machine they were measured on.

Rows of figures that have not been measured in this checkout stay as they are.
"""
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
    old, after = rest.split(END)
    rows = dict(re.findall(r"^(\| `(?:\S+)`) (\|.*)$", old, re.MULTILINE)) | dict(map(row, json.loads(REPORT.read_text())))
    DOCUMENT.write_text(before + BEGIN + "\n" + machine() + "\n\n" + table(rows) + "\n" + END + after)


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


def row(figure):
    """The cell that names the figure, and the cells after it."""
    return (f"| `{figure['name']}`",
            f"| {number(figure['value'])} {figure['unit']} | {number(figure['limit'])} | {figure['ratio']:.2f} | {figure['peer']} |")


def table(rows):
    head = ["| figure | ours | limit or peer | ratio | limit or peer is |", "| --- | ---: | ---: | ---: | --- |"]
    return "\n".join(head + [f"{name} {cells}" for name, cells in sorted(rows.items(), key=lambda row: row[0].rstrip("`"))])


if __name__ == "__main__":
    main()
