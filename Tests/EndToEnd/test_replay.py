"""The read tables are disposable: rebuilt from the log they are the same rows, also when they were dropped first."""
import re
import threading
import time

import requests

from support.client import Client
from support.poison import poison
from support.program import Onefold
from support.subscriber import Subscriber
from support.trees import Truth, generate
from test_push import assert_tells_the_truth, push

PROJECTIONS = ["files", "duplicates", "savings", "jobs", "quota", "similarity", "unrecognised"]


def rows(program):
    """Every row of every read table."""
    tables = program.sql("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2", [PROJECTIONS])
    assert len(tables) >= len(PROJECTIONS)
    return {table: sorted(row[0] for row in program.sql(f'SELECT t::text FROM "{table[0]}"."{table[1]}" t')) for table in tables}


def pushed(program, workspace, files=300, seed=21):
    client = Client.registered(program.url)
    tree = generate(workspace / "tree", files=files, seed=seed)
    assert push(program, tree, client).returncode == 0
    client.position = 1
    victims = list(client.pages("/files"))[:10]
    for number, file in enumerate(victims):
        assert client.request("DELETE", f"/files/{file['id']}").status_code == 200
        if number % 3 == 0:
            assert client.request("POST", f"/files/{file['id']}/restore?wait={client.position}").status_code == 200
        if number % 3 == 1:
            assert client.request("DELETE", f"/files/{file['id']}?permanent=true&wait={client.position}").status_code == 204
    client.wait_until_settled()
    client.get("/duplicates")
    client.get("/savings")
    client.get("/me")
    return client


def test_replay_gives_the_same_rows_and_so_does_dropping_them_first(own_onefold, workspace):
    pushed(own_onefold, workspace)
    before = rows(own_onefold)
    result = own_onefold.command("replay", "all", "--data-dir", own_onefold.data_dir)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("equal to the live tables") == len(PROJECTIONS)
    assert rows(own_onefold) == before
    for projection in PROJECTIONS:
        own_onefold.sql(f'DROP SCHEMA "{projection}" CASCADE')
    result = own_onefold.command("replay", "all", "--data-dir", own_onefold.data_dir)
    assert result.returncode == 0, result.stdout + result.stderr
    assert rows(own_onefold) == before


def test_a_changed_row_is_found_named_and_mended(own_onefold, workspace):
    client = pushed(own_onefold, workspace, files=40)
    used = client.get("/me")["usedBytes"]
    own_onefold.sql("UPDATE quota.account SET used_bytes = used_bytes + 1 WHERE owner = %s", [client.account["id"]])
    result = own_onefold.command("replay", "quota", "--data-dir", own_onefold.data_dir)
    assert result.returncode == 2
    assert "1 rows differ" in result.stdout and str(used) in result.stdout
    assert client.get("/me")["usedBytes"] == used


def test_a_flush_of_redis_in_the_middle_of_a_push_loses_nothing(own_onefold, workspace):
    client = Client.registered(own_onefold.url)
    tree = generate(workspace / "tree", files=800, seed=22)
    stop = threading.Event()

    def flush():
        while not stop.wait(0.4):
            own_onefold.redis().flushall()

    thread = threading.Thread(target=flush)
    thread.start()
    try:
        result = push(own_onefold, tree, client)
    finally:
        stop.set()
        thread.join()
    assert result.returncode == 0, result.stderr
    client.position = 1
    client.wait_until_settled()
    assert_tells_the_truth(client, Truth(tree), "tree")


def rebuild_all(program):
    """Asks for rebuilds of everything over the API and waits for their end."""
    admin = Client.admin(program)
    for projection in PROJECTIONS:
        answer = admin.request("POST", f"/admin/projections/{projection}/rebuild")
        assert answer.status_code == 202, answer.text
    deadline = time.monotonic() + 60
    while True:
        rebuilds = {item["name"]: item["rebuild"] for item in admin.get("/admin/projections")["items"]}
        if all(rebuild["state"] == "done" for rebuild in rebuilds.values()):
            return rebuilds
        assert time.monotonic() < deadline, rebuilds
        time.sleep(0.1)


