"""Documents are compared by their words, whatever they are written in; one that cannot be read costs its own job and no other."""
import gzip
import io
import lzma
import random
import shutil
import zipfile

import pytest
from support import documents
from support.client import Client, sha256
from support.program import BINARY, ROOT, Onefold

from test_similar import edited, groups, paths, rebuild, text
from test_similar_pictures import job_of


@pytest.fixture
def client(onefold):
    return Client.registered(onefold.url)


def paragraphs(words):
    return [" ".join(words[start:start + 50]) for start in range(0, len(words), 50)]


FORMS = {
    "report.txt": lambda text: "\n\n".join(text).encode(),
    "report.docx": documents.word,
    "report.odt": documents.open_document,
    "report.pdf": documents.pdf,
    "report.html": documents.html,
    "report.pptx": documents.slides,
    "report.epub": documents.book,
    "report.txt.gz": lambda text: gzip.compress("\n\n".join(text).encode(), mtime=0),
    "report.html.xz": lambda text: lzma.compress(documents.html(text)),
}


def test_one_text_in_many_forms_is_one_group(client):
    words = paragraphs(text(random.Random(1)))
    for name, written in FORMS.items():
        client.upload(name, written(words))
    client.wait_until_settled()
    group, = groups(client)
    assert paths(group) == sorted(FORMS)
    assert min(member["score"] for member in group["members"]) >= 0.95, group


def test_an_edited_document_is_met_in_another_form_and_the_words_are_the_evidence(client):
    rng = random.Random(2)
    words = text(rng)
    other = words[:100] + ["surprise"] + words[101:]
    old, new = documents.word(paragraphs(words)), documents.pdf(paragraphs(other))
    client.upload("contract.docx", old)
    client.upload("contract, signed.pdf", new)
    client.upload("something else.pdf", documents.pdf(paragraphs(text(rng))))
    client.wait_until_settled()
    group, = groups(client)
    assert paths(group) == ["contract, signed.pdf", "contract.docx"]
    evidence = client.get(f"/duplicates/{group['id']}/evidence", digest=sha256(new))
    assert evidence["method"] == "text" and (evidence["words"], evidence["changeCount"]) == (400, 1)
    change, = evidence["changes"]
    assert (change["removed"], change["added"]) == ("surprise", words[100])


def test_pages_of_one_layout_are_told_apart_by_what_they_say(client):
    """Tags, scripts and styles are no words: here they are nine tenths of each page."""
    rng = random.Random(3)
    script = " ".join(text(rng, 3000))
    for number in range(6):
        client.upload(f"page-{number}.html", documents.html(paragraphs(text(rng, 200)), title="News", script=script))
    client.wait_until_settled()
    assert groups(client) == []


def likeness(group):
    return sorted((member["files"][0]["path"], member.get("likeness")) for member in group["members"])


def test_a_text_that_is_only_written_another_way_is_the_same_content(client):
    rng = random.Random(8)
    words = text(rng)
    client.upload("a.txt", " ".join(words).encode())
    client.upload("b.txt", "\r\n".join(words).upper().encode())
    client.upload("c.docx", documents.word(paragraphs(words)))
    client.upload("d.txt", " ".join(edited(rng, words)).encode())
    client.wait_until_settled()
    group, = groups(client)
    assert likeness(group) == [
        ("a.txt", None), ("b.txt", "same-content"), ("c.docx", "same-content"), ("d.txt", "similar-text")]
    assert [member["score"] for member in group["members"]][:3] == [1, 1, 1]


def test_archives_with_the_same_members_are_the_same_content_and_the_evidence_says_so(client):
    rng = random.Random(9)
    files = {f"{number}.bin": rng.randbytes(3000) for number in range(5)}
    packed = {
        "one.zip": documents.zipped(files), "two.zip": documents.zipped(dict(reversed(files.items())), level=1),
        "three.tar.gz": documents.tarred(files), "other.zip": documents.zipped({**files, "0.bin": b"another"}),
    }
    for name, data in packed.items():
        client.upload(name, data)
    client.wait_until_settled()
    group, = groups(client)
    assert likeness(group) == [("one.zip", None), ("three.tar.gz", "same-content"), ("two.zip", "same-content")]
    evidence = client.get(f"/duplicates/{group['id']}/evidence", digest=sha256(packed["three.tar.gz"]))
    assert evidence["method"] == "content"


