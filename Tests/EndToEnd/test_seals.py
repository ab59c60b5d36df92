"""Seals, by the built program and by a second verifier that was written from docs/seals.md alone."""
import base64
import hashlib
import json
import struct
import shutil
import subprocess
import time as clock
import uuid
from datetime import datetime, timezone

import psycopg
from support.client import Client
from support.program import BINARY

EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)


def sha256(data):
    return hashlib.sha256(data).digest()


def row(*fields):
    """A row in the binary form of COPY."""
    return struct.pack(">h", len(fields)) + b"".join(
        struct.pack(">i", -1) if field is None else struct.pack(">i", len(field)) + field for field in fields)


def bigint(number):
    return struct.pack(">q", number)


def time(text):
    past = datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH
    return bigint((past.days * 86400 + past.seconds) * 1_000_000 + past.microseconds)


def event_row(line):
    """From a line of an export, whose payload is kept to the byte."""
    event = json.loads(line)
    payload = line[line.index(b',"payload":') + len(b',"payload":'):-1]
    ids = [event[name] and uuid.UUID(event[name]).bytes
           for name in ("id", "owner", "actor", "correlationId", "causationId")]
    return row(bigint(event["position"]), bigint(event["version"]), time(event["recordedAt"]), *ids,
               struct.pack(">h", event["schemaVersion"]), event["stream"].encode(), event["type"].encode(), payload)


def leaf(event):
    return sha256(b"\0onefold event 1\n" + event)


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1" + root(leaves[:k]) + root(leaves[k:]))


def message(seal):
    key, next_key = (bytes.fromhex(seal[name].removeprefix("ed25519:")) for name in ("key", "nextKey"))
    return b"onefold seal 1\n" + row(
        bigint(seal["number"]), bigint(seal["first"]), bigint(seal["last"]), time(seal["sealedAt"]),
        bytes.fromhex(seal["root"]), bytes.fromhex(seal["previous"]), key, next_key)


def is_signed(seal, directory):
    """By OpenSSL."""
    (directory / "key.der").write_bytes(
        bytes.fromhex("302a300506032b6570032100" + seal["key"].removeprefix("ed25519:")))
    (directory / "message").write_bytes(message(seal))
    (directory / "signature").write_bytes(bytes.fromhex(seal["signature"]))
    return subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", directory / "key.der", "-rawin",
         "-in", directory / "message", "-sigfile", directory / "signature"], capture_output=True).returncode == 0


def uploaded(program, files=30):
    client = Client.registered(program.url)
    for number in range(files):
        client.upload(f"folder/file {number}.txt", f"text {number % 20}".encode() * 50)
    client.wait_until_settled()
    return client


def sealed(program, files=30):
    client = uploaded(program, files)
    result = program.command("seal", "--data-dir", program.data_dir)
    assert result.returncode == 0, result.stdout + result.stderr
    return client


def copied(program, number):
    """The copy of the seals, once the running sealer has written this one."""
    copy = program.data_dir / "seals.ndjson"
    deadline = clock.monotonic() + 30
    while not (copy.exists() and f'"number":{number},'.encode() in copy.read_bytes()):
        assert clock.monotonic() < deadline, program.log()[-4000:]
        clock.sleep(0.05)
    return copy


def public_key(program):
    result = program.command("seal", "public-key", "--data-dir", program.data_dir)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def tamper(program, *statements):
    program.sql(";".join(("SET session_replication_role = replica", *statements)))


def verify(program, *flags):
    result = program.command("verify", "--json", *flags)
    assert result.returncode in (0, 2), result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert (result.returncode == 0) == (report["findings"] == [])
    return report


