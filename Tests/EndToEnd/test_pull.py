"""`onefold pull`: what was pushed comes back, byte for byte, now or as it was once; and nothing else on the disk is touched."""
import hashlib
import io
import json
import os
import signal
import subprocess
import tarfile
import time
import uuid

import pytest
from support.client import Client, sha256
from support.program import BINARY
from support.proxy import Proxy
from support.trees import Truth, generate

from test_push import push


def pull(url, directory, client, *flags):
    return subprocess.run([BINARY, "pull", directory, "--server", url, "--email", client.email, *flags],
                          env=dict(os.environ, ONEFOLD_PASSWORD=client.password), capture_output=True, text=True, timeout=280)


def contents(directory):
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_what_was_pushed_comes_back(onefold, user, workspace):
    tree = generate(workspace / "tree", files=700, seed=21, largest=2 << 20)
    (tree / "a ü\u2009💾").write_bytes(b"a name that is more than letters")
    # To a reader these are one name; and one begins with what joins the slash before it.
    for name in ("caf\u00e9", "cafe\u0301", "\u0301x"):
        (tree / name).write_bytes(b"the same in all of them")
    (tree / "large.bin").write_bytes(os.urandom(9_000_000))
    (tree / "large again.bin").write_bytes((tree / "large.bin").read_bytes())
    assert push(onefold, tree, user).returncode == 0
    back = workspace / "back"
    result = pull(onefold.url, back, user, "--prefix", "tree")
    assert result.returncode == 0, result.stderr
    assert "Wrote 706 files" in result.stdout and "0 were there already" in result.stdout
    assert contents(back) == contents(tree)
    assert Truth(back).by_digest == Truth(tree).by_digest


def test_by_default_it_goes_where_push_took_it_from(onefold, user, workspace):
    tree = generate(workspace / "Pictures", files=20, seed=22)
    before = contents(tree)
    assert push(onefold, tree, user).returncode == 0
    for path in list(tree.rglob("*.bin"))[:7]:
        path.unlink()
    result = pull(onefold.url, tree, user)
    assert result.returncode == 0, result.stderr
    assert "Wrote 7 files" in result.stdout and "13 were there already" in result.stdout
    assert contents(tree) == before
    assert "Wrote 0 files (0 bytes); 20 were there already." in pull(onefold.url, tree, user).stdout


def test_a_file_that_differs_stays_unless_it_is_to_be_replaced(onefold, user, workspace):
    user.upload("docs/a.txt", b"as the server has it")
    user.upload("docs/b.txt", b"another one")
    target = workspace / "docs"
    target.mkdir()
    (target / "a.txt").write_bytes(b"as somebody made it")
    result = pull(onefold.url, target, user)
    assert result.returncode == 1
    assert "not written: a.txt: another file stands there; --overwrite replaces it" in result.stderr
    assert contents(target) == {"a.txt": b"as somebody made it", "b.txt": b"another one"}
    assert pull(onefold.url, target, user, "--overwrite").returncode == 0
    assert contents(target) == {"a.txt": b"as the server has it", "b.txt": b"another one"}


def test_no_link_leads_out_of_the_directory(onefold, user, workspace):
    user.upload("in/through/a.txt", b"never written outside")
    user.upload("in/b.txt", b"nor this")
    user.upload("in/c.txt", b"written")
    outside, target = workspace / "outside", workspace / "in"
    outside.mkdir()
    target.mkdir()
    (outside / "b.txt").write_bytes(b"of somebody else")
    (target / "through").symlink_to(outside)
    (target / "b.txt").symlink_to(outside / "b.txt")
    result = pull(onefold.url, target, user, "--overwrite")
    assert result.returncode == 1 and "2 files could not be written" in result.stderr, result.stderr
    assert contents(outside) == {"b.txt": b"of somebody else"}
    assert (target / "c.txt").read_bytes() == b"written"
    assert not list(target.rglob(".onefold-*"))


def test_what_there_was_comes_back_as_it_was(onefold, user, workspace):
    user.upload("notes/kept.txt", b"the same all the time")
    user.upload("notes/changed.txt", b"first")
    removed = user.upload("notes/removed.txt", b"here at first")
    user.get("/files")
    then = user.position
    user.upload("notes/changed.txt", b"second")
    user.upload("notes/later.txt", b"not here at first")
    assert user.request("DELETE", f"/files/{removed['id']}").status_code == 200
    user.get("/files")
    assert pull(onefold.url, workspace / "now", user, "--prefix", "notes").returncode == 0
    assert contents(workspace / "now") == {
        "kept.txt": b"the same all the time", "changed.txt": b"second", "later.txt": b"not here at first"}
    result = pull(onefold.url, workspace / "then", user, "--prefix", "notes", "--at", str(then))
    assert result.returncode == 0, result.stderr
    assert contents(workspace / "then") == {
        "kept.txt": b"the same all the time", "changed.txt": b"first", "removed.txt": b"here at first"}


