"""A worker that was thought dead comes back in the middle of its jobs: what it then says of them changes nothing."""
import random
import signal
import time

import pytest
from support.client import Client
from support.cluster import Cluster
from support.promise import seed, trials
from support.trial import drain
from support.worker_counters import WorkerCounters, read

BATCH, IN_WORK = 60, 10


@pytest.fixture
def cluster(workspace):
    cluster = Cluster(workspace, servers=1, workers=2)
    yield cluster
    cluster.stop()


@pytest.mark.timeout(300)
def test_what_a_worker_says_after_its_lease_changes_nothing(cluster, promise):
    wanted, number = trials(10), seed()
    rng = random.Random(number)
    client = Client.registered(cluster.urls[0])
    counters = WorkerCounters(cluster.worker_ports)
    stopped, other = cluster.role("work")
    jobs, rounds, late = 0, 0, 0
    while late < wanted:
        rounds += 1
        assert rounds <= wanted, "no worker was ever stopped in the middle of its jobs"
        for role in (stopped, other):
            role.signal(signal.SIGSTOP)
        for name in range(BATCH):
            client.upload(f"{rounds}/{name}", rng.randbytes(500_000))
        jobs += BATCH
        # One worker takes them, and stops among them; the other takes them over once the lease is past.
        stopped.signal(signal.SIGCONT)
        # Between two looks it may have done them all: then this round shows nothing, and the next one may.
        cluster.wait_for(
            lambda: (read(cluster.worker_ports[0], "active_deduplication_jobs") or 0) >= IN_WORK or client.is_settled(),
            "jobs in work")
        stopped.signal(signal.SIGSTOP)
        other.signal(signal.SIGCONT)
        client.wait_until_settled(timeout=120)
        stopped.signal(signal.SIGCONT)
        cluster.wait_for(lambda: read(cluster.worker_ports[0], "active_deduplication_jobs") == 0, "the late results")
        time.sleep(1)  # For the counters to be read once more.
        client.sign_in(client.email, client.password)
        # The same result under the same event ids is taken for a repetition; any other is refused.
        late = counters.totals["results reported"] - jobs + counters.totals["stale results refused"]
    counters.stop()
    drain(cluster, [client])
    with cluster.connect() as connection:
        twice, = connection.execute(
            "SELECT count(*) FROM (SELECT FROM log.event WHERE type IN ('job.succeeded', 'job.deadLettered')"
            " GROUP BY payload->>'jobId' HAVING count(*) > 1"
            " UNION ALL SELECT FROM log.event WHERE type = 'content.analyzed' GROUP BY payload->>'digest' HAVING count(*) > 1) t"
        ).fetchone()
        ended, = connection.execute("SELECT count(*) FROM log.event WHERE type = 'job.succeeded'").fetchone()
    promise.held(24, f"{jobs} jobs, a worker stopped past its lease {rounds} times", number,
                 f"late results {late}", f"jobs ended {ended}", f"effects doubled {twice}",
                 f"jobs rescued {counters.totals['jobs rescued']}")
    assert ended == jobs and twice == 0