def test_a_second_verifier_agrees(own_onefold, workspace):
    sealed(own_onefold)
    key = public_key(own_onefold)
    export = workspace / "log.ndjson"
    assert own_onefold.command("export", export, "--data-dir", own_onefold.data_dir).returncode == 0
    lines = export.read_bytes().splitlines()
    seals = [json.loads(line)["seal"] for line in lines if line.startswith(b'{"seal":')]
    rows = {json.loads(line)["position"]: event_row(line) for line in lines if line.startswith(b'{"position":')}
    assert seals and json.loads(lines[-1])["end"] == {"events": len(rows), "seals": len(seals)}

    previous = bytes(32)
    position = 1
    for number, seal in enumerate(seals, 1):
        assert seal["number"] == number and seal["first"] == position and seal["key"] == key
        assert bytes.fromhex(seal["previous"]) == previous
        leaves = [leaf(rows[p]) for p in range(seal["first"], seal["last"] + 1)]
        assert root(leaves).hex() == seal["root"]
        assert b"".join(leaves) == base64.b64decode(seal["leaves"])
        assert is_signed(seal, workspace)
        previous = sha256(message(seal))
        position = seal["last"] + 1

    # And the rows are what COPY sends.
    with psycopg.connect(host=str(own_onefold.sockets), port=5432, user="onefold", dbname="onefold") as connection:
        with connection.cursor().copy("""
            COPY (SELECT position, version, recorded_at, id, owner, actor, correlation_id, causation_id, schema_version,
                         stream, type, payload
                  FROM log.event ORDER BY position) TO STDOUT (FORMAT binary)""") as copy:
            data = b"".join(bytes(piece) for piece in copy)
    assert data[19:-2] == b"".join(rows[p] for p in sorted(rows))


def test_a_log_its_export_and_its_copy_verify(own_onefold, workspace):
    sealed(own_onefold)
    key, data = public_key(own_onefold), ("--data-dir", own_onefold.data_dir)
    copy = copied(own_onefold, own_onefold.sql("SELECT max(number) FROM log.seal")[0][0])
    live = verify(own_onefold, *data, "--public-key", key, "--seals", copy)
    assert live["findings"] == [] and live["events"] > 100
    for name in ("log.ndjson", "log.ndjson.lz4"):
        result = own_onefold.command("export", workspace / name, *data)
        assert result.returncode == 0, result.stderr
        report = verify(own_onefold, workspace / name, "--public-key", key, "--seals", copy)
        assert report["findings"] == [] and report["events"] >= live["events"]
    assert verify(own_onefold, workspace / "log.ndjson", "--public-key", "ed25519:" + "11" * 32)["findings"]
    piped = subprocess.run([BINARY, "export", "-", *data], capture_output=True, timeout=60)
    assert piped.stdout.splitlines()[-1].startswith(b'{"end":')
    # What lz4 makes of it is the same text.
    if shutil.which("lz4"):
        text = subprocess.run(["lz4", "-dc", workspace / "log.ndjson.lz4"], capture_output=True, check=True).stdout
        assert text.splitlines()[-1].startswith(b'{"end":')
    status = own_onefold.command("status", *data)
    assert "seals       position" in status.stdout, status.stdout


def test_tampering_is_named(own_onefold, workspace):
    sealed(own_onefold)
    data = ("--data-dir", own_onefold.data_dir)
    assert verify(own_onefold, *data)["findings"] == []
    tamper(own_onefold,
           "UPDATE log.event SET payload = '{}' WHERE position = 5", "DELETE FROM log.event WHERE position = 9",
           "UPDATE log.event SET position = -1 WHERE position = 20", "UPDATE log.event SET position = 20 WHERE position = 30",
           "UPDATE log.event SET position = 30 WHERE position = -1")
    found = {(finding["kind"], *finding["positions"]) for finding in verify(own_onefold, *data)["findings"]}
    assert found == {("changed", 5, 5), ("missing", 9, 9), ("swapped", 20, 30)}
    result = own_onefold.command("verify", *data)
    assert result.returncode == 2
    assert "Position 5 was changed after it was sealed." in result.stdout
    assert "Position 9 is missing." in result.stdout
    assert "Positions 20 and 30 were swapped." in result.stdout
    assert own_onefold.command("export", workspace / "log.ndjson", *data).returncode == 0
    exported = verify(own_onefold, workspace / "log.ndjson", "--public-key", public_key(own_onefold))
    assert {(finding["kind"], *finding["positions"]) for finding in exported["findings"]} == found