def test_one_that_is_interrupted_goes_on_and_leaves_nothing_half_written(own_onefold, workspace):
    user = Client.registered(own_onefold.url)
    tree = generate(workspace / "tree", files=1500, seed=23)
    assert push(own_onefold, tree, user, "--no-wait").returncode == 0
    wanted, back = contents(tree), workspace / "back"
    process = subprocess.Popen(
        [BINARY, "pull", back, "--prefix", "tree", "--server", own_onefold.url, "--email", user.email, "--concurrency", "1"],
        env=dict(os.environ, ONEFOLD_PASSWORD=user.password), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (back.is_dir() and next(back.rglob("*.bin"), None)):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and "run the same command again" in errors, errors
    assert 0 < len(contents(back)) < 1500 and contents(back).items() <= wanted.items()
    assert pull(own_onefold.url, back, user, "--prefix", "tree").returncode == 0
    assert contents(back) == wanted


def test_a_connection_that_breaks_costs_what_it_had_not_carried(onefold, user, workspace):
    data = os.urandom(1_400_000)
    user.upload("through/it.bin", data)
    proxy = Proxy(onefold.url.removeprefix("http://"))
    try:
        proxy.set("tear")
        result = pull(f"http://127.0.0.1:{proxy.port}", workspace / "through", user)
    finally:
        proxy.close()
    assert result.returncode == 0, result.stderr
    assert contents(workspace / "through") == {"it.bin": data}


def test_damage_costs_the_files_that_have_it_and_is_told(own_onefold, workspace):
    user = Client.registered(own_onefold.url)
    tree = workspace / "tree"
    tree.mkdir()
    files = {f"{number}.txt": b"content %d, which is not like the others" % number * (number + 1) for number in range(40)}
    for name, data in files.items():
        (tree / name).write_bytes(data)
    assert push(own_onefold, tree, user).returncode == 0
    pack, = (own_onefold.data_dir / "blobs/packs").rglob("*.pack")
    digest = hashlib.sha256(files["7.txt"]).digest()
    (start, size), = own_onefold.sql("SELECT start, stored_size FROM blob.chunk WHERE digest = %s", [digest])
    stored = bytearray(pack.read_bytes())
    stored[start + size // 2] ^= 1
    pack.write_bytes(stored)
    result = pull(own_onefold.url, workspace / "back", user, "--prefix", "tree")
    assert result.returncode == 1
    assert "not written: 7.txt: 500" in result.stderr or "not written: 7.txt: 410" in result.stderr, result.stderr
    assert contents(workspace / "back") == {name: data for name, data in files.items() if name != "7.txt"}


def test_a_prefix_that_nothing_has_is_told(onefold, user, workspace):
    user.upload("somewhere/a.txt", b"a")
    user.get("/files")
    result = pull(onefold.url, workspace / "elsewhere", user)
    assert result.returncode != 0
    assert 'no files below "elsewhere/"' in result.stderr and "--prefix" in result.stderr
    assert not (workspace / "elsewhere").exists()


# The archive that it asks for.

def test_an_archive_has_the_files_that_were_asked_for_and_are_the_askers(onefold, user):
    other = Client.registered(onefold.url)
    theirs = other.upload("secret.txt", b"of somebody else")
    large = os.urandom(700_000)
    ids = [user.upload(path, data)["id"] for path, data in [("b/ü.txt", b"one"), ("a", b""), ("large.bin", large)]]
    user.get("/files")
    answer = user.request("POST", "/files/archive", json={"ids": [*ids, str(uuid.uuid4()), theirs["id"]]})
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        members = [(member.name, archive.extractfile(member).read()) for member in archive]
        assert members == [("b/ü.txt", b"one"), ("a", b""), ("large.bin", large)]
        assert archive.getmember("a").pax_headers["ONEFOLD.sha256"] == sha256(b"")[7:]
        assert abs(archive.getmember("a").mtime - time.time()) < 600


@pytest.mark.parametrize("body, status", [
    ({}, 400), ({"ids": []}, 400), ({"ids": ["no id"]}, 400), ({"ids": [str(uuid.uuid4())] * 1001}, 400)])
def test_an_archive_of_what_cannot_be_asked_for_is_a_problem(user, body, status):
    answer = user.request("POST", "/files/archive", data=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == status and answer.headers["Content-Type"] == "application/problem+json"
