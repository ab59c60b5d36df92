"""Many files in one request: a tar archive, from Python's tarfile and from tar itself."""
import hashlib
import json
import random
import subprocess
import tarfile
import threading

import pytest
from support import packs
from support.archives import archive
from support.client import Client
from support.proxy import Proxy

TAR = {"Content-Type": "application/x-tar"}


def send(client, body, headers=None, **parameters):
    return client.request("POST", "/files", data=body, params=parameters, headers={**TAR, **(headers or {})})


def sent(client, body, headers=None, **parameters):
    answer = send(client, body, headers, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def contents(client, prefix=""):
    return {file["path"]: client.request("GET", f"/files/{file['id']}/content").content
            for file in client.pages("/files", state="live", prefix=prefix)}


def files(count, seed, largest=3000):
    rng = random.Random(seed)
    return {f"d{n % 7}/f{n}": rng.randbytes(rng.randrange(largest)) for n in range(count)}


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_form_of_tar_is_taken(onefold, user, format):
    long = "n" * 90 + "/" + "m" * 90
    tree = {**files(30, 1), long: b"long", "large": random.Random(2).randbytes(700_000), "empty": b""}
    if format != tarfile.USTAR_FORMAT:
        tree["ü" * 100 + "/" + "x" * 200] = b"longer than ustar has room for"
    body = archive(tree.items(), format)
    outcome = sent(user, body, prefix="here")
    assert (outcome["created"], outcome["unchanged"], outcome["refused"]) == (len(tree), 0, 0)
    assert outcome["createdBytes"] == sum(map(len, tree.values()))
    assert contents(user) == {f"here/{path}": data for path, data in tree.items()}
    again = sent(user, body, prefix="here")
    assert (again["created"], again["unchanged"]) == (0, len(tree))
    # And the comparison of the one that is large enough.
    assert user.wait_until_settled()["succeeded"] == len(tree) + 1


def test_curl_and_tar_are_enough(onefold, user, workspace):
    tree = workspace / "tree"
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "a.txt").write_text("hello")
    (tree / "deep" / "er" / "b").write_bytes(bytes(300_000))
    (tree / "link").symlink_to("a.txt")
    answer = subprocess.run(
        f"tar -C {tree} -c . | curl -sS --fail-with-body -H 'Authorization: Bearer {user.token}' -H 'Content-Type: application/x-tar' "
        f"--data-binary @- '{onefold.url}/api/v1/files?prefix=backup'", shell=True, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    outcome = json.loads(answer.stdout)
    assert outcome["created"] == 2 and outcome["skipped"] == 4, "three directories and a link"
    user.position = outcome["position"]
    assert contents(user) == {"backup/a.txt": b"hello", "backup/deep/er/b": bytes(300_000)}


def test_small_files_share_packs_and_are_told_of_like_others(own_onefold):
    user = Client.registered(own_onefold.url)
    tree = files(600, 3)
    batch = "01980000-0000-7000-8000-000000000001"
    sent(user, archive(tree.items()), headers={"Onefold-Batch": batch})
    user.wait_until_settled()
    assert contents(user) == tree
    blobs = own_onefold.data_dir / "blobs"
    assert len(list((blobs / "packs").rglob("*.pack"))) <= 2
    assert packs.contents(blobs) == {hashlib.sha256(data).hexdigest(): data for data in tree.values() if data}
    assert len([path for path in (blobs / "settled").rglob("*") if path.is_file()]) <= 1, "the empty one"
    assert user.get(f"/batches/{batch}")["counts"]["succeeded"] == len(tree)
    done = own_onefold.command("fsck", "--data-dir", own_onefold.data_dir)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_wrong_with_one_file_is_told_of_it_alone(onefold, user):
    good = hashlib.sha256(b"good").hexdigest()
    body = archive([
        ("a", b"good", {"ONEFOLD.sha256": good}), ("b", b"bad", {"ONEFOLD.sha256": good}), ("../c", b"1"), ("d//e", b"2"),
        ("f", b"3", {"ONEFOLD.sha256": "no digest"}), ("large", bytes(400_000), {"ONEFOLD.sha256": good}), ("z", b"last")])
    outcome = sent(user, body)
    assert (outcome["created"], outcome["refused"]) == (2, 5)
    refusals = {refusal["path"]: refusal for refusal in outcome["refusals"]}
    assert {path: refusal["type"].rsplit(":", 1)[1] for path, refusal in refusals.items()} == {
        "b": "digest-mismatch", "../c": "invalid-path", "d//e": "invalid-path", "f": "invalid-request", "large": "digest-mismatch"}
    assert all(refusal["title"] and refusal["detail"] and refusal["status"] in (400, 422) for refusal in refusals.values())
    assert contents(user) == {"a": b"good", "z": b"last"}


def test_the_last_of_two_files_of_one_path_stays(onefold, user):
    outcome = sent(user, archive([("a", b"first"), ("b", b"1"), ("a", bytes(300_000)), ("a", b"last")]))
    assert outcome["created"] == 4
    assert contents(user) == {"a": b"last", "b": b"1"}
    assert len(list(user.pages("/files", state="trashed"))) == 2


def test_files_for_which_the_quota_has_no_room_are_refused_one_by_one(onefold, user, admin):
    assert admin.request("PUT", f"/admin/users/{user.account['id']}/quota", json={"quotaBytes": 10_000}).status_code == 204
    outcome = sent(user, archive([("a", bytes(6000)), ("b", bytes(6000)), ("c", bytes(3000)), ("large", bytes(300_000))]))
    assert (outcome["created"], outcome["refused"]) == (2, 2)
    assert {(refusal["path"], refusal["status"]) for refusal in outcome["refusals"]} == {("b", 507), ("large", 507)}
    assert sorted(contents(user)) == ["a", "c"]


def test_a_broken_archive_is_refused_and_what_came_before_stays(onefold, user):
    body = archive(files(20, 4).items())
    for broken, place in ((b"x" * 2000, 0), (body[:5000], None), (b"", 0)):
        answer = send(user, broken)
        assert answer.status_code == 400 and answer.headers["Content-Type"] == "application/problem+json", answer.text
        assert "is broken at byte" in answer.json()["detail"]
        assert place is None or f"byte {place}:" in answer.json()["detail"]
    assert send(user, body, headers={"Content-Type": "application/zip"}).status_code == 415
    assert send(user, body, headers={"Content-Encoding": "gzip"}).status_code == 415
    assert send(user, body, prefix="../up").status_code == 422
    whole = contents(user)
    assert whole and whole.items() <= files(20, 4).items()


def test_an_archive_whose_answer_was_lost_is_sent_again_without_harm(onefold, user):
    proxy = Proxy(f"127.0.0.1:{onefold.port}")
    try:
        client = Client.registered_as(user)
        client.url = f"http://127.0.0.1:{proxy.port}"
        body, key = archive(files(300, 5).items()), {"Idempotency-Key": "once"}
        proxy.set("lose")
        with pytest.raises(Exception):
            send(client, body, key)
        proxy.set("pass")
        first, second = send(client, body, key), send(client, body, key)
        assert first.content == second.content and first.json()["created"] == 300
    finally:
        proxy.close()
    (count,), = onefold.sql("SELECT count(*) FROM log.event WHERE owner = %s AND type = 'file.uploaded'", [user.account["id"]])
    assert count == 300


def test_archives_of_one_account_may_come_at_once(onefold, user):
    trees = [{f"t{number}/{path}": data for path, data in files(150, number % 3).items()} for number in range(6)]
    threads = [threading.Thread(target=lambda tree=tree: sent(Client.registered_as(user), archive(tree.items()))) for tree in trees]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (user.position,), = onefold.sql("SELECT position FROM log.head")
    assert contents(user) == {path: data for tree in trees for path, data in tree.items()}
    user.wait_until_settled()