def test_short_texts_are_found_when_they_are_the_same_and_only_then(client):
    client.upload("a.txt", b"Dear reader,\nthis has too few words to be like another.\n")
    client.upload("b.txt", b"dear reader, this has too few words to be like another.")
    client.upload("c.txt", b"dear reader, this has too many words to be like another")
    client.wait_until_settled()
    group, = groups(client)
    assert paths(group) == ["a.txt", "b.txt"]


def test_a_family_of_many_equals_is_one_group(client):
    words = text(random.Random(10))
    for number in range(60):
        client.upload(f"{number}.txt", (" " * number + "\n").join(words).encode())
    client.wait_until_settled()
    group, = groups(client)
    assert group["contents"] == 60


def test_what_came_without_a_parser_is_compared_once_it_is_sketched(workspace):
    """As after an upgrade that compares more: the contents are there, and have no sketch."""
    alone = workspace / "onefold"
    shutil.copy(BINARY, alone)
    onefold = Onefold(workspace / "data", binary=alone, environment={"ONEFOLD_MIGRATIONS_DIR": str(ROOT / "migrations")}).start()
    try:
        ada, bob = Client.registered(onefold.url), Client.registered(onefold.url)
        words = paragraphs(text(random.Random(11)))
        for client in (ada, bob):
            for name in ("report.docx", "report.pdf"):
                client.upload(name, FORMS[name](words))
            client.upload("noise.bin", random.Random(12).randbytes(3000))
            client.wait_until_settled()
            assert groups(client) == []
        onefold.stop()
        onefold.binary = BINARY
        onefold.start()
        arguments = ("--data-dir", onefold.data_dir)
        dry = onefold.command("sketch", "--dry-run", *arguments)
        assert dry.stdout.startswith("3 contents"), dry
        first = onefold.command("sketch", *arguments)
        assert "2 with new sketches, 4 comparisons queued" in first.stdout, first
        for client in (ada, bob):
            client.position = 0
            client.sign_in(client.email, client.password)
            client.position = Client.admin(onefold).get("/admin/audit/events", limit=1)["items"][0]["position"]
            client.wait_until_settled()
            group, = groups(client)
            assert paths(group) == ["report.docx", "report.pdf"]
        again = onefold.command("sketch", *arguments)
        assert "1 contents read: 0 with new sketches" in again.stdout, again
        every = onefold.command("sketch", "--all", *arguments)
        assert "3 contents read: 0 with new sketches" in every.stdout, every
        rebuild(onefold)
    finally:
        onefold.stop()


def zip_of(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name, data, reason", [
    ("cut.docx", documents.word(["some words"] * 50)[:400], "Unpacking it failed"),
    ("broken.pdf", b"%PDF-1.7\n" + random.Random(5).randbytes(5000), "damaged"),
    ("bomb.zip", zip_of("zeros", bytes(1100 << 20)), "1024 MiB"),
    ("cut.gz", gzip.compress(random.Random(6).randbytes(50_000))[:20_000], "Unpacking it failed"),
])
def test_a_document_that_cannot_be_read_is_kept_and_said_to_be_unreadable(client, onefold, name, data, reason):
    file = client.upload(name, data)
    client.upload("next.docx", documents.word(paragraphs(text(random.Random(7)))))
    client.wait_until_settled()
    assert client.request("GET", f"/files/{file['id']}/content").content == data
    admin = Client.admin(onefold)
    job, = admin.pages("/admin/audit/events", type="job.succeeded", stream=f"job-{job_of(client, file)}")
    assert reason in job["payload"]["unreadable"], job["payload"]
    assert {job["state"] for job in client.pages("/jobs")} == {"succeeded"}
