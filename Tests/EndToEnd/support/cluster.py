"""The roles as processes of their own, over one private Postgres and Redis, each started again when it falls."""
import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import redis
import requests

from .client import Client
from .disk import Disk
from .program import BINARY, free_port
from .proxy import Proxy
from .role import RedisServer, Role


def is_ready(url):
    try:
        return requests.get(url + "/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


class Cluster:
    """`breakable`: Postgres and Redis are reached over links that can be cut, and the data has a disk that can be full.

    `wires`: the networks over which Postgres and Redis are reached, by these names.
    """

    admin_email, admin_password = "admin@onefold.local", "correct horse battery"

    def __init__(self, directory, servers=2, workers=2, relay=True, breakable=False, wires=None,
                 environment=None, binary=BINARY):
        self.binary = binary
        self.directory = Path(directory)
        self.data = self.directory / "data"
        self.environment = {**os.environ, "ONEFOLD_ADMIN_PASSWORD": self.admin_password, "ONEFOLD_LOG_LEVEL": "notice",
                            **(environment or {})}
        self.disk = Disk(self.data) if breakable else None
        self.links = {}
        self.kills = 0  # kill -9, of anyone.
        self._start_servers({"postgres": None, "redis": None} if breakable else wires, binary)
        self._configure()
        ports = [free_port() for _ in range(servers)]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        self.worker_ports = [free_port() for _ in range(workers)]
        self.roles = [self._role(f"serve{n}", ["serve", "--port", str(port)]) for n, port in enumerate(ports)]
        self.roles += [self._role(f"work{n}", ["work", "--metrics-port", str(port)])
                       for n, port in enumerate(self.worker_ports)]
        self.other_ports = {name: free_port() for name in ["project"] + ["relay"] * relay}
        self.roles += [self._role(name, [name, "--metrics-port", str(port)]) for name, port in self.other_ports.items()]
        self.stopping = threading.Event()
        self.keeper = threading.Thread(target=self._keep_alive, daemon=True)
        self.keeper.start()
        self.wait_until_ready()

    def _start_servers(self, wires, binary):
        """Postgres is the program's own; Redis is not, so that a fault can choose how it keeps its data."""
        self.redis_server = RedisServer(self.directory / "redis", self.directory / "redis.log")
        self.redis_url = f"unix://{self.redis_server.socket}"
        self.services = Role("services", ["services", "--data-dir", str(self.data)],
                             dict(self.environment, REDIS_URL=self.redis_url), self.directory / "services.log", binary)
        self.wait_for(lambda: (self.data / "services.json").exists(), "the private servers")
        self.database_url = json.loads((self.data / "services.json").read_text())["databaseURL"]
        # From Postgres' own record of it.
        self.sockets = (self.data / "services/postgres/postmaster.pid").read_text().splitlines()[4]
        if wires:
            targets = {"postgres": f"{self.sockets}/.s.PGSQL.5432", "redis": str(self.redis_server.socket)}
            self.links = {name: Proxy(target, wires[name]) for name, target in targets.items()}
            user = re.search(r"//(\w+)@", self.database_url)[1]
            self.database_url = (f"postgresql://{user}@{self.links['postgres'].host}:{self.links['postgres'].port}/onefold"
                                 "?sslmode=disable&gssencmode=disable")
            self.redis_url = f"redis://{self.links['redis'].host}:{self.links['redis'].port}"

    def _configure(self):
        self.environment.update(DATABASE_URL=self.database_url, REDIS_URL=self.redis_url,
                                ONEFOLD_BLOBS_DIR=str(self.data / "blobs"),
                                ONEFOLD_TOKEN_SECRET="a secret for the crash tests alone, 32+",
                                ONEFOLD_KEY_SECRET="a secret of keys for the crash tests alone")
        # Sealed often, so that kills meet the sealer at work.
        self.seals = self.directory / "seals.ndjson"
        key = self.directory / "seal-key"
        self.command("seal", "new-key", str(key)).check_returncode()
        self.environment.update(ONEFOLD_SEAL_KEY_FILE=str(key), ONEFOLD_SEALS_FILE=str(self.seals),
                                ONEFOLD_SEAL_EVENTS="50", ONEFOLD_SEAL_SECONDS="1")

    def _role(self, name, arguments):
        return Role(name, arguments, self.environment, self.directory / f"{name}.log", self.binary)

    def _keep_alive(self):
        while not self.stopping.wait(0.1):
            for role in [self.redis_server, self.services, *self.roles]:
                role.keep_alive()

    def wait_for(self, condition, what, timeout=90):
        """What the condition gave, once that is true."""
        deadline = time.monotonic() + timeout
        while not (value := condition()):
            assert time.monotonic() < deadline, f"{what}: not within {timeout} s"
            time.sleep(0.05)
        return value

    def wait_until_ready(self):
        for url in self.urls:
            self.wait_for(lambda: is_ready(url), url)

    def wait_until_folded(self, timeout=180):
        """Returns the position that every read table has reached, at least."""
        with self.connect() as connection:
            head, = connection.execute("SELECT position FROM log.head").fetchone()
            self.wait_for(lambda: connection.execute(
                "SELECT min(position) FROM projection.checkpoint").fetchone()[0] >= head, f"position {head}", timeout)
        return head

    def admin(self):
        return Client(self.urls[0]).sign_in(self.admin_email, self.admin_password)

    def role(self, prefix):
        return [role for role in self.roles if role.name.startswith(prefix)]

    def postgres_pid(self):
        return int((self.data / "services/postgres/postmaster.pid").read_text().split()[0])

    def redis(self):
        return redis.Redis(unix_socket_path=str(self.redis_server.socket), decode_responses=True, socket_timeout=5)

    def connect(self):
        return psycopg.connect(host=self.sockets, port=5432, user="onefold", dbname="onefold", autocommit=True)

    def command(self, *arguments, timeout=600):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout,
                              env=self.environment)

    def stop(self):
        self.stopping.set()
        self.keeper.join()
        for role in [*self.roles, self.services, self.redis_server]:
            role.stop()
        for link in self.links.values():
            link.close()
        if self.disk:
            self.disk.close()
