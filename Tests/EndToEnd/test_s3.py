"""Contents in a bucket: kept once, served by any server, safe when the service is away; and what operators do with it."""
import json
import os
import random
import time

import pytest
from support.client import Client, content_digest, sha256
from support.cluster import Cluster
from support.program import Onefold
from support.s3 import SECRET, Bucket



@pytest.fixture
def bucket():
    bucket = Bucket()
    yield bucket
    bucket.close()


@pytest.fixture
def program(workspace, bucket):
    program = Onefold(workspace / "data", environment=bucket.environment).start()
    yield program
    program.stop()


def command(program, *arguments, **environment):
    return program.command(*arguments, "--data-dir", program.data_dir,
                           env=dict(os.environ, **program.environment, **environment))


def download(client, file):
    answer = client.request("GET", f"/files/{file['id']}/content")
    assert answer.status_code == 200, answer.text
    return answer.content


def test_files_go_into_the_bucket_once_and_come_out_of_it(program, bucket):
    rng = random.Random(1)
    client = Client.registered(program.url)
    contents = {"small.txt": b"a few words", "empty": b"", "large.bin": rng.randbytes(6 << 20),
                "text.txt": b" ".join(b"word%d" % rng.randrange(3000) for _ in range(100_000))}
    files = {name: client.upload(name, data, digest=content_digest(data)) for name, data in contents.items()}
    before = bucket.objects("packs/")
    client.upload("again/large.bin", contents["large.bin"])
    client.upload("more/large.bin", contents["large.bin"] + b"and more")
    client.wait_until_settled()
    new = {name: size for name, size in bucket.objects("packs/").items() if name not in before}
    assert sum(new.values()) < 1_000_000, "only what is new travels"
    for name, data in contents.items():
        assert download(client, files[name]) == data
    part = client.request("GET", f"/files/{files['large.bin']['id']}/content", headers={"Range": "bytes=3000000-3000999"})
    assert part.status_code == 206 and part.content == contents["large.bin"][3_000_000:3_001_000]
    savings = client.get("/savings")
    assert savings["savedByDuplicates"] >= len(contents["large.bin"])
    here = [path for path in (program.data_dir / "blobs").rglob("*") if path.is_file()]
    assert here == [], "nothing stays in the directory"


def test_any_server_serves_what_another_took(workspace, bucket):
    cluster = Cluster(workspace, environment=bucket.environment)
    try:
        one = Client.registered(cluster.urls[0])
        data = random.Random(2).randbytes(700_000)
        file = one.upload("file.bin", data)
        other = Client.registered_as(one)
        other.url = cluster.urls[1]
        assert download(other, file) == data
        one.wait_until_settled()
    finally:
        cluster.stop()


@pytest.mark.timeout(180)
def test_while_the_service_is_away_uploads_are_refused_and_nothing_is_lost(program, bucket):
    client = Client.registered(program.url)
    data = random.Random(3).randbytes(300_000)
    file = client.upload("before.bin", data)
    bucket.link.set("cut")
    answer = client.put("during.bin", data + b"1", key="during")
    assert answer.status_code == 503 and "Retry-After" in answer.headers, answer.text
    assert answer.json()["type"].endswith("unavailable") and "127.0.0.1" not in answer.text
    assert client.request("GET", "/files", params={"prefix": "during"}).json()["items"] == []
    bucket.link.set("pass")
    assert client.put("during.bin", data + b"1", key="during").status_code == 201
    client.wait_until_settled()
    assert download(client, file) == data
    assert {job["state"] for job in client.pages("/jobs")} == {"succeeded"}


def test_damage_in_the_bucket_is_found_named_and_mended(program, bucket):
    client = Client.registered(program.url)
    data = random.Random(4).randbytes(300_000)
    file = client.upload("precious.bin", data)
    client.wait_until_settled()
    assert command(program, "fsck").returncode == 0
    bucket.damage(max(bucket.objects("packs/").items(), key=lambda item: item[1])[0])
    report = json.loads(command(program, "fsck", "--json").stdout)
    found, = report["damaged"]
    assert found["digest"] == sha256(data) and found["holders"][0]["path"] == "precious.bin"
    client.upload("sent again.bin", data)
    assert download(client, file) == data
    assert command(program, "fsck").returncode == 0


def test_the_doctor_looks_at_the_bucket_and_says_what_is_wrong(program, bucket):
    well = command(program, "doctor", "check", "--json")
    assert any(f["area"] == "s3" and f["verdict"] == "ok" for f in json.loads(well.stdout)), well.stdout
    ill = command(program, "doctor", "check", "--json", ONEFOLD_S3_BUCKET="nobody-made-it")
    finding, = [f for f in json.loads(ill.stdout) if f["area"] == "s3"]
    assert finding["verdict"] == "fail" and "Create the bucket" in finding["text"], finding
    assert SECRET not in ill.stdout + ill.stderr + program.log()


def test_a_second_installation_is_kept_out_of_the_place(program, bucket, workspace):
    client = Client.registered(program.url)
    client.upload("mine.bin", b"mine alone")
    client.wait_until_settled()
    other = Onefold(workspace / "other", environment=bucket.environment)
    try:
        with pytest.raises(AssertionError, match="another installation"):
            other.start()
    finally:
        other.kill()


@pytest.mark.timeout(180)
def test_the_log_is_backed_up_and_restored_to_the_same_bucket(program, bucket, workspace):
    rng = random.Random(5)
    client = Client.registered(program.url)
    contents = {f"{number}.bin": rng.randbytes(50_000 + number) for number in range(5)}
    for name, data in contents.items():
        client.upload(name, data)
    client.wait_until_settled()
    backup = command(program, "backup", workspace / "backup", "--with-secrets")
    assert backup.returncode == 0 and "The bytes are in the bucket" in backup.stdout, backup
    drill = command(program, "restore", workspace / "backup", "--drill")
    assert drill.returncode == 0 and "in a bucket, not read" in drill.stdout, drill
    program.stop()
    restored = Onefold(workspace / "restored", environment=bucket.environment)
    without = restored.command("restore", workspace / "backup", "--data-dir", restored.data_dir)
    assert without.returncode != 0 and "ONEFOLD_S3_ENDPOINT" in without.stderr
    answer = restored.command("restore", workspace / "backup", "--data-dir", restored.data_dir,
                              env=dict(os.environ, **bucket.environment))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    restored.start()
    try:
        again = Client(restored.url).sign_in(client.email, client.password)
        files = {file["path"]: file for file in again.pages("/files")}
        assert {name: download(again, files[name]) for name in contents} == contents
    finally:
        restored.stop()


@pytest.mark.timeout(120)
def test_bytes_that_nobody_has_any_more_leave_the_bucket(workspace, bucket):
    program = Onefold(workspace / "data", flags=["--reclaim-grace", "1"], environment=bucket.environment).start()
    try:
        client = Client.registered(program.url)
        file = client.upload("gone.bin", random.Random(6).randbytes(300_000))
        kept = client.upload("kept.bin", b"something else")
        client.wait_until_settled()
        assert client.request("DELETE", f"/files/{file['id']}", params={"permanent": "true"}).ok
        deadline = time.monotonic() + 60
        while not program.sql("SELECT id FROM log.event WHERE type = 'content.reclaimed'"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert "not kept any more" in command(program, "explain", file["digest"]).stdout
        assert download(client, kept) == b"something else"
    finally:
        program.stop()
