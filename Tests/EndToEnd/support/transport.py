"""What Redis still holds of the jobs. The one place that knows how its keys are named.

Nothing here is a promise to clients: it says whether the transport is empty once the log says that all is done.
"""

# Dead letters are kept to be looked at, cancellations for whoever still runs such a job, and the rest are settings and counters of time.
KEPT = {"jobs:dead", "jobs:cancelled", "jobs:control", "jobs:control:at", "jobs:rate", "jobs:credit", "jobs:depth"}
# A token wakes a worker, which may find that another was quicker; a share that was saved up goes with its tenant's next turn.
PASSING = ("jobs:wake:", "jobs:deficit:")


def jobs_left(redis):
    """Jobs that wait, are under way or delayed, and counts of such, by key."""
    left = {}
    for key in redis.scan_iter("jobs:*"):
        if key in KEPT or key.startswith(PASSING):
            continue
        kind = redis.type(key)
        if kind == "stream":
            count = redis.xlen(key) + sum(group["pending"] for group in redis.xinfo_groups(key))
        else:
            count = {"zset": redis.zcard, "list": redis.llen, "hash": redis.hlen}.get(kind, lambda _: 0)(key)
        if count:
            left[key] = count
    return left


def held_by(redis):
    """Of each entry that a worker has: its stream, the worker, for how many ms it was silent of it, how often it was given out."""
    return [(key, entry["message_id"], entry["consumer"], entry["time_since_delivered"], entry["times_delivered"])
            for key in redis.scan_iter("jobs:*", _type="stream") for group in redis.xinfo_groups(key)
            for entry in redis.xpending_range(key, group["name"], "-", "+", 100)]


def relayed(redis):
    """The position up to which the relay has come."""
    return int(redis.get("relay:marker") or 0)
