"""Pictures that look alike are found, shown and explained; hostile ones cost nobody anything."""
import io
import random
import signal
import subprocess

import pytest
from PIL import Image, ImageOps
from support import pictures
from support.client import Client, sha256
from support.promise import seed, trials


@pytest.fixture
def client(onefold):
    return Client.registered(onefold.url)


def groups(client):
    return list(client.pages("/duplicates", **{"class": "similar"}))


def paths(group):
    return sorted(file["path"] for member in group["members"] for file in member["files"])


def test_what_cameras_and_editors_make_of_a_picture_stays_in_one_group(client):
    picture = pictures.scene(random.Random(1))
    made = {
        "as it is.jpg": pictures.jpeg(picture),
        "compressed.jpg": pictures.jpeg(picture, quality=40),
        "small.jpg": pictures.jpeg(picture.resize((200, 150))),
        "large.png": pictures.encoded(picture.resize((1600, 1200)), "PNG"),
        "other form.webp": pictures.encoded(picture, "WEBP", quality=80),
        "animation.gif": pictures.encoded(picture, "GIF"),
        "scan.tif": pictures.encoded(picture, "TIFF"),
        "lighter.jpg": pictures.jpeg(pictures.lighter(picture)),
        "grey.png": pictures.encoded(picture.convert("L"), "PNG"),
        "trimmed.jpg": pictures.jpeg(pictures.trimmed(picture)),
        "framed.jpg": pictures.jpeg(ImageOps.expand(picture, border=20)),
        "stamped.jpg": pictures.jpeg(pictures.stamped(picture)),
        "held upright.jpg": sideways(picture),
    }
    for name, data in made.items():
        client.upload(name, data)
    for number in range(5):
        client.upload(f"another {number}.jpg", pictures.jpeg(pictures.scene(random.Random(100 + number))))
    client.wait_until_settled()
    group, = groups(client)
    assert paths(group) == sorted(made)
    assert group["members"][0]["score"] == 1 and all(0.68 <= member["score"] <= 1 for member in group["members"])


def sideways(picture):
    """Stored turned, with the note of a camera that says so."""
    note = Image.Exif()
    note[0x112] = 6
    return pictures.encoded(picture.rotate(90, expand=True), "JPEG", quality=90, exif=note)


def test_the_places_that_differ_are_the_evidence(client):
    picture = pictures.scene(random.Random(2))
    first, second = pictures.jpeg(picture), pictures.jpeg(pictures.stamped(picture, (0.5, 0.75, 0.75, 1)).resize((400, 300)))
    client.upload("first.jpg", first)
    client.upload("second.jpg", second)
    client.wait_until_settled()
    group, = groups(client)
    evidence = client.get(f"/duplicates/{group['id']}/evidence", digest=sha256(first), other=sha256(second))
    assert evidence["method"] == "picture" and evidence["alignment"] == "whole"
    assert [evidence[name] for name in ("width", "height", "otherWidth", "otherHeight")] == [800, 600, 400, 300]
    region = evidence["regions"][0]
    assert 0.4 <= region["x"] <= 0.5 and 0.7 <= region["y"] <= 0.75 and 0.03 < evidence["changedShare"] < 0.12