def wait_until(condition, timeout=30):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def effects(program):
    """What tells of work that was done: counters, and the jobs in Redis."""
    text = requests.get(program.url + "/metrics", timeout=10).text
    names = r"^(files_processed_total|duplicates_found_total|onefold_worker_\w+_total|deduplication_duration_seconds_count" \
            r"|onefold_blob_\w+_total|storage_bytes_saved_total)"
    redis = program.redis()
    return ({line for line in text.splitlines() if re.match(names, line)},
            {stream: redis.xlen(f"jobs:{stream}") for stream in ("admin", "interactive", "bulk")})


def test_a_replay_in_the_server_moves_no_counter_and_queues_no_job(own_onefold, workspace):
    client = pushed(own_onefold, workspace)
    before, tables = effects(own_onefold), rows(own_onefold)
    assert len(before[0]) >= 5
    subscriber = Subscriber([own_onefold.url], client)
    last = own_onefold.sql("SELECT max(position) FROM log.event WHERE owner = %s", [client.account["id"]])[0][0]
    wait_until(lambda: subscriber.last >= last)
    seen = list(subscriber.positions)
    rebuilds = rebuild_all(own_onefold)
    assert all(rebuild["differing"] == 0 for rebuild in rebuilds.values())
    assert effects(own_onefold) == before
    assert rows(own_onefold) == tables
    # The next thing this user hears of is the next thing that happens.
    last = client.upload("afterwards.txt", b"new")["position"]
    wait_until(lambda: subscriber.last >= last)
    subscriber.stop()
    assert [position for position in subscriber.positions if position < last - 1] == seen
    assert subscriber.faults == []


def test_earlier_tables_come_back_and_catch_up(own_onefold, workspace):
    client = pushed(own_onefold, workspace, files=60)
    assert own_onefold.command("replay", "files", "--data-dir", own_onefold.data_dir).returncode == 0
    client.upload("after the replay.txt", b"new")
    back = own_onefold.command("replay", "--rollback", "files", "--data-dir", own_onefold.data_dir)
    assert back.returncode == 0 and "live again" in back.stdout, back.stdout + back.stderr
    assert "after the replay.txt" in {file["path"] for file in client.pages("/files")}
    again = own_onefold.command("replay", "all", "--data-dir", own_onefold.data_dir)
    assert again.returncode == 0, again.stdout + again.stderr


def test_what_cannot_be_folded_is_seen_everywhere(own_onefold, workspace, promise):
    pushed(own_onefold, workspace, files=20)
    position, unknown = poison(own_onefold)
    listed = own_onefold.command("parked", "--data-dir", own_onefold.data_dir).stdout
    assert f"files  position {position}  file.trashed v1" in listed and 'the member "fileId" is missing' in listed
    assert f"unrecognised  position {unknown}  file.dreamt v1" in listed
    status = own_onefold.command("status", "--data-dir", own_onefold.data_dir)
    assert status.returncode == 0 and status.stdout.count("1 EVENTS PARKED") == 3
    assert "1 EVENTS OF UNKNOWN TYPES" in status.stdout
    metrics = requests.get(own_onefold.url + "/metrics", timeout=10).text
    for projection, count in (("files", 1), ("duplicates", 1), ("similarity", 1), ("unrecognised", 1), ("quota", 0)):
        assert re.search(rf'^onefold_projection_parked_events{{projection="{projection}"}} {count}\b', metrics, re.M), projection
    tries = "SELECT attempts FROM projection.parked WHERE projection = 'files' AND position = %s"
    before = own_onefold.sql(tries, [position])
    retried = own_onefold.command("parked", "retry", "all", "--data-dir", own_onefold.data_dir)
    assert retried.returncode == 0 and "files: a rebuild was asked for" in retried.stdout
    # It still cannot be read, so it is parked again at its position, and all else goes on.
    wait_until(lambda: own_onefold.sql(tries, [position]) > before)
    promise.held(21, "2 events", "none", f"parked at their positions {position} and {unknown}", "retried, parked again")
