"""`onefold scan`: the report of a local tree, in each form, with no service anywhere."""
import csv
import io
import json
import os
import re
import subprocess

import pytest
from support.program import BINARY


def scan(*arguments, cwd=None):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONEFOLD_")}
    return subprocess.run([BINARY, "scan", *map(str, arguments)], capture_output=True, timeout=60, cwd=cwd, env=environment)


@pytest.fixture
def tree(tmp_path):
    for name, content in {"a.txt": b"same" * 100, "b/=copy,1.txt": b"same" * 100, "c.bin": os.urandom(400)}.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "tree"


def test_the_text_says_what_stays_and_what_could_go(tree):
    run = scan(tree)
    assert run.returncode == 0 and run.stderr == b"", run.stderr
    text = run.stdout.decode()
    assert "2 copies of 400 bytes, 400 bytes too much" in text
    assert f"  keep  {tree}/a.txt\n        {tree}/b/=copy,1.txt\n" in text
    assert "400 bytes you don't have to keep: 2 files in 1 group of identical ones." in text
    assert "Looked at 3 files, 1.2 kB" in text


def test_json_csv_and_null_say_the_same(tree):
    report = json.loads(scan(tree, "--format", "json", "--keep", "shortest-path").stdout)
    group, = report["identical"]
    assert [(file["path"], file["kept"]) for file in group["files"]] == [
        (f"{tree}/a.txt", True), (f"{tree}/b/=copy,1.txt", False)]
    assert report["totals"]["reclaimableBytes"] == 400 and report["totals"]["files"] == 3
    assert "similar" not in report or report["similar"] is None

    rows = list(csv.DictReader(io.StringIO(scan(tree, "--format", "csv").stdout.decode(), newline="")))
    assert [(row["kept"], row["path"]) for row in rows] == [("yes", f"{tree}/a.txt"), ("no", f"{tree}/b/=copy,1.txt")]
    assert {row["sha256"] for row in rows} == {group["sha256"]}

    assert scan(tree, "--format", "null").stdout == f"{tree}/b/=copy,1.txt\0".encode()
    # A relative name that a spreadsheet would run is none.
    assert scan("=copy,1.txt", "../a.txt", "--format", "csv", cwd=tree / "b").stdout.count(b"\"'=copy,1.txt\"") == 1


def test_a_report_goes_to_a_file_and_the_summary_to_the_terminal(tree, tmp_path):
    run = scan(tree, "--format", "json", "--output", tmp_path / "report.json")
    assert run.returncode == 0 and "you don't have to keep" in run.stdout.decode()
    assert json.loads((tmp_path / "report.json").read_text())["totals"]["identicalGroups"] == 1


def test_versions_of_a_text_are_reported(tree):
    words = [f"word{n}" for n in range(200)]
    (tree / "plan.txt").write_text(" ".join(words))
    (tree / "plan v2.txt").write_text(" ".join(["new", *words[1:]]))
    text = scan(tree, "--similar").stdout.decode()
    assert "2 versions of a text" in text and re.search(r"  (9\d|100) %  .*plan.txt", text)
    report = json.loads(scan(tree, "--similar", "--format", "json").stdout)
    assert [member["path"] for member in report["similar"][0]["members"]] == [f"{tree}/plan v2.txt", f"{tree}/plan.txt"]
    assert scan(tree, "--similar", "--threshold", "1").stdout.decode().count("No file is a version of another.") == 1


def test_what_cannot_be_read_is_named_and_the_rest_is_reported(tree, tmp_path):
    gone = tmp_path / "gone"
    assert scan(gone).returncode == 1
    # Rights do not bind root, so a directory that cannot be opened is made of a name that is too long.
    run = scan(tree, tree / "c.bin" / "inside")
    assert run.returncode == 1 and b"Not a directory" in run.stderr + run.stdout


@pytest.mark.parametrize("arguments, said", [
    ([], "Missing expected argument"), (["--keep", "last", "."], "--keep takes first"),
    (["--threshold", "7", "."], "--threshold takes 0.1 to 1"), (["--format", "xml", "."], "xml"),
])
def test_bad_arguments_are_answered_with_what_is_wrong(arguments, said):
    run = scan(*arguments)
    assert run.returncode == 64 and said in run.stderr.decode()
