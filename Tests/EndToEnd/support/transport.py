"""What Redis still holds of the jobs. The one place that knows how its keys are named.

Nothing here is a promise to clients: it says whether the transport is empty once the log says that all is done.
"""

# Dead letters are kept to be looked at.
KEPT = {"jobs:dead"}


def jobs_left(redis):
    """Entries, pending ones and delayed ones, by key."""
    left = {}
    for key in redis.scan_iter("jobs:*"):
        if key in KEPT:
            continue
        kind = redis.type(key)
        if kind == "stream":
            count = redis.xlen(key) + sum(group["pending"] for group in redis.xinfo_groups(key))
        else:
            count = {"zset": redis.zcard, "list": redis.llen}.get(kind, lambda _: 0)(key)
        if count:
            left[key] = count
    return left


def relayed(redis):
    """The position up to which the relay has come."""
    return int(redis.get("relay:position") or 0)
