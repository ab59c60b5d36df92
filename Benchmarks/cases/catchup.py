"""Catching up with the log, every event decoded into a Swift value, against a binary COPY of the same columns that is thrown away."""
import subprocess
import time

from .cluster import postgres, psql
from .harness import bench, figure, interleaved, workspace

EVENTS = 500_000
ROUNDS = 5

FILL = f"""
INSERT INTO log.event (position, version, recorded_at, id, owner, actor, correlation_id, schema_version, stream, type, payload)
SELECT n, 1, clock_timestamp(), ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, owner, owner,
    ('01900000-0000-7000-9000-' || lpad((n / 2)::text, 12, '0'))::uuid, 1,
    'bench-01900000-0000-7000-8000-' || lpad(n::text, 12, '0'), 'bench.appended' || n % 8,
    ('{{"text":"' || repeat('x', 289) || '"}}')::json
FROM generate_series(1, {EVENTS}) AS n, (SELECT '01900000-0000-7000-8000-000000000000'::uuid AS owner) AS account;
UPDATE log.head SET position = {EVENTS};
"""


def measure():
    with workspace() as directory, postgres(directory / "data") as url:
        psql(url, FILL)
        psql(url, "VACUUM ANALYZE log.event")
        ours, limit = interleaved(lambda: bench("read", "--url", url), lambda: copy(url), rounds=ROUNDS)
        yield figure("read.catchup", ours, "events/s", limit, "COPY (SELECT … ORDER BY position) TO, binary, to /dev/null")


def copy(url):
    start = time.monotonic()
    subprocess.run(
        ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c",
         r"\copy (SELECT * FROM log.event ORDER BY position) TO /dev/null (FORMAT binary)", url],
        check=True, timeout=120)
    return EVENTS / (time.monotonic() - start)
