"""A quota holds when everything comes at once: as many uploads get in as there is room for, and never one more."""
import http.client
import random
import socket
import threading
import urllib.parse

from support.client import Client
from support.promise import seed, trials

UPLOADS, ROOM, SIZE = 100, 10, 1000


def test_of_a_hundred_uploads_at_once_those_get_in_that_have_room(onefold, admin, promise):
    rounds, number = trials(2), seed()
    rng = random.Random(number)
    accepted, aborted = [], 0
    for _ in range(rounds):
        client = Client.registered(onefold.url)
        answer = admin.request("PUT", f"/admin/users/{client.account['id']}/quota", json={"quotaBytes": ROOM * SIZE})
        assert answer.status_code == 204, answer.text
        aborted += abort_uploads(client, rng, 20)
        statuses = upload_at_once(client, rng)
        accepted.append(statuses.count(201))
        assert sorted(statuses) == [201] * ROOM + [507] * (UPLOADS - ROOM)
        assert most_ever_used(onefold, client) == ROOM * SIZE
        # Nothing of what was aborted or refused is still reserved: one file goes, and one of its size fits again.
        client.position = max(client.position, 1)
        file = next(iter(client.pages("/files", wait=head(onefold))))
        assert client.request("DELETE", f"/files/{file['id']}?permanent=true").status_code == 204
        aborted += abort_uploads(client, rng, 20)
        client.upload("again", rng.randbytes(SIZE))
        assert client.put("one more", b"x").status_code == 507
        assert most_ever_used(onefold, client) == ROOM * SIZE
        assert client.get("/me")["usedBytes"] == ROOM * SIZE
    promise.held(23, f"{rounds * UPLOADS} uploads, {UPLOADS} at once", number,
                 f"accepted {sum(accepted)} with room for {rounds * ROOM}", f"aborted {aborted}", "above the quota 0")


def test_an_upload_that_filled_the_quota_may_be_sent_again(onefold, admin):
    client = Client.registered(onefold.url)
    admin.request("PUT", f"/admin/users/{client.account['id']}/quota", json={"quotaBytes": SIZE})
    data = random.randbytes(SIZE)
    first = client.put("full", data, key="k")
    assert first.status_code == 201
    again = client.put("full", data, key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert client.put("full too", data, key="another").status_code == 507


def head(program):
    return program.sql("SELECT position FROM log.head")[0][0]


def most_ever_used(program, client):
    return program.sql("SELECT coalesce(max((payload->>'usedBytes')::bigint), 0) FROM log.event "
                       "WHERE owner = %s AND type = 'account.quotaCharged'", [client.account["id"]])[0][0]


def upload_at_once(client, rng):
    """The statuses. Everyone has connected before anyone sends."""
    statuses, lock, start = [], threading.Lock(), threading.Barrier(UPLOADS)
    place = urllib.parse.urlsplit(client.url)

    def upload(name, data):
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        connection.connect()
        start.wait(60)
        status = None
        while status in (None, 409):  # The account was changed by too many at once: the answer says to come again.
            connection.request("PUT", f"/api/v1/files?path={name}", data, {"Authorization": f"Bearer {client.token}"})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        connection.close()
        with lock:
            statuses.append(status)

    threads = [threading.Thread(target=upload, args=(f"f{n}", rng.randbytes(SIZE))) for n in range(UPLOADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return statuses


def abort_uploads(client, rng, count):
    """Uploads whose clients go away within the body; returns how many."""
    place = urllib.parse.urlsplit(client.url)
    for number in range(count):
        head = (f"PUT /api/v1/files?path=aborted{number} HTTP/1.1\r\nHost: {place.netloc}\r\n"
                f"Authorization: Bearer {client.token}\r\nContent-Length: {SIZE}\r\n\r\n")
        with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
            connection.sendall(head.encode() + rng.randbytes(rng.randrange(SIZE)))
    return count
