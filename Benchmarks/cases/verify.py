"""`onefold verify` of a log in Postgres, against OpenSSL hashing the same leaf messages from memory, one by one, on one thread."""
import json
import subprocess
import time

from .cluster import postgres, psql
from .harness import ONEFOLD, bench, figure, interleaved, workspace

EVENTS = 1_000_000

FILL = """
SET session_replication_role = replica;
INSERT INTO log.event
SELECT n, 1, now(), ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
    '01900000-0000-7000-8000-000000000000', '01900000-0000-7000-8000-000000000000', NULL, NULL, 1,
    'bench-01900000-0000-7000-8000-' || lpad(n::text, 12, '0'), 'bench.appended', '{"text":"PAYLOAD"}'
FROM generate_series(1, EVENTS) n;
UPDATE log.head SET position = EVENTS;
""".replace("PAYLOAD", "x" * 289).replace("EVENTS", str(EVENTS))


def measure():
    with workspace() as directory, postgres(directory / "data") as url:
        psql(url, FILL)
        psql(url, "VACUUM ANALYZE log.event")
        key = directory / "seal-key"
        public = onefold("seal", "new-key", key).strip()
        onefold("seal", "--database-url", url, "--seal-key-file", key)

        def verify():
            start = time.monotonic()
            report = json.loads(onefold("verify", "--json", "--database-url", url, "--public-key", public))
            if report["events"] != EVENTS or report["findings"]:
                raise RuntimeError(f"verify found {report}")
            return EVENTS / (time.monotonic() - start)

        ours, limit = interleaved(verify, lambda: bench("leaves", "--url", url))
        yield figure("verify", ours, "events/s", limit, "OpenSSL EVP over the same leaf messages, from memory, one thread")


def onefold(*arguments):
    out = subprocess.run([ONEFOLD, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    if out.returncode != 0:
        raise RuntimeError(f"onefold {arguments[0]}: {out.stderr[-2000:]}{out.stdout[-2000:]}")
    return out.stdout
