"""A private Postgres with the log's tables, as `onefold up` configures it: fsync and synchronous_commit are on."""
import contextlib
import subprocess
from urllib.parse import parse_qs, unquote, urlsplit

from .harness import BENCH, ROOT


def postgres(data):
    return server("postgres", data)


def redis(data):
    """A private Redis, as `onefold up` configures it: AOF, every second."""
    return server("redis", data)


@contextlib.contextmanager
def server(name, data):
    server = subprocess.Popen([BENCH, name, "--data-dir", data], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, cwd=ROOT)
    try:
        url = server.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the private {name} did not start")
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
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", sql, url], check=True, timeout=300,
                   stdout=subprocess.DEVNULL)
