"""What is kept of contents: each part once, whole after every crash, and every damage found and mended."""
import hashlib
import json
import random
import time

from support import packs
from support.client import Client, sha256
from support.program import Onefold
from support.promise import seed as seed_of_this_run
from support.promise import trials

LARGE = 3_000_000


def noise(count, seed):
    return random.Random(seed).randbytes(count)


def held(program):
    """Bytes of all files below the store."""
    return sum(path.stat().st_size for path in (program.data_dir / "blobs").rglob("*") if path.is_file())


def hex_of(data):
    return hashlib.sha256(data).hexdigest()


def test_versions_of_a_large_file_share_what_is_the_same(own_onefold):
    client = Client.registered(own_onefold.url)
    first = noise(LARGE, 1)
    second = first[:1_000_000] + b"a few words in the middle" + first[1_000_000:]
    files = [client.upload("first.bin", first), client.upload("second.bin", second)]
    client.wait_until_settled()
    assert held(own_onefold) < 1.1 * LARGE
    # By whoever reads the packs with nothing but their description.
    assert packs.contents(own_onefold.data_dir / "blobs") == {hex_of(first): first, hex_of(second): second}
    assert not [path for path in (own_onefold.data_dir / "blobs/raw").rglob("*") if path.is_file()]
    for file, data in zip(files, (first, second)):
        assert client.request("GET", f"/files/{file['id']}/content").content == data
        part = client.request("GET", f"/files/{file['id']}/content", headers={"Range": "bytes=999990-1500000"})
        assert part.status_code == 206 and part.content == data[999_990:1_500_001]


def test_the_way_of_compressing_may_change_at_any_time(workspace):
    words = random.Random(8)
    vocabulary = [words.randbytes(4).hex().encode() for _ in range(500)]
    texts = [b" ".join(words.choices(vocabulary, k=150_000)) for _ in range(3)]
    sizes = []
    for number, name in enumerate(["lz4", "zstd", "lz4"]):
        program = Onefold(workspace / "data", environment={"ONEFOLD_COMPRESSION": name}).start()
        try:
            client = Client.registered(program.url)
            # The last one is there already, in another form: it stays as it is.
            client.upload("text", texts[min(number, 1)])
            client.wait_until_settled()
            sizes.append(held(program))
            assert packs.contents(program.data_dir / "blobs") == {hex_of(text): text for text in texts[:min(number, 1) + 1]}
            result = program.command("fsck", "--data-dir", program.data_dir)
            assert result.returncode == 0, result.stdout + result.stderr
        finally:
            program.stop()
    first, second, third = sizes[0], sizes[1] - sizes[0], sizes[2] - sizes[1]
    assert second < 0.85 * first and third == 0, sizes
    refused = program.command("fsck", "--data-dir", program.data_dir, "--compression", "gzip")
    assert refused.returncode != 0 and "zstd-19" in refused.stderr, refused.stderr


def test_what_is_saved_adds_up_and_a_recount_from_the_packs_agrees_to_the_byte(own_onefold):
    client, other, admin = Client.registered(own_onefold.url), Client.registered(own_onefold.url), Client.admin(own_onefold)
    text = b"".join(b"line %d of a text that compresses\n" % number for number in range(60_000))
    first, small = noise(LARGE, 5) + text, noise(5_000, 6)
    changed = first[:500_000] + b"another middle" + first[500_000:]
    for who, name, data in ((client, "a", first), (client, "copy of a", first), (other, "b", changed), (client, "c", small)):
        who.upload(name, data)
    for who in (client, other):
        who.wait_until_settled()
    content_bytes, chunk_bytes, stored_bytes = packs.recount(own_onefold.data_dir / "blobs")
    assert content_bytes == len(first) + len(changed)
    told = admin.get("/admin/savings", wait=client.upload("c", small + b".")["position"])
    client.wait_until_settled()
    assert told["savedByDuplicates"] == len(first)
    assert told["savedByParts"] == content_bytes - chunk_bytes > 0.9 * len(first)
    # The small contents do not compress.
    assert told["storedBytes"] == stored_bytes + 2 * len(small) + 1
    assert told["savedByCompression"] == chunk_bytes - stored_bytes > 0.5 * len(text)
    saved = sum(told[name] for name in ("savedByDuplicates", "savedByParts", "savedByCompression"))
    assert told["logicalBytes"] == told["storedBytes"] + saved and told["wastedBytes"] == 0