def test_a_cut_tail_shows_against_the_copy(own_onefold, workspace):
    sealed(own_onefold, files=10)
    sealed(own_onefold, files=3)
    number, first, through = own_onefold.sql(
        "SELECT number, first_position, last_position FROM log.seal ORDER BY number DESC LIMIT 1")[0]
    copy = copied(own_onefold, number)
    (workspace / "elsewhere.ndjson").write_bytes(copy.read_bytes())
    tamper(own_onefold, f"DELETE FROM log.event WHERE position >= {first}",
           f"DELETE FROM log.seal WHERE number = {number}", f"UPDATE log.head SET position = {first - 1}")
    data = ("--data-dir", own_onefold.data_dir)
    findings = verify(own_onefold, *data, "--seals", workspace / "elsewhere.ndjson")["findings"]
    assert {"missing", "sealMissing"} == {finding["kind"] for finding in findings}
    assert all(finding["positions"] == [first, through] for finding in findings)


def test_one_event_is_proved_offline(own_onefold, workspace):
    sealed(own_onefold)
    admin = Client.admin(own_onefold)
    answer = admin.request("GET", "/admin/audit/events/7/proof")
    assert answer.status_code == 200
    proof = answer.json()
    (workspace / "proof.json").write_text(json.dumps(proof, indent=4))
    key = public_key(own_onefold)
    result = own_onefold.command("verify", "--proof", workspace / "proof.json", "--public-key", key)
    assert result.returncode == 0 and "position 7" in result.stdout, result.stdout + result.stderr

    # The second verifier's way up.
    index, hash, last = proof["index"], leaf(base64.b64decode(proof["event"])), proof["seal"]["last"] - proof["seal"]["first"]
    path = [bytes.fromhex(step) for step in proof["path"]]
    while last:
        if index % 2 == 1:
            hash = sha256(b"\1" + path.pop(0) + hash)
        elif index + 1 <= last:
            hash = sha256(b"\1" + hash + path.pop(0))
        index, last = index // 2, last // 2
    assert not path and hash.hex() == proof["seal"]["root"] and is_signed(proof["seal"], workspace)

    event = bytearray(base64.b64decode(proof["event"]))
    event[-3] ^= 1
    (workspace / "forged.json").write_text(json.dumps(dict(proof, event=base64.b64encode(event).decode())))
    result = own_onefold.command("verify", "--proof", workspace / "forged.json", "--public-key", key)
    assert result.returncode == 2 and "NOT PROVED" in result.stdout
    result = own_onefold.command("verify", "--proof", workspace / "proof.json", "--public-key", "ed25519:" + "22" * 32)
    assert result.returncode == 2


def test_keys_are_made_for_their_owner_alone(own_onefold, workspace):
    key = own_onefold.data_dir / "secrets/seal-key"
    assert key.stat().st_mode & 0o777 == 0o600
    made = own_onefold.command("seal", "new-key", workspace / "key")
    assert made.returncode == 0 and (workspace / "key").stat().st_mode & 0o777 == 0o600
    shown = own_onefold.command("seal", "public-key", "--seal-key-file", workspace / "key")
    assert shown.stdout == made.stdout and made.stdout.startswith("ed25519:")
    assert own_onefold.command("seal", "new-key", workspace / "key").returncode != 0
    (workspace / "key").chmod(0o644)
    refused = own_onefold.command("seal", "public-key", "--seal-key-file", workspace / "key")
    assert refused.returncode != 0 and "chmod 600" in refused.stderr
