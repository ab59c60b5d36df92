"""Texts that resemble each other are found, grouped and explained; what their owner says of them holds."""
import random
import threading
import time

import pytest
from support.client import Client, sha256
from support.cluster import Cluster
from support.promise import seed, trials

VOCABULARY = 5000


def text(rng, words=400):
    return [f"word{rng.randrange(VOCABULARY)}" for _ in range(words)]


def edited(rng, words, share=0.05):
    """The same with some words replaced."""
    words = list(words)
    for place in rng.sample(range(len(words)), max(1, round(len(words) * share))):
        words[place] = f"edit{rng.randrange(VOCABULARY)}"
    return words


def data(words):
    return " ".join(words).encode()


def groups(client):
    return list(client.pages("/duplicates", **{"class": "similar"}))


def rebuild(onefold):
    """Makes the tables anew; they must be what they were."""
    admin = Client.admin(onefold)
    assert admin.request("POST", "/admin/projections/similarity/rebuild").status_code == 202
    deadline = time.monotonic() + 60
    while (state := admin.get("/admin/projections/similarity")["rebuild"])["state"] not in ("done", "failed"):
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    assert state["state"] == "done" and state["differing"] == 0, state


def paths(group):
    return sorted(file["path"] for member in group["members"] for file in member["files"])


@pytest.fixture
def client(onefold):
    return Client.registered(onefold.url)


def test_an_edited_text_joins_the_group_of_the_first(client):
    rng = random.Random(1)
    original = text(rng)
    client.upload("report.txt", data(original))
    client.upload("report (edited).txt", data(edited(rng, original)))
    client.upload("something else.txt", data(text(rng)))
    client.upload("picture.bin", rng.randbytes(4000))
    client.wait_until_settled()

    page = client.get("/duplicates", **{"class": "similar"})
    group, = page["items"]
    assert group["class"] == "similar" and group["contents"] == 2
    assert paths(group) == ["report (edited).txt", "report.txt"]
    first, second = group["members"]
    assert (first["digest"], first["score"]) == (sha256(data(original)), 1)
    assert 0.7 < second["score"] < 1 and second["size"] == group["reclaimableBytes"]
    assert page["totals"] == {"groups": 1, "contents": 2, "reclaimableBytes": second["size"]}
    assert client.get(f"/duplicates/{group['id']}") == group
    # Not one byte is the same file: the other class has nothing.
    assert client.get("/duplicates")["items"] == []


def test_savings_of_groups_add_up_to_those_of_the_account(client):
    rng = random.Random(12)
    contents = [data(edited(rng, text(rng, 2000))) for _ in range(3)]
    original = text(rng, 2000)
    versions = [data(original), data(edited(rng, original))]
    for number, content in enumerate(contents + versions):
        for copy in range(number % 3 + 1):
            client.upload(f"{number}-{copy}.txt", content)
    client.wait_until_settled()
    whole = client.get("/savings")
    assert whole["files"] == 1 + 2 + 3 + 1 + 2

    def savings(group):
        return client.get(f"/duplicates/{group['id']}/savings")

    similar, = groups(client)
    by_digest = {group["digest"]: savings(group) for group in client.pages("/duplicates")}
    for number, content in enumerate(contents + versions):
        copies = number % 3 + 1
        if copies > 1:
            found = by_digest[sha256(content)]
            assert (found["files"], found["logicalBytes"], found["uniqueBytes"]) == (copies, copies * len(content), len(content))
            assert 0 < found["storedBytes"] < len(content) and found["savedByDuplicates"] == (copies - 1) * len(content)
    both = savings(similar)
    assert (both["files"], both["uniqueBytes"]) == (3, len(versions[0]) + len(versions[1]))
    # What is in no group is the first text alone.
    rest = {name: whole[name] - both[name] - sum(by_digest[sha256(content)][name] for content in contents[1:])
            for name in ("files", "logicalBytes", "uniqueBytes", "storedBytes", "savedByDuplicates", "savedByCompression")}
    assert (rest["files"], rest["logicalBytes"], rest["uniqueBytes"], rest["savedByDuplicates"]) == (1, len(contents[0]), len(contents[0]), 0)
    assert rest["storedBytes"] + rest["savedByCompression"] == rest["uniqueBytes"]
    assert Client.registered(client.url).request("GET", f"/duplicates/{similar['id']}/savings").status_code == 404
    # As it was, when one of them has another copy since.
    client.get("/savings")
    then = client.get("/jobs", limit=1)["position"]
    client.upload("another copy.txt", versions[0])
    assert savings(similar)["files"] == 4
    past = client.request("GET", f"/duplicates/{similar['id']}/savings", params={"at": then}).json()
    assert {name: past[name] for name in past if name != "position"} == {name: both[name] for name in both if name != "position"}


