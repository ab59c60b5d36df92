"""Everything that is kept is read again and again; what is damaged is named, never handed out, and mended by whoever sends it again."""
import random
import time

import pytest
from support.archives import archive
from support.client import Client, sha256
from support.program import Onefold


@pytest.fixture
def program(workspace):
    program = Onefold(workspace / "data", flags=["--scrub-interval", "1s"]).start()
    yield program
    program.stop()


def eventually(condition, what, timeout=60):
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return value


def flip(path, place):
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))


def test_damage_is_found_named_and_mended(program):
    rng = random.Random(1)
    ada, admin = Client.registered(program.url), Client.admin(program)
    alone, large = rng.randbytes(50_000), rng.randbytes(700_000)
    together = {f"small/{number}": rng.randbytes(1000) for number in range(20)}
    ada.upload("alone.bin", alone)
    ada.upload("large.bin", large)
    assert ada.request("POST", "/files", data=archive(together.items()), headers={"Content-Type": "application/x-tar"}).status_code == 200
    ada.wait_until_settled()

    def health():
        return admin.request("GET", "/admin/store").json()

    def passed_since(moment):
        finished = health()["scrub"]["finishedAt"]
        return finished and finished > moment

    whole = eventually(lambda: (state := health())["scrub"]["finishedAt"] and state, "a first pass")
    assert whole["damaged"] == 0 and whole["items"] == []
    eventually(lambda: health()["scrub"]["contents"] == 22, "a pass over all that there is")

    blobs = program.data_dir / "blobs"
    (file,) = (blobs / "settled").rglob(sha256(alone).removeprefix("sha256:") + "*")
    flip(file, 1000)
    packs = sorted((blobs / "packs").rglob("*.pack"), key=lambda path: path.stat().st_size)
    flip(packs[0], 5000)
    flip(packs[1], 100_000)
    found = eventually(lambda: (state := health())["damaged"] == 3 and state, "all three are found")
    paths = {item["holders"][0]["path"]: item for item in found["items"]}
    assert {"alone.bin", "large.bin"} < set(paths) and all(path.startswith("small/") for path in set(paths) - {"alone.bin", "large.bin"})
    assert all("damaged" in item["reason"] and item["size"] > 0 for item in found["items"])
    assert "3 CONTENTS DAMAGED" in program.command("status", "--data-dir", program.data_dir).stdout
    metrics = eventually(lambda: "\nonefold_blob_damaged_contents 3\n" in (text := metrics_of(program)) and text, "the gauge")
    assert "onefold_blob_scrub_finished_timestamp_seconds" in metrics

    # Somebody else has the same bytes, and sends them under another name.
    bob = Client.registered(program.url)
    bob.upload("mine", alone)
    bob.upload("mine too", large)
    small = next(path for path in paths if path.startswith("small/"))
    bob.upload("and this", together[small])
    bob.wait_until_settled()
    mended = eventually(lambda: (state := health())["damaged"] == 0 and state, "all three are whole again")
    assert mended["items"] == []
    for path, content in {"alone.bin": alone, "large.bin": large, small: together[small]}.items():
        (item,) = [file for file in ada.pages("/files") if file["path"] == path]
        assert ada.request("GET", f"/files/{item['id']}/content").content == content


def metrics_of(program):
    import requests
    return requests.get(f"{program.url}/metrics", timeout=10).text


def test_what_nobody_has_any_more_is_no_concern(program):
    ada, admin = Client.registered(program.url), Client.admin(program)
    content = random.Random(2).randbytes(50_000)
    file = ada.upload("a", content)
    ada.wait_until_settled()
    (path,) = (program.data_dir / "blobs" / "settled").rglob(sha256(content).removeprefix("sha256:") + "*")
    path.unlink()
    eventually(lambda: admin.request("GET", "/admin/store").json()["damaged"] == 1, "it is missed")
    assert ada.request("DELETE", f"/files/{file['id']}", params={"permanent": "true"}).status_code == 204
    eventually(lambda: admin.request("GET", "/admin/store").json()["damaged"] == 0, "it is forgotten")


def test_only_administrators_see_the_state_of_the_store(program):
    assert Client.registered(program.url).request("GET", "/admin/store").status_code == 403
