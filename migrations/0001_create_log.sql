-- The log: one table of events, one row that says how far it goes.
--
-- Roles. The owner of these objects (whoever applies migrations) can create; the role onefold_app, under which every
-- process works, can append and read and nothing else. No role can change the past: the trigger below refuses it to all.

DO $$
BEGIN
    CREATE ROLE onefold_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- Roles belong to the cluster: another database of it made this one.
END
$$;

CREATE SCHEMA log;

-- The position of the newest event. Advanced inside each appending transaction: the row's lock makes positions dense and
-- their order the order of commits, which no sequence can do.
CREATE TABLE log.head (
    singleton boolean NOT NULL DEFAULT true,
    position bigint NOT NULL,
    -- The time of the newest event. Times never go back, even when a clock does: each append takes the later of the two.
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT head_pkey PRIMARY KEY (singleton),
    CONSTRAINT head_is_one_row CHECK (singleton)
) WITH (fillfactor = 10); -- Updated by every append: room for HOT updates on its one page.

INSERT INTO log.head (position) VALUES (0);

-- Column order: fixed-width first, so that no padding is lost; the payload last.
CREATE TABLE log.event (
    position bigint NOT NULL,
    version bigint NOT NULL,
    recorded_at timestamptz NOT NULL, -- One time a transaction.
    id uuid NOT NULL,
    owner uuid,
    actor uuid,
    correlation_id uuid,
    causation_id uuid,
    schema_version smallint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    -- The canonical JSON exactly as appended. Type json keeps the bytes; jsonb would reorder them.
    payload json NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (position),
    CONSTRAINT event_id_key UNIQUE (id),
    CONSTRAINT event_stream_version_key UNIQUE (stream, version),
    CONSTRAINT event_stream_has_category CHECK (stream ~ '^[a-z]+-.'),
    CONSTRAINT event_version_is_positive CHECK (version > 0)
);

-- A user's own feed (WebSocket resume, audit by owner). Partial: content events have no owner.
CREATE INDEX event_owner_position_idx ON log.event (owner, position) WHERE owner IS NOT NULL;

-- Deliberately no index on type or category. Whoever follows events of some types (projections do) reads windows of positions by
-- primary key and is told how far each window reached, so a rare type costs a scan of what is new and never of the whole log. An index
-- on (type, position) would add 14 % to what each append writes (980 bytes of write-ahead log an event instead of 862, with payloads
-- of 300 bytes), and for more than one type it would not even give the rows in order.

-- Append-only, for everyone.
CREATE FUNCTION log.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % on log.event is refused', TG_OP
        USING ERRCODE = 'OF001', HINT = 'Append an event that corrects the earlier one.';
END
$$;

CREATE TRIGGER event_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON log.event
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();

GRANT USAGE ON SCHEMA log TO onefold_app;
GRANT SELECT, INSERT ON log.event TO onefold_app;
GRANT SELECT, UPDATE (position, recorded_at) ON log.head TO onefold_app;
