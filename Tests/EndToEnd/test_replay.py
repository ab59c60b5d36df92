"""The read tables are disposable: rebuilt from the log they are the same rows, also when they were dropped first."""
import threading

from support.client import Client
from support.program import Onefold
from support.trees import Truth, generate
from test_push import assert_tells_the_truth, push

PROJECTIONS = ["files", "duplicates", "savings", "jobs", "quota", "unrecognised"]


def rows(program):
    """Every row of every read table."""
    tables = program.sql("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2", [PROJECTIONS])
    assert len(tables) >= 6
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
