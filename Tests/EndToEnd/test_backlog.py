"""Workers are away while work piles up; then they come back and do all of it, once."""
import random
import time

import pytest
from support.client import Client
from support.history import open_uploads, seed_log
from support.promise import seed, trials
from support.transport import jobs_left, relayed
from support.trial import drain


@pytest.mark.timeout(300)
def test_a_backlog_is_done_to_its_end_and_nothing_is_trimmed_unread(cluster, promise):
    count, number = trials(3000), seed()
    client, rng = Client.registered(cluster.urls[0]), random.Random(number)
    files = [client.upload(f"content {name}", rng.randbytes(2000)) for name in range(20)]
    contents = [(file["digest"], file["size"]) for file in files]
    client.wait_until_settled()
    for worker in cluster.role("work"):
        worker.stop()
    with cluster.connect() as connection:
        seed_log(connection, count + 1, open_uploads(number, contents))
        head, = connection.execute("SELECT position FROM log.head").fetchone()
    redis = cluster.redis()
    cluster.wait_for(lambda: relayed(redis) >= head, "the relay", timeout=3600)
    waiting, started = sum(jobs_left(redis).values()), time.monotonic()
    for worker in cluster.role("work"):
        worker.wanted = True
    drain(cluster, [client], timeout=3 * 3600)
    seconds = time.monotonic() - started
    cluster.wait_for(lambda: not jobs_left(redis), "Redis to be told of the last jobs")
    with cluster.connect() as connection:
        ended = connection.execute("SELECT count(*), count(DISTINCT payload->>'jobId') FROM log.event "
                                   "WHERE type IN ('job.succeeded', 'job.deadLettered') AND position > %s", [head]).fetchone()
    promise.held(27, f"{count} jobs", number, f"waiting in Redis {waiting}", f"jobs ended {ended[1]}, ended twice {ended[0] - ended[1]}",
                 f"most memory of Redis {redis.info()['used_memory_peak'] / 1e6:.0f} MB", f"drained at {count / seconds:.0f} jobs/s")
    assert ended == (count, count)
