"""Postgres and Redis are away: every role waits for them, and none of them works at it."""
import os
import signal
import time

from support.cluster import Cluster

SECONDS = 5
# Of a core, for each role. Loops that try again without a pause took 20 to 70 %.
MOST_PERCENT = 12


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_roles_whose_services_are_away_wait_without_work(workspace):
    cluster = Cluster(workspace)
    try:
        cluster.stopping.set()  # Nobody brings anything back.
        cluster.keeper.join(10)
        for pid in (cluster.services.process.pid, cluster.postgres_pid(), cluster.redis_server.process.pid):
            os.kill(pid, signal.SIGKILL)
        time.sleep(2)  # The first attempts follow each other closely.
        before = {role.name: processor_seconds(role.process.pid) for role in cluster.roles}
        time.sleep(SECONDS)
        percent = {role.name: round((processor_seconds(role.process.pid) - before[role.name]) / SECONDS * 100)
                   for role in cluster.roles}
        assert max(percent.values()) <= MOST_PERCENT, percent
    finally:
        cluster.stop()
