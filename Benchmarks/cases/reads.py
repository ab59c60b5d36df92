"""HTTP reads a second by wrk, against nginx serving 200 bytes of JSON from a file, on the same machine, with the same wrk."""
import contextlib
import re
import shutil
import socket
import subprocess
import time

from .harness import figure, interleaved, workspace

CONNECTIONS = 32
SECONDS = 4


def measure():
    from support.client import Client
    from support.program import Onefold
    with workspace() as directory, contextlib.ExitStack() as stack:
        program = Onefold(directory / "data").start()
        stack.callback(program.stop)
        client = Client.registered(program.url)
        files = [client.upload(f"folder/file {number}.txt", f"text {number % 150} ".encode() * 100)
                 for number in range(200)]
        client.wait_until_settled()

        limit_url, peer = stack.enter_context(static_json(directory, program))
        api = program.url + "/api/v1"
        reads = {
            "reads/list": f"{api}/files?limit=50",
            "reads/file": f"{api}/files/{files[0]['id']}",
            "reads/savings": f"{api}/savings",
        }
        *ours, limit = interleaved(
            *[lambda url=url: wrk(url, client.token) for url in reads.values()], lambda: wrk(limit_url))
        for name, value in zip(reads, ours):
            yield figure(name, value, "reads/s", limit, peer)


def wrk(url, token=None):
    header = ["-H", f"Authorization: Bearer {token}"] if token else []
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *header, url], capture_output=True, text=True,
                         timeout=60, check=True).stdout
    if "Non-2xx" in out:
        raise RuntimeError(f"{url} did not answer with success:\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


@contextlib.contextmanager
def static_json(directory, program):
    """Where 200 bytes of JSON are served; without nginx the server's own cheapest answer has to do."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        yield program.url + "/healthz", "this server's own /healthz (nginx is not installed)"
        return
    home = directory / "nginx"
    home.mkdir()
    home.chmod(0o755)
    (home / "static.json").write_text('{"text":"' + "x" * 189 + '"}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / "nginx.conf").write_text(f"""
daemon off; worker_processes 2; pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; default_type application/json; open_file_cache max=10;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  server {{ listen 127.0.0.1:{port}; root {home}; keepalive_requests 100000000; }}
}}
""")
    server = subprocess.Popen([nginx, "-p", home, "-c", home / "nginx.conf", "-e", home / "error.log"])
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/static.json", "nginx, 200 bytes of JSON from a file"
    finally:
        server.terminate()
        server.wait(10)
