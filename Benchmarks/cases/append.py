"""Appends to the log, against single INSERTs by pgbench into a table with the same columns and indexes.

Both on one private Postgres with fsync and synchronous_commit on, 300 bytes of payload, and as many clients as writers, each of
which waits for its answer. pgbench neither checks versions nor numbers events densely.
"""
import contextlib
import subprocess
from urllib.parse import parse_qs, unquote, urlsplit

from .harness import BENCH, ROOT, bench, figure, interleaved, workspace

WRITERS = (1, 8, 32)
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
        script = directory / "insert.sql"
        script.write_text(INSERT)
        psql(url, TABLE)
        runs = iter(range(10_000))
        for writers in WRITERS:
            ours, limit = interleaved(
                lambda: bench("append", "--url", url, "--writers", writers, "--seconds", SECONDS),
                lambda: pgbench(url, script, writers, next(runs)))
            yield figure(f"append/{writers}", ours, "events/s", limit,
                         f"pgbench -c {writers} INSERT, same table and indexes")


@contextlib.contextmanager
def postgres(data):
    server = subprocess.Popen([BENCH, "postgres", "--data-dir", data], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, cwd=ROOT)
    try:
        url = server.stdout.readline().strip()
        if not url:
            raise RuntimeError("the private Postgres did not start")
        yield url
    finally:
        server.stdin.close()
        server.wait(60)


def connection(url):
    """The flags by which Postgres' own programs reach a database."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return ["-h", query["host"][0], "-p", query["port"][0], "-U", unquote(parts.username)], parts.path.lstrip("/")


def psql(url, sql):
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", sql, url], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)


def pgbench(url, script, clients, run):
    flags, database = connection(url)
    out = subprocess.run(
        ["pgbench", *flags, "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(SECONDS),
         "-D", f"run={run}", "-D", "n=0", "-f", script, database],
        capture_output=True, text=True, timeout=120)
    rates = [line.split()[2] for line in out.stdout.splitlines() if line.startswith("tps = ")]
    if out.returncode != 0 or not rates:
        raise RuntimeError(f"pgbench: {out.stderr[-2000:]}")
    return float(rates[0])
