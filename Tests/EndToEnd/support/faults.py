"""What can go wrong, each as a function on a cluster. The names are what FAULTS takes.

A fault that lasts sleeps for its time and puts things right itself; others go on meanwhile.
"""
import os
import signal
import time


# Processes die without a warning.

def kill_server(cluster, rng):
    kill(cluster, rng.choice(cluster.role("serve")).process.pid)


def kill_worker(cluster, rng):
    kill(cluster, rng.choice(cluster.role("work")).process.pid)


def kill_project(cluster, rng):
    kill(cluster, cluster.role("project")[0].process.pid)


def kill_relay(cluster, rng):
    kill(cluster, cluster.role("relay")[0].process.pid)


def kill_postgres(cluster, rng):
    kill(cluster, cluster.postgres_pid())


def kill_redis(cluster, rng):
    """It comes back as it is configured to keep its data: not at all, each second, or always."""
    cluster.redis_server.kill(persistence=rng.choice(["off", "everysec", "always"]))
    cluster.kills += 1


def kill_all(cluster, rng):
    pids = [role.process.pid for role in [*cluster.roles, cluster.redis_server]] + [cluster.postgres_pid()]
    rng.shuffle(pids)
    for pid in pids:
        kill(cluster, pid)
        time.sleep(rng.choice([0, 0.05]))


# Servers lose what they held.

def stop_postgres(cluster, rng):
    """Immediate shutdown: no checkpoint, recovery at the next start."""
    os.kill(cluster.postgres_pid(), signal.SIGQUIT)


def kill_backends(cluster, rng):
    """Ends every session, some of them between COMMIT and its answer."""
    with cluster.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                           "WHERE datname = current_database() AND pid <> pg_backend_pid()")


def flush_redis(cluster, rng):
    cluster.redis().flushall()


def empty_redis(cluster, rng):
    """Its files are gone as well."""
    cluster.redis_server.kill(forget=True)
    cluster.kills += 1


def age_redis(cluster, rng):
    """Power loss: the end of its file was never written."""
    with cluster.redis_server.down():
        for file in sorted(cluster.redis_server.directory.glob("appendonlydir/*.incr.aof")):
            os.truncate(file, rng.randrange(file.stat().st_size + 1))
    cluster.kills += 1


# Nobody dies, and nothing works.

def stop_worker(cluster, rng):
    """Past its lease, so that others take its jobs; then it comes back and believes it still holds them."""
    role = rng.choice(cluster.role("work"))
    role.signal(signal.SIGSTOP)
    time.sleep(22)
    role.signal(signal.SIGCONT)


def cut_postgres(cluster, rng):
    bad_link(cluster, "postgres", "cut", rng.uniform(1, 10))


def cut_redis(cluster, rng):
    bad_link(cluster, "redis", "cut", rng.uniform(1, 10))


def stall_postgres(cluster, rng):
    """Packets vanish: nobody is told that the other side is away."""
    bad_link(cluster, "postgres", "stall", rng.uniform(1, 20))


def stall_redis(cluster, rng):
    bad_link(cluster, "redis", "stall", rng.uniform(1, 20))


def lose_answers(cluster, rng):
    """Every connection to Postgres breaks as its next answer begins: what was committed is not known."""
    bad_link(cluster, "postgres", "lose", rng.uniform(0.1, 1))


def fill_disk(cluster, rng):
    """That of the bytes and of Postgres."""
    if not cluster.disk.is_there:
        return
    cluster.disk.fill()
    try:
        time.sleep(rng.uniform(1, 8))
    finally:
        cluster.disk.free()


def kill(cluster, pid):
    try:
        os.kill(pid, signal.SIGKILL)
        cluster.kills += 1
    except ProcessLookupError:
        pass  # It had fallen already.


def bad_link(cluster, name, mode, seconds):
    cluster.links[name].set(mode)
    try:
        time.sleep(seconds)
    finally:
        cluster.links[name].set("pass")


ALL = {function.__name__.replace("_", "-"): function for function in (
    kill_server, kill_worker, kill_project, kill_relay, kill_postgres, kill_redis, kill_all, stop_postgres, kill_backends,
    flush_redis, empty_redis, age_redis, stop_worker, cut_postgres, cut_redis, stall_postgres, stall_redis, lose_answers,
    fill_disk)}