def test_a_recount_finds_a_count_that_somebody_changed(own_onefold):
    client = Client.registered(own_onefold.url)
    client.upload("a", noise(LARGE, 3))
    client.wait_until_settled()

    def fsck():
        result = own_onefold.command("fsck", "--data-dir", own_onefold.data_dir)
        return result.returncode, result.stdout
    status, text = fsck()
    assert status == 0 and "chunks from the packs agrees with the index" in text, text
    own_onefold.sql("UPDATE blob.chunk SET contents = 7 WHERE digest = (SELECT digest FROM blob.chunk ORDER BY digest LIMIT 1)")
    status, text = fsck()
    assert status == 1 and "RECOUNT  the chunk sha256:" in text and "needed by 7 contents, and 1 have it" in text, text


def test_nobody_can_tell_that_others_have_parts_of_their_file(own_onefold):
    alice, bob, carol = (Client.registered(own_onefold.url) for _ in range(3))
    shared = noise(LARGE, 2)
    alice.upload("hers.bin", shared)
    alice.wait_until_settled()
    bob.upload("his.bin", shared[:2_000_000] + b"and something of his own")
    bob.wait_until_settled()
    carol.upload("other.bin", noise(2_000_024, 3))
    carol.wait_until_settled()
    told, expected = bob.get("/savings"), carol.get("/savings")
    # Neither compresses: what is told of his file is what it would take if nobody else were there.
    assert told["storedBytes"] == 2_000_024 == expected["storedBytes"]
    assert held(own_onefold) < LARGE + 2_000_024 + 400_000


def test_what_is_being_settled_survives_kill_9(own_onefold, promise):
    rounds, seed = trials(4), seed_of_this_run()
    chance = random.Random(seed)
    client = Client.registered(own_onefold.url)
    common, sent = noise(6_000_000, 4), {}
    for number in range(rounds):
        for part in range(3):
            data = common[:chance.randrange(6_000_000)] + noise(300_000, f"{number} {part}") + common[2_000_000:]
            sent[client.upload(f"{number}-{part}.bin", data)["id"]] = data
        time.sleep(chance.random() * 0.5)
        own_onefold.kill()
        own_onefold.start()
    client.wait_until_settled(timeout=120)
    broken = [file for file, data in sent.items() if client.request("GET", f"/files/{file}/content").content != data]
    check = own_onefold.command("fsck", "--data-dir", own_onefold.data_dir)
    promise.held(1, f"{rounds} kills while contents settle", seed,
                 f"contents {len(sent)}, broken {len(broken)}")
    assert not broken and check.returncode == 0, check.stdout
    whole = packs.contents(own_onefold.data_dir / "blobs")
    assert {hex_of(data) for data in sent.values()} <= set(whole)
    assert not [path for path in (own_onefold.data_dir / "blobs/raw").rglob("*") if path.is_file()]


