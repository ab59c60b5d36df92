"""message-db's write_message, on the same server. Fetches nothing: MESSAGE_DB_SQL names the `database` directory of its repository."""
import os
import subprocess
import sys

from .cluster import connection
from .pgbench import Pgbench

WRITE = r"""
\set n :n + 1
\set id 100000000000 + :run * 10000000000 + :client_id * 100000000 + :n
SELECT message_store.write_message('01900000-0000-7000-8000-' || :id, 'CATEGORY-' || :id, 'bench.appended',
  '{"text":"PAYLOAD"}'::jsonb, NULL, -1);
""".replace("PAYLOAD", "x" * 289)

DATABASE = "message_store"
CATEGORIES = {"one": "one category", "each": "a category for each client"}


def installed(url, directory, seconds):
    """Writers of one category and of a category for each client; nothing when message-db is not at hand."""
    source = os.environ.get("MESSAGE_DB_SQL")
    if not source:
        print("append.messagedb is left out: MESSAGE_DB_SQL names no directory", file=sys.stderr)
        return {}
    flags, database = connection(url)
    environment = {**os.environ, "CREATE_DATABASE": "on", "DATABASE_NAME": DATABASE, "PGHOST": flags[1], "PGPORT": flags[3],
                   "PGUSER": flags[5]}
    subprocess.run(["bash", "install.sh"], cwd=source, env=environment, check=True, timeout=120, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    there = url.replace(f"/{database}?", f"/{DATABASE}?")
    return {
        name: Pgbench(there, directory, name, WRITE.replace("CATEGORY", category), seconds, "message_store,public")
        for name, category in {"one": "bench", "each": "bench' || :client_id || '"}.items()
    }
