"""A long history in no time: events copied straight into the log by the database's owner, as one append.

An event is its id, owner, stream, version, type and payload.
"""
import hashlib
import json
import random
import uuid

PERSONS = 20
COLUMNS = ("position", "version", "recorded_at", "id", "owner", "actor", "correlation_id", "causation_id",
           "schema_version", "stream", "type", "payload")


def seed_log(connection, count, events):
    """Appends the first `count` of these events."""
    with connection.transaction():
        head, at = connection.execute(
            "UPDATE log.head SET position = position + %s RETURNING position - %s, recorded_at", [count, count]).fetchone()
        with connection.cursor().copy(f"COPY log.event ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for position, event in zip(range(head + 1, head + count + 1), events):
                id, owner, stream, version, type, payload = event
                # Schema version 1 has addresses and paths in the clear.
                copy.write_row((position, version, at, id, owner, None, None, None, 1, stream, type,
                                json.dumps(payload, separators=(",", ":"))))


def new(rng):
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def busy_life(seed):
    """People who upload, three files in ten of them copies, and trash one in ten; every job is done. Without end."""
    rng = random.Random(seed)
    persons = [new(rng) for _ in range(PERSONS)]
    version, used, first = dict.fromkeys(persons, 1), dict.fromkeys(persons, 0), {}
    for owner in persons:
        yield registration(rng, owner)
    while True:
        owner = rng.choice(persons)
        size = rng.randrange(200) if rng.random() < 0.3 else rng.randrange(1000, 1 << 20)
        digest = "sha256:" + hashlib.sha256(f"{size}".encode()).hexdigest()
        file, job = new(rng), new(rng)
        version[owner] += 1
        used[owner] += size
        yield (new(rng), owner, f"account-{owner}", version[owner], "account.quotaCharged",
               {"accountId": owner, "bytes": size, "fileId": file, "usedBytes": used[owner]})
        yield (job, owner, f"file-{file}", 1, "file.uploaded",
               {"digest": digest, "fileId": file, "jobClass": "bulk", "path": f"photos/{file}.jpg", "size": size})
        original, group = first.setdefault((owner, digest), (file, new(rng)))
        if original != file:
            yield (new(rng), owner, f"duplicates-{group}", version_of(version, group), "duplicates.exactMatched",
                   {"digest": digest, "fileId": file, "groupId": group, "originalId": original, "size": size})
        yield (new(rng), owner, f"job-{job}", 1, "job.succeeded",
               {"digest": digest, "fileId": file, "jobId": job, "kind": "analyze", "size": size, "storedBytes": size // 2})
        if rng.random() < 0.1:
            yield new(rng), owner, f"file-{file}", 2, "file.trashed", {"fileId": file, "reason": "deleted"}


def open_uploads(seed, contents):
    """One account that uploads these contents, (digest, size), again and again; every job is open. Without end."""
    rng = random.Random(seed)
    owner = new(rng)
    yield registration(rng, owner)
    while True:
        (digest, size), file = rng.choice(contents), new(rng)
        yield (new(rng), owner, f"file-{file}", 1, "file.uploaded",
               {"digest": digest, "fileId": file, "jobClass": "bulk", "path": f"backlog/{file}", "size": size})


def registration(rng, owner):
    return (new(rng), owner, f"account-{owner}", 1, "account.registered",
            {"accountId": owner, "email": f"seeded.{owner}@example.org", "quotaBytes": 1 << 50, "role": "user"})


def version_of(versions, stream):
    versions[stream] = versions.get(stream, 0) + 1
    return versions[stream]


def tables_digest(connection, schemas):
    """SHA-256 over every row of every table of these schemas, in an order of their own."""
    tables = connection.execute("SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables "
                                "WHERE schemaname = ANY(%s) ORDER BY 1", [schemas]).fetchall()
    assert len(tables) >= len(schemas)
    whole = hashlib.sha256()
    for table, in tables:
        whole.update(table.encode())
        query = f"COPY (SELECT t::text FROM {table} t ORDER BY t::text COLLATE \"C\") TO STDOUT"
        with connection.cursor().copy(query) as copy:
            for piece in copy:
                whole.update(piece)
    return whole.hexdigest()
