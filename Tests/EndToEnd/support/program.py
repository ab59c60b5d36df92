"""The built program under test: `onefold up` on a directory and a port of its own."""
import os
import random
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("ONEFOLD_BINARY", ROOT / ".build/debug/onefold"))
DASHBOARD = ROOT / "dashboard/dist"


given = set()


def free_port():
    """Below those that the system gives to connections, and none twice: whoever listens on it later must not find it taken."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        if port in given:
            continue
        given.add(port)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Onefold:
    """One installation. `start` returns when it serves; whatever happens, `stop` leaves no process behind."""

    admin_email = "admin@example.org"
    admin_password = "correct horse battery"

    def __init__(self, data_dir, *, port=None, flags=(), environment=None, binary=BINARY):
        self.binary = binary
        self.data_dir = Path(data_dir)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.flags = list(flags)
        self.environment = environment or {}
        self.log_path = self.data_dir.parent / (self.data_dir.name + ".log")
        self.process = None

    def command(self, *arguments, **options):
        """Runs another subcommand to its end."""
        return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)

    def start(self, timeout=60):
        environment = dict(os.environ, ONEFOLD_ADMIN_PASSWORD=self.admin_password, **self.environment)
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [self.binary, "up", "--data-dir", self.data_dir, "--port", str(self.port), "--admin-email", self.admin_email,
             *self.flags],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        log.close()
        self.wait_until_ready(timeout)
        return self

    def wait_until_ready(self, timeout=60):
        import requests
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"onefold up ended with {self.process.returncode}:\n{self.log()[-4000:]}")
            try:
                if requests.get(self.url + "/readyz", timeout=2).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not ready within {timeout} s:\n{self.log()[-4000:]}")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self, timeout=60):
        """Asks it to end, as Ctrl-C does. Returns its exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"did not stop within {timeout} s:\n{self.log()[-4000:]}")
        return self.process.returncode if self.process else None

    def kill(self):
        """kill -9 of the process itself; its private servers see their parent go."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def restart(self):
        self.stop()
        return self.start()

    def child(self, name):
        """The pid of the private `postgres` or `redis`."""
        if name == "postgres":
            return int((self.data_dir / "services/postgres/postmaster.pid").read_text().split()[0])
        out = subprocess.run(["pgrep", "-P", str(self.process.pid), "-f", name], capture_output=True, text=True).stdout
        return int(out.split()[0])

    @property
    def sockets(self):
        """The directory of the private servers' Unix sockets, read from Postgres' own record of it."""
        return Path((self.data_dir / "services/postgres/postmaster.pid").read_text().splitlines()[4])

    def sql(self, query, parameters=()):
        """Rows of a query, as the database's owner."""
        import psycopg
        with psycopg.connect(host=str(self.sockets), port=5432, user="onefold", dbname="onefold", autocommit=True) as c:
            cursor = c.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def redis(self):
        import redis
        return redis.Redis(unix_socket_path=str(self.sockets / "redis.sock"), decode_responses=True)


def resident_megabytes(pid):
    """The most memory that a process has held, without the pages of its program file, of which a debug build has many."""
    text = Path(f"/proc/{pid}/status").read_text()
    kilobytes = {name: int(value) for name, value in re.findall(r"^(VmHWM|RssFile):\s+(\d+) kB", text, re.MULTILINE)}
    return (kilobytes["VmHWM"] - kilobytes["RssFile"]) / 1024
