"""Debian's nginx with the configuration that is delivered: only the places where it listens and finds servers are the test's own."""
import re
import shutil
import subprocess
import time

import requests

from .program import ROOT, free_port
from .tools import tool

DEPLOY = ROOT / "deploy"


class Nginx:
    """`servers`: URLs of Onefold's. `tls`: a certificate and its key, for the template of TLS."""

    def __init__(self, directory, servers, tls=None):
        self.program = tool("nginx")
        self.directory = directory / "nginx"
        shutil.copytree(DEPLOY, self.directory)
        self.port, self.status_port = free_port(), free_port()
        self.scheme = "https" if tls else "http"
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self.log_path = self.directory / "nginx.log"
        self._write_servers(servers)
        self._replace("listen-status.conf", "8081", f"127.0.0.1:{self.status_port}")
        if tls:
            shutil.copy(self.directory / "listen-tls.conf", self.directory / "listen.conf")
            self._replace("listen.conf", "443", f"127.0.0.1:{self.port}")
            for name, path in zip(("fullchain.pem", "privkey.pem"), tls):
                self._replace("listen.conf", f"/etc/nginx/tls/{name}", str(path))
        else:
            self._replace("listen.conf", "8080", f"127.0.0.1:{self.port}")
        self._replace("nginx.conf", "/tmp/onefold-nginx", str(self.directory))
        # A pipe's end or a file of the test's, whoever nginx runs as.
        self._replace("nginx.conf", "/dev/stdout", str(self.log_path))
        # A test may know the names of its own files.
        self._replace("nginx.conf", "/dev/stderr crit", f"{self.directory / 'error.log'} error")
        self.process = None

    def _write_servers(self, servers):
        # The parameters that are delivered, without the one that Debian's nginx is too old for.
        parameters = re.search(r"^server \S+ resolve (.*);$", (DEPLOY / "servers.conf").read_text(), re.M)[1]
        lines = [f"server {url.removeprefix('http://')} {parameters};\n" for url in servers]
        (self.directory / "servers.conf").write_text("".join(lines))

    def _replace(self, name, old, new):
        path = self.directory / name
        text = path.read_text()
        assert old in text, f"{name} has no {old}"
        path.write_text(text.replace(old, new))

    def command(self):
        return [self.program, "-p", str(self.directory), "-c", str(self.directory / "nginx.conf"),
                "-e", str(self.directory / "error.log")]

    def check(self):
        return subprocess.run([*self.command(), "-t"], capture_output=True, text=True, timeout=30)

    def start(self):
        assert self.check().returncode == 0, self.check().stderr
        self.process = subprocess.Popen([*self.command(), "-g", "daemon off;"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=open(self.directory / "stderr.log", "wb"))
        deadline = time.monotonic() + 30
        while True:
            try:
                requests.get(f"http://127.0.0.1:{self.status_port}/nginx_status", timeout=2)
                return self
            except requests.RequestException:
                assert time.monotonic() < deadline and self.process.poll() is None, self.errors()
                time.sleep(0.02)

    def errors(self):
        return "".join(path.read_text(errors="replace") for path in (self.directory / "stderr.log", self.directory / "error.log")
                       if path.exists())

    def lines(self):
        """The access log."""
        return self.log_path.read_text().splitlines()

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)


def count(url, metric):
    """The sum of all series of a counter of a server."""
    text = requests.get(url + "/metrics", timeout=10).text
    return sum(float(value) for value in re.findall(rf"^{metric}(?:{{.*}})? (\S+)$", text, re.M))
