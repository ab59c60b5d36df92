"""Files of any kind that are versions of each other are found by what their bytes have in common."""
import json
import random
import subprocess

import pytest
from support.client import Client, sha256
from support.program import BINARY
from support.promise import seed, trials

from test_similar import groups, paths, rebuild

EDITS = ["replace", "insert", "delete", "move", "append", "cut"]


def edited(rng, data, edit, share=0.1):
    """The same, changed in one place, by up to a tenth."""
    length = rng.randrange(1, max(2, int(len(data) * share)))
    start = rng.randrange(len(data) - length + 1)
    before, part, after = data[:start], data[start:start + length], data[start + length:]
    if edit == "move":
        rest = before + after
        place = rng.randrange(len(rest) + 1)
        return rest[:place] + part + rest[place:]
    return {"replace": before + rng.randbytes(length) + after, "insert": before + rng.randbytes(length) + part + after,
            "delete": before + after, "append": data + rng.randbytes(length), "cut": data[:len(data) - length]}[edit]


def image(rng, size):
    """Like a disk's image or a program: noise, tables, runs of zeros."""
    out = bytearray()
    while len(out) < size:
        kind = rng.randrange(4)
        count = rng.randrange(500, 20_000)
        out += (rng.randbytes(count) if kind < 2 else bytes(count) if kind == 2 else
                b"".join(rng.randrange(2**20).to_bytes(4, "little") for _ in range(count // 4)))
    return b"\x7fELF\0" + bytes(out[:size - 5])


@pytest.fixture
def client(onefold):
    return Client.registered(onefold.url)


def test_versions_of_files_are_found_and_no_others(client, promise):
    """TRIALS originals of 64 KiB to 2 MB, each with a version of each kind of edit."""
    number, count = seed(), trials(12)
    rng = random.Random(number)
    for original in range(count):
        data = image(rng, 65_536 if original % 2 == 0 else rng.randrange(65_536, 2_000_000))
        client.upload(f"{original}/original.img", data)
        for edit in EDITS:
            client.upload(f"{original}/{edit}.img", edited(rng, data, edit))
    client.wait_until_settled(timeout=300)
    found = {member: group for group in groups(client) for member in paths(group)}
    wanted = [f"{original}/{edit}.img" for original in range(count) for edit in EDITS]
    missed = [path for path in wanted if path not in found or f"{path.split('/')[0]}/original.img" not in paths(found[path])]
    wrong = [group for group in groups(client) if len({path.split("/")[0] for path in paths(group)}) > 1]
    promise.held("bytes", f"{len(wanted)} versions of {count} files", number, f"missed {len(missed)} {missed[:3]}", f"mixed groups {len(wrong)}")
    assert not wrong and len(missed) <= max(1, len(wanted) // 100)


def test_a_group_tells_which_bytes_are_common(onefold, client):
    rng = random.Random(5)
    first = image(rng, 300_000)
    second = first[:100_000] + rng.randbytes(12_000) + first[110_000:]
    files = [client.upload("disk.img", first), client.upload("disk (new).img", second)]
    client.wait_until_settled()
    group, = groups(client)
    member = group["members"][1]
    assert member["likeness"] == "similar-bytes" and 0.8 < member["score"] < 1
    evidence = client.get(f"/duplicates/{group['id']}/evidence", digest=sha256(first), other=sha256(second))
    assert evidence["method"] == "bytes" and (evidence["size"], evidence["otherSize"]) == (300_000, 302_000)
    assert 270_000 < evidence["commonBytes"] <= 290_000 and sum(run["bytes"] for run in evidence["otherRuns"]) == 302_000
    assert any(not run["isCommon"] and run["start"] <= 100_000 <= run["start"] + run["bytes"] for run in evidence["runs"])
    rebuild(onefold)
    assert [paths(found) for found in groups(client)] == [paths(group)]
    # From another likeness on, or never; and back.
    for wanted, shown in ((0.99, 0), (None, 0), (0.5, 1)):
        answer = client.request("PUT", "/me/thresholds", json={"text": 0.4, "picture": 0.68, "bytes": wanted, "sameContent": True})
        assert answer.status_code == 200 and answer.json()["bytes"] == wanted, answer.text
        assert len(groups(client)) == shown
    assert client.request("PUT", "/me/thresholds", json={"bytes": 0.3, "sameContent": True}).status_code == 422
    # Whoever knows nothing of it says nothing about it.
    assert client.request("PUT", "/me/thresholds", json={"text": 0.4, "picture": 0.68, "sameContent": True}).json()["bytes"] == 0.5
    assert client.get("/me/thresholds/preview", bytes="off")["then"]["groups"] == 0
    assert client.get(f"/files/{files[0]['id']}/history")


def test_what_is_small_or_all_zeros_is_not_compared(client):
    rng = random.Random(6)
    for name, data in (("a", image(rng, 20_000)), ("zeros", bytes(5_000_000))):
        client.upload(f"{name} 1", data)
        client.upload(f"{name} 2", data[:-1000])
    client.wait_until_settled()
    assert groups(client) == []


def test_an_archive_is_compared_by_its_bytes_too(client):
    import io
    import tarfile

    def tar(members):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name, data in members:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        return out.getvalue()

    rng = random.Random(7)
    members = [(f"{n}.bin", rng.randbytes(20_000)) for n in range(12)]
    client.upload("backup.tar", tar(members))
    client.upload("backup, packed in another order.tar", tar(members[::-1]))
    client.upload("backup of the next day.tar", tar(members[:-1] + [("new.bin", rng.randbytes(15_000))]))
    client.wait_until_settled()
    group, = groups(client)
    assert {member["files"][0]["path"]: member.get("likeness") for member in group["members"][1:]} == {
        "backup, packed in another order.tar": "same-content", "backup of the next day.tar": "similar-bytes"}


def test_a_scan_finds_them_without_a_service(workspace):
    rng = random.Random(8)
    data = image(rng, 400_000)
    for name, content in (("a.img", data), ("b.img", edited(rng, data, "insert")), ("c.img", image(rng, 400_000))):
        (workspace / name).write_bytes(content)
    result = subprocess.run([BINARY, "scan", workspace, "--similar", "--format", "json"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    similar = json.loads(result.stdout)["similar"]
    assert [sorted(member["path"].split("/")[-1] for member in group["members"]) for group in similar] == [["a.img", "b.img"]], similar
