"""What can go wrong, each as a function on a cluster. The names are what `--faults` takes."""
import os
import signal
import time


def kill_server(cluster, rng):
    rng.choice(cluster.role("serve")).signal(signal.SIGKILL)


def kill_worker(cluster, rng):
    rng.choice(cluster.role("work")).signal(signal.SIGKILL)


def kill_project(cluster, rng):
    cluster.role("project")[0].signal(signal.SIGKILL)


def kill_relay(cluster, rng):
    cluster.role("relay")[0].signal(signal.SIGKILL)


def stop_worker(cluster, rng):
    """Past its lease, so that others take its jobs; then it comes back and believes it still holds them."""
    role = rng.choice(cluster.role("work"))
    role.signal(signal.SIGSTOP)
    time.sleep(22)
    role.signal(signal.SIGCONT)


def kill_postgres(cluster, rng):
    _signal(cluster.postgres_pid(), signal.SIGKILL)


def stop_postgres(cluster, rng):
    """Immediate shutdown: no checkpoint, recovery at the next start."""
    _signal(cluster.postgres_pid(), signal.SIGQUIT)


def kill_backends(cluster, rng):
    """Cuts every connection, some of them between COMMIT and its answer."""
    with cluster.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                           "WHERE datname = current_database() AND pid <> pg_backend_pid()")


def kill_redis(cluster, rng):
    _signal(cluster.redis_pid(), signal.SIGKILL)


def flush_redis(cluster, rng):
    cluster.redis().flushall()


def kill_all(cluster, rng):
    pids = [role.process.pid for role in cluster.roles] + [cluster.postgres_pid(), cluster.redis_pid()]
    rng.shuffle(pids)
    for pid in pids:
        _signal(pid, signal.SIGKILL)


def _signal(pid, number):
    if pid:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


ALL = {function.__name__.replace("_", "-"): function for function in (
    kill_server, kill_worker, kill_project, kill_relay, stop_worker, kill_postgres, stop_postgres, kill_backends,
    kill_redis, flush_redis, kill_all)}
