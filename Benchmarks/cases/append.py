"""Appends to the log, against single INSERTs by pgbench into a table with the same columns, checks and indexes.

Both on one private, durable Postgres, with 300 bytes of payload, and writers each of whom waits for every answer. pgbench neither
checks versions nor numbers events densely; of its rates the one with the best number of clients is the limit.
"""
import re
import statistics
import subprocess

from .cluster import connection, postgres, psql
from .harness import bench, figure, interleaved, workspace

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
        peer = Peer(url, directory)
        psql(url, TABLE)
        latency, peer_latency = interleaved(
            lambda: append(url, 1, "--latency"), lambda: peer.latency(), rounds=ROUNDS)
        yield figure("append.1.latency", latency, "µs", peer_latency, "median of pgbench -c 1 INSERT, same table and indexes",
                     lower_is_better=True)
        ours = interleaved(
            *[lambda writers=writers: append(url, writers) for writers in WRITERS],
            *[lambda clients=clients: peer.rate(clients) for clients in PEER_CLIENTS], rounds=ROUNDS)
        rates, peers = ours[:len(WRITERS)], ours[len(WRITERS):]
        limit = max(peers)
        name = f"pgbench -c {PEER_CLIENTS[peers.index(limit)]} INSERT, same table and indexes"
        for writers, rate in zip(WRITERS, rates):
            yield figure(f"append.{writers}", rate, "events/s", limit, name)


def append(url, writers, *more):
    return bench("append", "--url", url, "--writers", writers, "--seconds", SECONDS, *more)


class Peer:
    """pgbench; each run has identifiers of its own."""

    def __init__(self, url, directory):
        self.flags, self.database = connection(url)
        self.directory = directory
        self.script = directory / "insert.sql"
        self.script.write_text(INSERT)
        self.runs = 0

    def rate(self, clients):
        return float(re.search(r"^tps = ([\d.]+)", self.run(clients), re.MULTILINE).group(1))

    def latency(self):
        """The median in microseconds: the third column of what pgbench logs of each transaction."""
        self.run(1, "-l", f"--log-prefix={self.directory / 'transactions'}")
        times = []
        for log in self.directory.glob("transactions.*"):
            times += [int(line.split()[2]) for line in log.read_text().splitlines()]
            log.unlink()
        return statistics.median(times)

    def run(self, clients, *more):
        self.runs += 1
        out = subprocess.run(
            ["pgbench", *self.flags, "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(SECONDS),
             "-D", f"run={self.runs}", "-D", "n=0", "-f", self.script, *more, self.database],
            capture_output=True, text=True, timeout=120)
        if out.returncode != 0 or "aborted" in out.stderr:
            raise RuntimeError(f"pgbench: {out.stderr[-2000:]}")
        return out.stdout