def test_fsck_finds_every_damage_and_alarms_on_nothing_else(own_onefold, promise):
    flips, cuts, losses, seed = trials(100), 20, 20, seed_of_this_run()
    chance = random.Random(seed)
    client = Client.registered(own_onefold.url)
    count = 2 * (flips + cuts + losses)
    contents = {}
    for number in range(count):
        size = chance.choice([1, 500, 5000, 60_000, 300_000, 900_000] if number % 10 == 0 else [1, 500, 5000, 60_000])
        data = noise(size // 2 + 1, number) + b"which compresses, " * (size // 36)
        contents[hex_of(data)] = data
        client.upload(f"{number}.bin", data)
    client.wait_until_settled(timeout=120)
    clean = own_onefold.command("fsck", "--json", "--data-dir", own_onefold.data_dir)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert json.loads(clean.stdout)["contents"] == len(contents)

    blobs = own_onefold.data_dir / "blobs"
    files = sorted(path for path in blobs.rglob("*") if path.is_file() and path.parent.parent.name in ("settled", "packs"))
    victims = chance.sample(files, min(flips + cuts + losses, len(files)))
    users = packs.users(blobs)
    affected = {}
    for number, path in enumerate(victims):
        affected[path] = users[path] if path.suffix == ".pack" else {path.name.split(".")[0]}
        data = bytearray(path.read_bytes())
        if number < flips:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            path.write_bytes(data)
        elif number < flips + cuts:
            path.write_bytes(data[:chance.randrange(len(data))])
        else:
            path.unlink()
    result = own_onefold.command("fsck", "--json", "--data-dir", own_onefold.data_dir)
    report = json.loads(result.stdout)
    damaged = {item["digest"].removeprefix("sha256:"): item for item in report["damaged"]}
    named = {item["path"] for item in report["packs"]}
    missed = [str(path) for path, digests in affected.items() if not digests & set(damaged) and str(path) not in named]
    alarms = set(damaged) - set().union(*affected.values()) | named - {str(path) for path in victims}
    promise.held(14, f"{len(victims)} files damaged of {len(files)}", seed,
                 f"found {len(victims) - len(missed)}, false alarms {len(alarms)}")
    assert result.returncode == 1 and not missed and not alarms, (missed[:5], list(alarms)[:5])
    assert all(item["holders"] for item in damaged.values())

    # Whoever has a file sends it again: that mends it for everybody.
    for digest in damaged:
        client.upload(f"again/{digest}.bin", contents[digest])
    client.wait_until_settled(timeout=120)
    mended = own_onefold.command("fsck", "--json", "--repair", "--data-dir", own_onefold.data_dir)
    assert mended.returncode == 0, mended.stdout
    for file in client.pages("/files"):
        data = client.request("GET", f"/files/{file['id']}/content").content
        assert sha256(data) == file["digest"]


def explained(program, subject):
    return program.command("explain", subject, "--data-dir", program.data_dir)


def test_it_can_be_asked_why_bytes_are_kept(own_onefold):
    client, other = Client.registered(own_onefold.url), Client.registered(own_onefold.url)
    data = noise(LARGE, 8)
    client.upload("photos/a.bin", data)
    other.upload("mine.bin", data + b"and more")
    client.upload("small.txt", b"a few words")
    client.wait_until_settled(), other.wait_until_settled()
    answer = explained(own_onefold, sha256(data))
    assert answer.returncode == 0, answer.stderr
    assert "chunks in 1 packs" in answer.stdout or "chunks in 2 packs" in answer.stdout
    assert "because this file has it" in answer.stdout and "photos/a.bin of account" in answer.stdout
    assert "mine.bin" not in answer.stdout
    assert explained(own_onefold, "mine.bin").stdout.startswith(sha256(data + b"and more"))
    assert "as a file" in explained(own_onefold, hex_of(b"a few words")).stdout
    nothing = explained(own_onefold, "no/such/path")
    assert nothing.returncode == 1 and "No file has the path" in nothing.stderr


def test_bytes_of_a_file_that_was_removed_for_good_are_given_back(workspace):
    program = Onefold(workspace / "data", flags=["--reclaim-grace", "1"]).start()
    try:
        client = Client.registered(program.url)
        data = noise(LARGE, 9)
        kept, gone = client.upload("kept.bin", data), client.upload("gone.bin", data[:2_000_000] + noise(1_500_000, 10))
        small = client.upload("small.bin", noise(9_000, 11))
        client.wait_until_settled()
        for file in (gone, small):
            assert client.request("DELETE", f"/files/{file['id']}", params={"permanent": "true"}).status_code == 204
        deadline = time.monotonic() + 60
        while len(removed := program.sql("SELECT payload->>'digest' FROM log.event WHERE type = 'content.reclaimed'")) < 2:
            assert time.monotonic() < deadline, removed
            time.sleep(0.1)
        assert {digest for digest, in removed} == {gone["digest"], small["digest"]}
        assert "not kept any more" in explained(program, gone["digest"]).stdout
        # What it shared with the other is still there, and whole; the rest waits to be tidied up.
        assert client.request("GET", f"/files/{kept['id']}/content").content == data
        assert Client.admin(program).get("/admin/savings")["wastedBytes"] > 1_400_000
        check = program.command("fsck", "--data-dir", program.data_dir)
        assert check.returncode == 0, check.stdout
    finally:
        program.stop()