def test_formatting_encoding_and_case_make_no_difference(client):
    words = text(random.Random(2))
    for name, content in {
        "plain.txt": " ".join(words).encode(),
        "wrapped.txt": "\r\n".join(" ".join(words[i:i + 9]) for i in range(0, len(words), 9)).encode(),
        "shouted.txt": " ".join(words).upper().encode(),
        "utf16.txt": " ".join(words).encode("utf-16"),
        "marked.txt": b"\xef\xbb\xbf" + ", ".join(words).encode(),
    }.items():
        client.upload(name, content)
    client.wait_until_settled()
    group, = groups(client)
    assert group["contents"] == 5
    assert {member["score"] for member in group["members"]} == {1}


def test_copies_of_a_text_are_one_member(client):
    rng = random.Random(3)
    words = text(rng)
    for name in ("a.txt", "b.txt", "c.txt"):
        client.upload(name, data(words))
    client.upload("d.txt", data(edited(rng, words)))
    client.wait_until_settled()
    group, = groups(client)
    assert [member["copies"] for member in group["members"]] == [3, 1]
    assert [file["path"] for file in group["members"][0]["files"]] == ["a.txt", "b.txt", "c.txt"]


def test_the_differing_words_are_the_evidence(client):
    rng = random.Random(4)
    words = text(rng)
    other = words[:100] + ["surprise"] + words[101:]
    client.upload("old.txt", data(words))
    client.upload("new.txt", data(other))
    client.wait_until_settled()
    group, = groups(client)
    evidence = client.get(f"/duplicates/{group['id']}/evidence", digest=sha256(data(other)))
    assert evidence["method"] == "text" and evidence["other"] == sha256(data(words))
    assert (evidence["words"], evidence["commonWords"], evidence["changeCount"]) == (400, 399, 1)
    change, = evidence["changes"]
    assert (change["removed"], change["added"]) == ("surprise", words[100])
    assert change["before"] == " ".join(words[94:100]) and change["after"] == " ".join(words[101:107])


def test_what_is_no_duplicate_stays_none_until_that_is_taken_back(client, onefold):
    rng = random.Random(5)
    words = text(rng)
    twin = edited(rng, words)
    client.upload("one.txt", data(words))
    client.upload("two.txt", data(twin))
    client.wait_until_settled()
    group, = groups(client)
    body = {"digest": sha256(data(twin))}
    answer = client.request("POST", f"/duplicates/{group['id']}/dismiss", json=body)
    assert answer.status_code == 200 and answer.json()["isDismissed"], answer.text
    assert groups(client) == []

    # Neither other names, nor new copies, nor a new comparison, nor new tables bring it back.
    client.upload("renamed.txt", data(twin))
    client.request("DELETE", "/files/" + next(f["id"] for f in client.pages("/files") if f["path"] == "two.txt"))
    client.wait_until_settled()
    assert groups(client) == []
    rebuild(onefold)
    assert groups(client) == []

    decision, = client.pages("/decisions")
    assert decision["id"] == answer.json()["id"]
    assert sorted(content["path"] for content in decision["contents"]) == ["one.txt", "renamed.txt"]
    undone = client.request("POST", f"/decisions/{decision['id']}/undo")
    assert undone.status_code == 200 and not undone.json()["isDismissed"], undone.text
    group, = groups(client)
    assert paths(group) == ["one.txt", "renamed.txt"]
    assert list(client.pages("/decisions")) == []


