"""Appends to the log, against single INSERTs by pgbench into a table with the same columns, checks and indexes.

Both on one private, durable Postgres, with 300 bytes of payload, and writers each of whom waits for every answer. pgbench neither
checks versions nor numbers events densely; of its rates the one with the best number of clients is the limit. message-db's writers are
measured in the same rounds when MESSAGE_DB_SQL says where its SQL is.
"""
from . import messagedb
from .cluster import postgres, psql
from .harness import bench, figure, interleaved, workspace
from .pgbench import Pgbench

WRITERS = (32, 256)
PEER_CLIENTS = (16, 32, 64)
ROUNDS = 5
SECONDS = 4

TABLE = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE bench.event (LIKE log.event INCLUDING ALL);
ALTER TABLE bench.event ALTER position ADD GENERATED ALWAYS AS IDENTITY;
"""

# Ids rise within each client, as the log's do: random ones would slow pgbench by scattering its indexes.
INSERT = r"""
\set n :n + 1
\set id 100000000000 + :run * 10000000000 + :client_id * 100000000 + :n
INSERT INTO bench.event (version, recorded_at, id, owner, actor, schema_version, stream, type, payload) VALUES
  (1, now(), ('01900000-0000-7000-8000-' || :id)::uuid, '01900000-0000-7000-8000-000000000000',
   '01900000-0000-7000-8000-000000000000', 1, 'bench-' || :id, 'bench.appended',
   '{"text":"PAYLOAD"}');
""".replace("PAYLOAD", "x" * 289)


def measure():
    with workspace() as directory, postgres(directory / "data") as url:
        psql(url, TABLE)
        single = Pgbench(url, directory, "insert", INSERT, SECONDS)
        latency, peer_latency = interleaved(
            lambda: append(url, 1, "--latency"), lambda: single.latency(), rounds=ROUNDS)
        yield figure("append.1.latency", latency, "µs", peer_latency, "median of pgbench -c 1 INSERT, same table and indexes",
                     lower_is_better=True)
        message_db = messagedb.installed(url, directory, SECONDS)
        rates = interleaved(
            *[lambda writers=writers: append(url, writers) for writers in WRITERS],
            *[lambda clients=clients: single.rate(clients) for clients in PEER_CLIENTS],
            *[lambda peer=peer: peer.rate(32) for peer in message_db.values()], rounds=ROUNDS)
        ours = dict(zip(WRITERS, rates))
        peers = rates[len(WRITERS):][:len(PEER_CLIENTS)]
        limit = max(peers)
        name = f"pgbench -c {PEER_CLIENTS[peers.index(limit)]} INSERT, same table and indexes"
        for writers, rate in ours.items():
            yield figure(f"append.{writers}", rate, "events/s", limit, name)
        for name, limit in zip(message_db, rates[-len(message_db):]):
            yield figure(f"append.messagedb.{name}", ours[32], "events/s", limit,
                         f"message-db write_message, 32 clients, {messagedb.CATEGORIES[name]}")


def append(url, writers, *more):
    return bench("append", "--url", url, "--writers", writers, "--seconds", SECONDS, *more)
