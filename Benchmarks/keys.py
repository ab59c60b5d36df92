#!/usr/bin/env python3
"""What the tables that are looked up by digest become with very many contents: bytes a row, look-ups, insertions. `make capacity-keys` prints it.

Rows are made in Postgres, with the definitions of the migrations and digests of SHA-256, which are as random as those of files. One table at a
time, without write-ahead log while it is filled, and indexes made afterwards, as a rebuild does it. Then, on tables that are logged again in
all but name: random look-ups one after another, and insertions in batches like those of a projection.
"""
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[1]
BINARY = os.environ.get("ONEFOLD_BINARY", str(ROOT / ".build/release/onefold"))
KEYS = [int(float(number)) for number in os.environ.get("KEYS", "1e6,1e7").split(",")]
PLACE = os.environ.get("PLACE", "/tmp")
LOOKUPS, BATCHES, BATCH = 5_000, 40, 1_000

TEXT = "'sha256:' || encode(sha256(int8send({n})), 'hex')"
# Table: what makes a row of a number, and how its key is made.
TABLES = {
    "savings.content": ("files, size, stored_bytes, digest", f"1, 16000 + {{n}} % 9000, 9000, {TEXT}", TEXT),
    "blob.content": ("size, stored_bytes, start, stored_size, codec, pack_id, digest",
                     "16000 + {n} % 9000, 9000, {n} * 9000 % 60000000, 60, 1, (lpad(to_hex({n} / 4000), 32, '0'))::uuid, sha256(int8send({n}))",
                     "sha256(int8send({n}))"),
}


class Server:
    """A private Postgres with the tables of the migrations, set as docs/scaling.md says for much memory, scaled to this machine."""

    def __init__(self, directory):
        os.chmod(directory, 0o755)
        self.process = subprocess.Popen([BINARY, "services", "--data-dir", directory], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = Path(directory) / "services.json"
        deadline = time.monotonic() + 60
        while not found.exists():
            assert self.process.poll() is None and time.monotonic() < deadline, "the private servers did not start"
            time.sleep(0.1)
        sockets = (Path(directory) / "services/postgres/postmaster.pid").read_text().splitlines()[4]
        self.database = psycopg.connect(host=sockets, port=5432, user="onefold", dbname="onefold", autocommit=True)
        self.database.execute("SET maintenance_work_mem = '2GB'")
        self.database.execute("SET max_parallel_maintenance_workers = 2")

    def stop(self):
        self.database.close()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(120)


def measure(database, table, count):
    columns, values, key = TABLES[table]
    name = "measured"
    database.execute(f"DROP TABLE IF EXISTS {name}")
    database.execute(f"CREATE UNLOGGED TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    started = time.monotonic()
    step = 5_000_000
    for first in range(0, count, step):
        last = min(first + step, count) - 1
        database.execute(f"INSERT INTO {name} ({columns}) SELECT {values.format(n='n')} FROM generate_series({first}::bigint, {last}::bigint) AS n")
        print(f"\r{table}: {last + 1:,} of {count:,} rows", end="", file=sys.stderr, flush=True)
    filled = time.monotonic() - started
    indexes = [definition for definition, in database.execute(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass", [table]).fetchall()]
    started = time.monotonic()
    for number, definition in enumerate(indexes):
        database.execute(definition.replace(f" ON {table} ", f" ON {name} ").replace(" INDEX ", f" INDEX m{number}_", 1))
    indexed = time.monotonic() - started
    database.execute(f"VACUUM ANALYZE {name}")
    heap, index = database.execute(f"SELECT pg_table_size('{name}'), pg_indexes_size('{name}')").fetchone()
    chooser = random.Random(count)
    times = []
    # What is warm is what the look-ups before these have brought in.
    for round_ in range(2):
        for _ in range(LOOKUPS):
            value, = database.execute(f"SELECT {key.format(n='%s::bigint')}", [chooser.randrange(count)]).fetchone()
            started = time.perf_counter()
            row = database.execute(f"SELECT size FROM {name} WHERE digest = %s", [value], prepare=True).fetchone()
            if round_:
                times.append(time.perf_counter() - started)
            assert row
    inserted = []
    for batch in range(BATCHES):
        first = count + batch * BATCH
        started = time.perf_counter()
        database.execute(f"INSERT INTO {name} ({columns}) SELECT {values.format(n='n')} FROM generate_series({first}::bigint, {first + BATCH - 1}::bigint) AS n "
                         "ON CONFLICT (digest) DO NOTHING")
        inserted.append(BATCH / (time.perf_counter() - started))
    database.execute(f"DROP TABLE {name}")
    print("\r" + " " * 70 + "\r", end="", file=sys.stderr)
    return {"table": table, "rows": count, "heapBytes": heap / count, "indexBytes": index / count, "fillSeconds": filled, "indexSeconds": indexed,
            "lookupP50": 1e6 * statistics.median(times), "lookupP99": 1e6 * sorted(times)[int(0.99 * len(times))],
            "insertsPerSecond": statistics.median(inserted)}


def main():
    results = []
    with tempfile.TemporaryDirectory(prefix="onefold-keys-", dir=PLACE) as directory:
        server = Server(directory)
        try:
            for count in KEYS:
                for table in TABLES:
                    result = measure(server.database, table, count)
                    results.append(result)
                    print(f"{table:18}{count:>14,} rows  {result['heapBytes']:6.1f} + {result['indexBytes']:6.1f} bytes  filled {result['fillSeconds']:7.1f} s"
                          f"  indexed {result['indexSeconds']:7.1f} s  look-up p50 {result['lookupP50']:6.0f} us, p99 {result['lookupP99']:6.0f} us"
                          f"  insert {result['insertsPerSecond']:9,.0f}/s", flush=True)
                    (ROOT / ".build/keys.json").write_text(json.dumps(results, indent=1))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
