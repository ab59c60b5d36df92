"""Files that were made to use up whoever reads them cost one job each, a bounded time of it, and bounded memory."""
import random
import re
import threading
import time
from pathlib import Path

import pytest
from support import bombs, documents
from support.client import Client
from support.program import ROOT

from test_similar import groups, paths, text
from test_similar_documents import paragraphs


def limit(name):
    """Of Sources/Parsing/ParserLimits.swift."""
    source = (ROOT / "Sources/Parsing/ParserLimits.swift").read_text()
    value, shift = re.search(rf"static let {name} = (\d+)(?: << (\d+))?", source).groups()
    return int(value) << int(shift or 0)


class Parsers:
    """The parsers of this machine, and the most memory that one has used while this looked."""

    def __init__(self):
        self.resident = 0
        self.seen = set()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopping.set()
        self.thread.join(10)

    def _run(self):
        while not self.stopping.wait(0.05):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if not (process / "cmdline").read_bytes().split(b"\0")[0].endswith(b"onefold-parser"):
                        continue
                    resident = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
                except OSError:
                    continue
                self.seen.add(process.name)
                self.resident = max(self.resident, int(resident[1]) << 10 if resident else 0)


@pytest.mark.timeout(600)
def test_a_bomb_costs_one_job_and_no_more_than_its_limits(own_onefold, promise):
    """Check 49."""
    client, parsers, took = Client.registered(own_onefold.url), Parsers(), {}
    try:
        for name, data in bombs.all_of_them().items():
            client.upload(name, data)
            start = time.monotonic()
            client.wait_until_settled(timeout=120)
            took[name] = time.monotonic() - start
    finally:
        parsers.stop()
    admin = Client.admin(own_onefold)
    jobs = {job["id"]: job for job in client.pages("/jobs")}
    assert {job["state"] for job in jobs.values()} == {"succeeded"}, [job for job in jobs.values() if job["state"] != "succeeded"]
    reasons = {}
    for event in admin.pages("/admin/audit/events", type="job.succeeded"):
        job = jobs.get(event["stream"].removeprefix("job-"))
        if job and event["payload"].get("unreadable"):
            reasons[job["path"]] = event["payload"]["unreadable"]
    assert {"ten gigabytes.zip", "points.png", "four gigabytes.tar.zst"} <= set(reasons), reasons
    assert parsers.seen and parsers.resident <= limit("memory"), parsers.resident
    # Its processor's time is for each content, and these are more.
    assert max(took.values()) < 4 * limit("seconds"), took
    # Those who come after them are served as ever.
    words = paragraphs(text(random.Random(7)))
    client.upload("one.docx", documents.word(words))
    client.upload("another.pdf", documents.pdf(words))
    client.wait_until_settled()
    assert ["another.pdf", "one.docx"] in [paths(group) for group in groups(client)]
    slowest = max(took, key=took.get)
    promise.held(49, len(took), "-", f"said to be unreadable {len(reasons)}", f"slowest {took[slowest]:.1f} s ({slowest})",
                 f"most memory of a parser {parsers.resident >> 20} MiB of {limit('memory') >> 20}", f"parsers {len(parsers.seen)}")
