"""`onefold up`: one command, nothing configured; it starts, refuses a second on the same directory, stops, goes on."""
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import requests
from support.client import Client
from support.program import BINARY, Onefold, free_port, resident_megabytes


def test_the_first_start_prints_how_to_sign_in_once(workspace):
    port = free_port()
    command = [BINARY, "up", "--data-dir", workspace / "data", "--port", str(port), "--log-format", "text"]
    program = Onefold(workspace / "data", port=port)
    log = program.log_path
    environment = {name: value for name, value in os.environ.items() if name != "ONEFOLD_ADMIN_PASSWORD"}
    with open(log, "ab") as output:
        program.process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        program.wait_until_ready()
        text = program.log()
        password = re.search(r"password:?\s+(\S+)", text, re.IGNORECASE).group(1)
        assert "admin@onefold.local" in text and f"http://localhost:{port}" in text
        Client(program.url).sign_in("admin@onefold.local", password)
        assert program.stop() == 0
        size = len(text)
        with open(log, "ab") as output:
            program.process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        program.wait_until_ready()
        assert password not in program.log()[size:]
        Client(program.url).sign_in("admin@onefold.local", password)
    finally:
        program.stop()


def test_a_second_start_on_the_same_directory_is_refused(onefold):
    result = subprocess.run([BINARY, "up", "--data-dir", onefold.data_dir, "--port", "0"],
                            capture_output=True, text=True, timeout=30)
    assert result.returncode != 0
    assert f"process {onefold.process.pid}" in result.stderr and "--data-dir" in result.stderr


def test_stopping_leaves_no_process_and_starting_again_goes_on(own_onefold):
    client = Client.registered(own_onefold.url)
    file = client.upload("a.txt", b"kept over a restart")
    children = [own_onefold.child("postgres"), own_onefold.child("redis")]
    assert own_onefold.stop() == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    own_onefold.start()
    assert client.request("GET", f"/files/{file['id']}/content").content == b"kept over a restart"


def test_after_kill_9_no_server_outlives_it_and_nothing_acknowledged_is_lost(own_onefold):
    client = Client.registered(own_onefold.url)
    files = [client.upload(f"{number}.bin", os.urandom(3000)) for number in range(50)]
    children = [own_onefold.child("postgres"), own_onefold.child("redis")]
    own_onefold.kill()
    deadline = time.monotonic() + 30
    while [pid for pid in children if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, "a private server outlived its parent"
        time.sleep(0.05)
    own_onefold.start()
    assert {file["id"] for file in client.pages("/files")} == {file["id"] for file in files}
    client.wait_until_settled()


def test_private_servers_that_die_are_started_again(own_onefold):
    client = Client.registered(own_onefold.url)
    for name in ("redis", "postgres"):
        before = own_onefold.child(name)
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = client.put(f"{name}.txt", name.encode(), key=name)
                if answer.status_code in (200, 201):
                    break
            except requests.RequestException:
                pass
            assert time.monotonic() < deadline, own_onefold.log()[-3000:]
            time.sleep(0.1)
        client.wait_until_settled()


def test_no_private_server_runs_as_root_or_listens_on_the_network(onefold):
    for name in ("postgres", "redis"):
        pid = onefold.child(name)
        status = Path(f"/proc/{pid}/status").read_text()
        if os.geteuid() == 0:
            assert int(re.search(r"Uid:\s+(\d+)", status).group(1)) != 0
        sockets = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
        inodes = {re.search(r"socket:\[(\d+)\]", link).group(1) for link in sockets if link.startswith("socket:")}
        listening = {line.split()[9] for family in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]
                     if line.split()[3] == "0A"}
        assert not inodes & listening


def test_a_large_upload_stays_within_150_mb_of_memory(own_onefold, workspace):
    """2 GB, sent as a stream; the server must never hold it."""
    client = Client.registered(own_onefold.url)
    size, piece = 2_000_000_000, os.urandom(1_000_000)

    def body():
        for _ in range(size // len(piece)):
            yield piece

    class Sized:
        def __iter__(self):
            return body()

        def __len__(self):
            return size

    answer = client.request("PUT", "/files", params={"path": "large.bin"}, data=Sized(), timeout=200)
    assert answer.status_code == 201, answer.text
    assert answer.json()["size"] == size
    client.wait_until_settled(timeout=200)
    assert resident_megabytes(own_onefold.process.pid) < 150


def test_status_shows_how_far_everything_is(onefold):
    result = onefold.command("status", "--data-dir", onefold.data_dir)
    assert result.returncode == 0, result.stderr
    for word in ("files", "duplicates", "savings", "jobs", "quota", "position"):
        assert word in result.stdout


def test_every_subcommand_has_help_with_examples():
    for name in ("up", "serve", "work", "project", "relay", "migrate", "replay", "erase", "push", "status", "services", "settings"):
        result = subprocess.run([BINARY, name, "--help"], capture_output=True, text=True, timeout=30)
        assert result.returncode == 0, result.stderr
        assert "EXAMPLES" in result.stdout or name == "settings", name


def test_a_wrong_setting_is_named():
    result = subprocess.run([BINARY, "serve", "--port", "99999999"], capture_output=True, text=True, timeout=30)
    assert result.returncode != 0
    assert "--port" in result.stderr and "ONEFOLD_PORT" in result.stderr and "65535" in result.stderr


def test_settings_tables_stand_in_the_operations_document():
    document = (Path(__file__).parents[2] / "docs/operations.md").read_text()
    for flags in ([], ["--telemetry"]):
        table = subprocess.run([BINARY, "settings", *flags], capture_output=True, text=True, timeout=30).stdout.strip()
        assert table.startswith("| ") and table in document