def test_a_picture_is_shown_small_and_without_what_came_with_it(client):
    note = Image.Exif()
    note[0x010E] = "where I live"
    data = pictures.encoded(pictures.scene(random.Random(3)), "JPEG", exif=note)
    file = client.upload("holiday.jpg", data)
    answer = client.request("GET", f"/files/{file['id']}/preview", params={"side": 100, "wait": client.position})
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).size == (100, 75)
    assert b"where I live" in data and b"where I live" not in answer.content
    again = client.request("GET", f"/files/{file['id']}/preview", params={"side": 100}, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert client.request("GET", f"/files/{file['id']}/preview", params={"side": 5000}).status_code == 400
    assert Client.registered(client.url).request("GET", f"/files/{file['id']}/preview").status_code == 404


@pytest.mark.parametrize("name, data, reason", [
    ("bomb.png", pictures.bomb(), "40000 × 40000 points"),
    ("cut.jpg", pictures.jpeg(pictures.scene(random.Random(4)))[:200], "Premature end"),
    ("nonsense.gif", b"GIF89a" + random.Random(5).randbytes(5000), ""),
    ("empty.png", b"\x89PNG\r\n\x1a\n" + bytes(200), ""),
])
def test_a_picture_that_cannot_be_read_is_kept_and_said_to_be_unreadable(client, onefold, name, data, reason):
    file = client.upload(name, data)
    client.wait_until_settled()
    assert client.request("GET", f"/files/{file['id']}/content").content == data
    answer = client.request("GET", f"/files/{file['id']}/preview")
    assert answer.status_code == 422 and reason in answer.json()["detail"]
    admin = Client.admin(onefold)
    job, = [event for event in admin.pages("/admin/audit/events", type="job.succeeded", stream=f"job-{job_of(client, file)}")]
    assert reason in job["payload"]["unreadable"]


def job_of(client, file):
    return next(job["id"] for job in client.pages("/jobs") if job["fileId"] == file["id"] and job["kind"] == "analyze")


def test_a_picture_without_its_notes_is_the_same_content(client):
    picture = pictures.scene(random.Random(7))
    noted, other = io.BytesIO(), io.BytesIO()
    exif = Image.Exif()
    exif[0x010e] = "on the beach"
    picture.save(noted, "JPEG", quality=90, exif=exif)
    picture.save(other, "JPEG", quality=70)
    plain = pictures.jpeg(picture, 90)
    for name, data in (("noted.jpg", noted.getvalue()), ("plain.jpg", plain), ("smaller.jpg", other.getvalue())):
        client.upload(name, data)
    client.wait_until_settled()
    group, = groups(client)
    assert {member["files"][0]["path"]: member.get("likeness") for member in group["members"]} == {
        "noted.jpg": None, "plain.jpg": "same-content", "smaller.jpg": "similar-picture"}


def test_a_parser_that_is_killed_is_replaced(client, onefold):
    rng = random.Random(6)
    picture = pictures.scene(rng)
    client.upload("first.jpg", pictures.jpeg(picture))
    client.wait_until_settled()
    subprocess.run(["pkill", f"-{signal.SIGKILL.value}", "-x", "onefold-parser"], check=True)
    client.upload("second.jpg", pictures.jpeg(picture, quality=60))
    client.wait_until_settled()
    group, = groups(client)
    assert group["contents"] == 2


def test_pictures_with_random_changes_are_found_and_no_others(client, promise):
    n, number = trials(10), seed()
    rng = random.Random(number)
    changes = {
        "jpeg": lambda p: pictures.jpeg(p, quality=rng.randrange(40, 95)),
        "resize": lambda p: pictures.jpeg(p.resize((int(800 * (s := rng.uniform(0.25, 2))), int(600 * s)))),
        "form": lambda p: pictures.encoded(p, rng.choice(["PNG", "WEBP"])),
        "light": lambda p: pictures.jpeg(pictures.lighter(p, rng.uniform(0.8, 1.2))),
        "trim": lambda p: pictures.jpeg(pictures.trimmed(p, rng.uniform(0, 0.04))),
        "stamp": lambda p: pictures.jpeg(pictures.stamped(p)),
    }
    for trial in range(n):
        picture = pictures.scene(rng)
        client.upload(f"{trial}/original.jpg", pictures.jpeg(picture))
        for name, change in changes.items():
            client.upload(f"{trial}/{name}", change(picture))
    client.wait_until_settled()
    found = groups(client)
    mixed = [group for group in found if len({path.split("/")[0] for path in paths(group)}) > 1]
    together, wanted = sum(len(paths(group)) - 1 for group in found), n * len(changes)
    promise.held("pictures", f"{n} pictures", number, f"changed {wanted}, found {together}", f"groups of more than one {len(mixed)}")
    assert not mixed and together >= 0.98 * wanted
