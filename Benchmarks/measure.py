"""Runs benchmarks beside their limits and reports both; see Benchmarks/run."""
import argparse
import json
import sys
from pathlib import Path

import cases
from cases.harness import number

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / ".build/bench.json"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*cases.ALL, []], metavar="NAME",
                        help=f"one of {', '.join(cases.ALL)}; all when none is given")
    names = parser.parse_args().names or list(cases.ALL)
    figures = []
    for name in names:
        for figure in cases.ALL[name]():
            if not figures:
                print(f"{'name':<16}{'value':>12}  {'unit':<10}{'limit':>12}  {'ratio':>6}  limit is")
            print(f"{figure['name']:<16}{number(figure['value']):>12}  {figure['unit']:<10}"
                  f"{number(figure['limit']):>12}  {figure['ratio']:>6.2f}  {figure['peer']}", flush=True)
            figures.append(figure)
    write(figures)


def write(figures):
    """Replaces these figures in the report and keeps the others."""
    try:
        known = json.loads(REPORT.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        known = []
    fresh = {figure["name"] for figure in figures}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([f for f in known if f["name"] not in fresh] + figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
