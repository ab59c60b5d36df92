"""`onefold push` of 20,000 small files, until they are sent and until the last job is done, against a durable copy of the same tree.

The copy writes, syncs and renames one file after the other. It hashes nothing, finds no duplicates, and tells nobody.
"""
import os
import statistics
import subprocess
import time

from .harness import ONEFOLD, figure, interleaved, workspace

FILES = 20_000


def measure():
    from support.trees import generate
    with workspace() as directory:
        tree = generate(directory / "tree", FILES, seed=7)
        numbers = iter(range(10_000))
        uploads = []

        def whole():
            upload, total = push(tree, directory / f"data{next(numbers)}")
            uploads.append(upload)
            return total

        ours, limit = interleaved(whole, lambda: copy(tree, directory / f"copy{next(numbers)}"))
    for name, value in (("push.upload", statistics.median(uploads)), ("push", ours)):
        yield figure(name, value, "files/s", limit, "copy of the tree, write + fdatasync + rename a file")


def push(tree, data):
    """Files a second until all are sent, and until the last job is done."""
    from support.client import Client
    from support.program import Onefold
    program = Onefold(data).start()
    try:
        client = Client.registered(program.url)
        start = time.monotonic()
        done = subprocess.run([ONEFOLD, "push", tree, "--server", program.url, "--email", client.email, "--no-wait"],
                              env=dict(os.environ, ONEFOLD_PASSWORD=client.password), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(f"onefold push: {done.stderr[-2000:]}")
        sent = time.monotonic() - start
        client.position = max(client.position, program.sql("SELECT position FROM log.head")[0][0])
        counts = client.wait_until_settled(timeout=600)
        taken = time.monotonic() - start
        if counts["succeeded"] < FILES:  # Comparisons are jobs too.
            raise RuntimeError(f"{FILES} jobs and more should have succeeded: {counts}")
        return FILES / sent, FILES / taken
    finally:
        program.stop()


def copy(tree, target):
    start = time.monotonic()
    copied = 0
    for directory, _, names in os.walk(tree):
        place = target / os.path.relpath(directory, tree)
        place.mkdir(parents=True)
        for name in names:
            with open(os.path.join(directory, name), "rb") as file:
                data = file.read()
            descriptor = os.open(place / "staged", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(descriptor, data)
            os.fdatasync(descriptor)
            os.close(descriptor)
            os.rename(place / "staged", place / name)
            copied += 1
    return copied / (time.monotonic() - start)