def test_a_group_follows_its_files(client):
    rng = random.Random(6)
    words = text(rng)
    files = [client.upload(f"{n}.txt", data(edited(rng, words, 0.03) if n else words)) for n in range(4)]
    client.wait_until_settled()
    group, = groups(client)
    assert group["contents"] == 4
    # The middle goes: what is left resembles each other and is grouped anew.
    assert client.request("DELETE", f"/files/{files[0]['id']}").ok
    group, = groups(client)
    assert paths(group) == ["1.txt", "2.txt", "3.txt"]
    assert client.request("POST", f"/files/{files[0]['id']}/restore").ok
    group, = groups(client)
    assert group["contents"] == 4 and group["members"][0]["digest"] == sha256(data(words))


def test_an_owner_says_how_alike_contents_have_to_be_after_a_look_at_what_that_comes_to(client, onefold):
    rng = random.Random(10)
    words = text(rng)
    contents = {"one.txt": data(words), "close.txt": data(edited(rng, words, 0.02)), "far.txt": data(edited(rng, words, 0.15)),
                "same.txt": data(words).upper()}
    for name, content in contents.items():
        client.upload(name, content)
    client.wait_until_settled()
    assert client.get("/me/thresholds") == {
        "text": 0.4, "picture": 0.68, "bytes": 0.5, "sameContent": True, "lowest": {"text": 0.4, "picture": 0.68, "bytes": 0.5}}
    preview = client.get("/me/thresholds/preview", text=0.9)
    assert (preview["now"]["contents"], preview["then"]["contents"], preview["then"]["groups"]) == (4, 3, 1)
    pair, = preview["parting"]
    assert pair["paths"] == ["one.txt", "far.txt"] and pair["likeness"] == "similar-text" and pair["score"] < 0.9
    assert paths(groups(client)[0]) == sorted(contents), "a look changes nothing"

    for wanted, left in (({"text": 0.9, "picture": 0.68, "sameContent": True}, ["close.txt", "one.txt", "same.txt"]),
                         ({"text": None, "picture": None, "sameContent": True}, ["one.txt", "same.txt"]),
                         ({"text": None, "picture": None, "sameContent": False}, []),
                         ({"text": 0.4, "picture": 0.68, "sameContent": True}, sorted(contents))):
        promised = client.get("/me/thresholds/preview", text=wanted["text"] or "off", sameContent="yes" if wanted["sameContent"] else "no")
        answer = client.request("PUT", "/me/thresholds", json=wanted)
        assert answer.status_code == 200, answer.text
        assert [path for group in groups(client) for path in paths(group)] == left
        assert client.get("/duplicates", **{"class": "similar"})["totals"] == promised["then"]
        assert client.get("/me/thresholds") == {"bytes": 0.5, **wanted, "lowest": {"text": 0.4, "picture": 0.68, "bytes": 0.5}}
        # What comes later is held to the same.
    client.request("PUT", "/me/thresholds", json={"text": 0.9, "picture": 0.68, "sameContent": True})
    client.upload("also far.txt", data(edited(rng, words, 0.15)))
    client.wait_until_settled()
    assert [path for group in groups(client) for path in paths(group)] == ["close.txt", "one.txt", "same.txt"]
    rebuild(onefold)
    assert [path for group in groups(client) for path in paths(group)] == ["close.txt", "one.txt", "same.txt"]

    for method, path, options, status in (
            ("PUT", "/me/thresholds", {"json": {"text": 0.1, "picture": 0.7, "sameContent": True}}, 422),
            ("PUT", "/me/thresholds", {"json": {"text": "much"}}, 400),
            ("GET", "/me/thresholds/preview", {"params": {"picture": "a lot"}}, 400),
            ("GET", "/me/thresholds/preview", {"params": {"picture": "1.5"}}, 422)):
        answer = client.request(method, path, **options)
        assert answer.status_code == status and answer.json()["detail"], answer.text


