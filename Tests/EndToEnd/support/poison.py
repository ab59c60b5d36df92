"""Events that this program cannot fold: appended as the database's owner, as no writer of this program would."""
import time

APPEND = """
    WITH head AS (UPDATE log.head SET position = position + 1 RETURNING position, recorded_at)
    INSERT INTO log.event (position, version, recorded_at, id, schema_version, stream, type, payload)
    SELECT position, 1, recorded_at, gen_random_uuid(), 1, split_part(%(type)s, '.', 1) || '-' || gen_random_uuid(), %(type)s, '{}'
    FROM head
    RETURNING position"""


def append(program, type):
    return program.sql(APPEND, {"type": type})[0][0]


def poison(program, timeout=30):
    """One event that cannot be read and one of an unknown type. Returns their positions once they are parked."""
    positions = append(program, "file.trashed"), append(program, "file.dreamt")
    deadline = time.monotonic() + timeout
    while program.sql("SELECT count(DISTINCT position) FROM (SELECT position FROM projection.parked UNION ALL "
                      "SELECT position FROM unrecognised.event) parked")[0][0] < 2:
        assert time.monotonic() < deadline, "the events were not parked"
        time.sleep(0.05)
    return positions
