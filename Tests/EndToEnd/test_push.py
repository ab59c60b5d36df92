"""`onefold push` on generated and real trees: the answer of the API equals a SHA-256 map of the same tree."""
import os
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.client import Client
from support.program import BINARY, Onefold
from support.proxy import Proxy
from support.trees import Truth, generate


def push(program, directory, client, *flags, **options):
    return subprocess.run(
        [BINARY, "push", directory, "--server", program.url, "--email", client.email, *flags],
        env=dict(os.environ, ONEFOLD_PASSWORD=client.password), capture_output=True, text=True, timeout=280, **options)


def assert_tells_the_truth(client, truth, prefix):
    client.position = max(client.position, 1)
    files = list(client.pages("/files", state="live", prefix=prefix + "/"))
    assert len(files) == truth.files
    by_digest = {}
    for file in files:
        by_digest.setdefault(file["digest"], []).append(file["path"].removeprefix(prefix + "/"))
    assert {digest: sorted(paths) for digest, paths in by_digest.items()} == {
        digest: sorted(paths) for digest, paths in truth.by_digest.items()}
    page = client.get("/duplicates", limit=1)
    assert page["totals"]["groups"] == len(truth.groups)
    assert page["totals"]["reclaimableBytes"] == truth.logical - truth.unique
    groups = {group["digest"]: group["copies"] for group in client.pages("/duplicates")}
    assert groups == {digest: len(paths) for digest, paths in truth.groups.items()}
    savings = client.get("/savings")
    assert (savings["files"], savings["logicalBytes"], savings["uniqueBytes"], savings["savedByDuplicates"]) == (
        truth.files, truth.logical, truth.unique, truth.logical - truth.unique)
    assert savings["storedBytes"] + savings["savedByCompression"] == truth.unique


def test_a_generated_tree_is_stored_as_a_sha256_map_says(onefold, user, workspace):
    tree = generate(workspace / "tree", files=600, seed=11)
    result = push(onefold, tree, user)
    assert result.returncode == 0, result.stderr
    assert "Sent 600 files" in result.stdout
    assert_tells_the_truth(user, Truth(tree), "tree")


def test_a_real_tree_is_stored_as_a_sha256_map_says(onefold, user):
    tree = Path("/usr/share/doc")
    if not tree.is_dir():
        pytest.skip("/usr/share/doc is not there")
    truth = Truth(tree)
    result = push(onefold, tree, user)
    assert result.returncode == 0, result.stderr
    assert_tells_the_truth(user, truth, "doc")


def test_pushing_again_sends_nothing(onefold, user, workspace):
    tree = generate(workspace / "tree", files=50, seed=12)
    assert push(onefold, tree, user).returncode == 0
    (count,), = onefold.sql("SELECT count(*) FROM log.event WHERE owner = %s", [user.account["id"]])
    result = push(onefold, tree, user)
    assert result.returncode == 0, result.stderr
    assert "Sent 0 files (0 bytes); 50 were there already." in result.stdout
    assert onefold.sql("SELECT count(*) FROM log.event WHERE owner = %s AND type LIKE 'file.%%'", [user.account["id"]]) == [(50,)]
    assert count > 0


def test_an_interrupted_push_goes_on_without_sending_twice(onefold, user, workspace):
    tree = generate(workspace / "tree", files=1500, seed=13)
    process = subprocess.Popen(
        [BINARY, "push", tree, "--server", onefold.url, "--email", user.email, "--concurrency", "4"],
        env=dict(os.environ, ONEFOLD_PASSWORD=user.password), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (sent,), = onefold.sql("SELECT count(*) FROM log.event WHERE owner = %s AND type = 'file.uploaded'", [user.account["id"]])
        if sent >= 100:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "run the same command again" in errors
    result = push(onefold, tree, user)
    assert result.returncode == 0, result.stderr
    assert_tells_the_truth(user, Truth(tree), "tree")
    # Each upload is a job, which stays whatever becomes of its file.
    (uploads, distinct), = onefold.sql(
        "SELECT count(*), count(DISTINCT path) FROM jobs.job WHERE owner = %s AND kind = 'analyze'", [user.account["id"]])
    assert uploads == distinct == 1500


def test_bytes_that_changed_on_their_way_are_refused_and_sent_by_the_next_push(onefold, user, workspace):
    tree = workspace / "tree"
    tree.mkdir()
    (tree / "large.bin").write_bytes(os.urandom(900_000))
    proxy = Proxy(onefold.url.removeprefix("http://"))
    try:
        proxy.set("flip")
        result = push(SimpleNamespace(url=f"http://127.0.0.1:{proxy.port}"), tree, user, "--no-wait")
    finally:
        proxy.close()
    assert result.returncode == 1 and "not sent: tree/large.bin: 422" in result.stderr, result.stderr
    assert list(user.pages("/files", state="all")) == []
    assert "Sent 1 files" in push(onefold, tree, user).stdout
    digest, = Truth(tree).by_digest
    assert [(file["path"], file["digest"]) for file in user.pages("/files")] == [("tree/large.bin", digest)]


def test_wrong_password_says_so(onefold, user, workspace):
    (workspace / "tree").mkdir()
    user.password = "not the right one"
    result = push(onefold, workspace / "tree", user)
    assert result.returncode != 0
    assert "401" in result.stderr


def test_no_server_says_so(user, workspace):
    (workspace / "tree").mkdir()
    (workspace / "tree/a").write_text("a")
    result = subprocess.run([BINARY, "push", workspace / "tree", "--server", "http://127.0.0.1:1", "--email", "a@example.org"],
                            env=dict(os.environ, ONEFOLD_PASSWORD="whatever it is"), capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert "does not answer" in result.stderr and "--server" in result.stderr
