"""A process that is started again when it falls, until it is told to stop."""
import shutil
import signal
import subprocess
from contextlib import contextmanager

from .program import BINARY


class Role:
    """One command of the program."""

    def __init__(self, name, arguments, environment, log, binary=BINARY):
        self.name, self.arguments, self.environment, self.log = name, arguments, environment, log
        self.binary = binary
        self.process = None
        self.starts = 0
        self.wanted = True
        self.start()

    def command(self):
        return [self.binary, *self.arguments]

    def start(self):
        self.starts += 1
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.environment)

    def keep_alive(self):
        if self.wanted and self.process.poll() is not None:
            self.start()

    def signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self, timeout=60):
        self.wanted = False
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)


class RedisServer(Role):
    """Its own, so that a test says how it keeps its data; that may change at each start."""

    PERSISTENCE = {"off": ["--appendonly", "no"], "everysec": ["--appendonly", "yes", "--appendfsync", "everysec"],
                   "always": ["--appendonly", "yes", "--appendfsync", "always"]}

    def __init__(self, directory, log):
        self.directory, self.socket = directory / "files", directory / "redis.sock"
        self.directory.mkdir(parents=True)
        self.persistence = "everysec"
        super().__init__("redis", [], None, log)

    def command(self):
        return ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.directory, "--save", "",
                "--maxmemory-policy", "noeviction", *self.PERSISTENCE[self.persistence]]

    def kill(self, persistence=None, forget=False):
        """kill -9; the next start has this persistence, and no files if it shall forget."""
        with self.down():
            if forget or persistence == "off":
                shutil.rmtree(self.directory)
                self.directory.mkdir()
            self.persistence = persistence or self.persistence

    @contextmanager
    def down(self):
        """Killed, and not started again before the end of the block."""
        self.wanted = False
        self.signal(signal.SIGKILL)
        self.process.wait(30)
        try:
            yield
        finally:
            self.wanted = True