def test_nobody_is_told_of_what_others_have(client, onefold):
    rng = random.Random(7)
    words = text(rng)
    stranger = Client.registered(onefold.url)
    stranger.upload("mine.txt", data(words))
    stranger.upload("mine too.txt", data(edited(rng, words)))
    stranger.wait_until_settled()
    theirs, = groups(stranger)
    client.upload("like it.txt", data(edited(rng, words)))
    client.upload("the same.txt", data(words))
    client.wait_until_settled()
    group, = groups(client)
    assert paths(group) == ["like it.txt", "the same.txt"]
    decided = client.request("POST", f"/duplicates/{theirs['id']}/dismiss", json={"digest": sha256(data(words))})
    assert decided.status_code == 404
    evidence = client.request("GET", f"/duplicates/{theirs['id']}/evidence", params={"digest": sha256(data(words))})
    assert evidence.status_code == 404


def test_the_jobs_of_an_upload_do_not_tell_whether_others_have_it(client, onefold):
    """What is compared follows from the bytes, whoever else has them: a text always is, and noise never."""
    rng = random.Random(9)
    contents = {"text": data(text(rng)), "noise": rng.randbytes(5000)}
    for someone in (Client.registered(onefold.url), client):
        for name, content in contents.items():
            someone.upload(name, content)
        someone.wait_until_settled()
        assert sorted(job["kind"] for job in someone.pages("/jobs")) == ["analyze", "analyze", "compare"]


def test_bad_questions_are_answered_with_what_is_wrong(client):
    rng = random.Random(8)
    words = text(rng)
    client.upload("one.txt", data(words))
    client.upload("two.txt", data(edited(rng, words)))
    client.wait_until_settled()
    group, = groups(client)
    own = group["members"][0]["digest"]
    path = f"/duplicates/{group['id']}"
    for answer, status in (
            (client.request("GET", "/duplicates", params={"class": "alike"}), 400),
            (client.request("GET", path + "/evidence"), 400),
            (client.request("GET", path + "/evidence", params={"digest": "sha256:12"}), 400),
            (client.request("GET", path + "/evidence", params={"digest": own}), 422),
            (client.request("POST", path + "/dismiss", json={"digest": sha256(b"another")}), 422),
            (client.request("POST", path + "/dismiss", json={}), 400),
            (client.request("POST", "/decisions/01920000-0000-7000-8000-000000000000/undo"), 404),
            (client.request("POST", "/duplicates/01920000-0000-7000-8000-000000000000/dismiss", json={"digest": own}), 404),
    ):
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["detail"]


@pytest.mark.timeout(900)
def test_twins_that_come_at_the_same_instant_meet(workspace, promise):
    """Each pair is uploaded by two threads at once, to two servers, and analysed by two workers."""
    pairs, number = trials(200), seed()
    cluster = Cluster(workspace)
    try:
        rng = random.Random(number)
        client = Client.registered(cluster.urls[0])
        uploads = [[], []]
        for pair in range(pairs):
            words = [f"p{pair}x{rng.randrange(VOCABULARY)}" for _ in range(80)]
            twins = [words, edited(rng, words)]
            rng.shuffle(twins)
            for half, twin in zip(uploads, twins):
                half.append((f"{pair}/{len(half)}", data(twin)))

        def send(side):
            sender = Client.registered_as(client)
            sender.url = cluster.urls[side % len(cluster.urls)]
            for path, content in uploads[side]:
                gate.wait()
                sender.upload(f"{side}/{path}", content)
            positions.append(sender.position)

        gate, positions = threading.Barrier(2), []
        threads = [threading.Thread(target=send, args=(side,)) for side in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(positions) == 2
        client.position = max(positions)
        client.wait_until_settled(timeout=60 + pairs)
        met = {frozenset(path.split("/")[1] for path in paths(group)) for group in groups(client)}
        missed = [pair for pair in range(pairs) if frozenset([str(pair)]) not in met]
        promise.held("twins", f"{pairs} pairs of twins", number, f"missed {len(missed)}", f"groups {len(met)}")
        assert missed == [] and len(met) == pairs
    finally:
        cluster.stop()
