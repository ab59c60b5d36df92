-- jobs, version 2: more states, jobs that no upload causes, attempts, batches of uploads, pace, and what administrators have paused
-- and limited.

-- What a migration calls once it has changed blueprint_<name> so that the program cannot read the old live tables: they are replaced
-- by empty ones, which the projection fills from the log as if it were new.
CREATE FUNCTION projection.redefine(projection_name text, new_version integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
    PERFORM FROM projection.checkpoint c WHERE c.name = projection_name FOR UPDATE;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO onefold_app', 'blueprint_' || projection_name);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO onefold_app', 'blueprint_' || projection_name);
    PERFORM projection.discard_rebuild(projection_name);
    PERFORM projection.drop_previous(projection_name);
    DELETE FROM projection.parked p WHERE p.projection = projection_name;
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', projection_name);
    PERFORM projection.create_tables(projection_name, projection_name);
    PERFORM projection.complete_tables(projection_name, projection_name);
    UPDATE projection.checkpoint c
        SET version = new_version, position = 0, generation = nextval('projection.generation'), updated_at = now(), error = NULL
        WHERE c.name = projection_name;
END
$$;

REVOKE EXECUTE ON FUNCTION projection.redefine(text, integer) FROM PUBLIC;

DROP SCHEMA blueprint_jobs CASCADE;
CREATE SCHEMA blueprint_jobs;

CREATE TABLE blueprint_jobs.job (
    id uuid NOT NULL, -- The id of the event that queued it first.
    owner uuid NOT NULL, -- Zero for jobs that are nobody's.
    file_id uuid,
    batch_id uuid,
    position bigint NOT NULL, -- Of the event that queued it first.
    queue_position bigint NOT NULL, -- Of the event that queued it last.
    size bigint NOT NULL, -- Logical bytes of its file.
    queued_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL, -- When its latest attempt may or might begin.
    finished_at timestamptz,
    attempts integer NOT NULL, -- Those that have ended since it was queued last.
    kind text COLLATE "C" NOT NULL,
    class text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    path text COLLATE "C",
    error text, -- Why the last attempt failed.
    fingerprint text COLLATE "C",
    CONSTRAINT job_pkey PRIMARY KEY (id),
    CONSTRAINT job_state_is_known CHECK (
        state IN ('queued', 'scheduled', 'retrying', 'succeeded', 'dead', 'cancelled', 'discarded')
    )
);

-- Lists, those queued last first.
CREATE INDEX ON blueprint_jobs.job (owner, queue_position);
-- Lists of one state, and what waits before a job. In the end nearly all jobs have succeeded, and a list of those reads the index above.
CREATE INDEX ON blueprint_jobs.job (owner, state, queue_position) INCLUDE (class, kind) WHERE state <> 'succeeded';
-- The same for administrators; and the oldest open job, from which the relay goes on after Redis has lost its queues.
CREATE INDEX ON blueprint_jobs.job (state, queue_position);
-- How long the oldest of a class and kind has waited.
CREATE INDEX ON blueprint_jobs.job (class, kind, queue_position) WHERE state = 'queued';
-- Jobs of one batch.
CREATE INDEX ON blueprint_jobs.job (owner, batch_id, queue_position) WHERE batch_id IS NOT NULL;
-- Dead letters with one cause.
CREATE INDEX ON blueprint_jobs.job (fingerprint, queue_position) INCLUDE (finished_at) WHERE state = 'dead';

-- Attempts that failed.
CREATE TABLE blueprint_jobs.attempt (
    job_id uuid NOT NULL,
    owner uuid NOT NULL,
    position bigint NOT NULL, -- Of the event that tells of it.
    at timestamptz NOT NULL,
    number integer NOT NULL, -- From 1 since the job was queued last.
    reason text NOT NULL,
    code text COLLATE "C",
    worker text COLLATE "C",
    CONSTRAINT attempt_pkey PRIMARY KEY (job_id, position)
);

-- Counts, so that nobody counts rows to show seven numbers.
CREATE TABLE blueprint_jobs.owner_jobs (
    owner uuid NOT NULL,
    queued bigint NOT NULL,
    scheduled bigint NOT NULL,
    retrying bigint NOT NULL,
    succeeded bigint NOT NULL,
    dead bigint NOT NULL,
    cancelled bigint NOT NULL,
    discarded bigint NOT NULL,
    class text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    CONSTRAINT owner_jobs_pkey PRIMARY KEY (owner, class, kind)
);

-- Uploads that a client sent together.
CREATE TABLE blueprint_jobs.batch (
    id uuid NOT NULL,
    owner uuid NOT NULL,
    position bigint NOT NULL, -- Of its first upload.
    first_at timestamptz NOT NULL, -- Its first upload.
    last_at timestamptz NOT NULL, -- Its last upload so far.
    ended_at timestamptz, -- The last end of one of its jobs.
    bytes bigint NOT NULL, -- Logical bytes.
    ended_bytes bigint NOT NULL, -- Those of jobs that have ended.
    queued bigint NOT NULL,
    retrying bigint NOT NULL,
    succeeded bigint NOT NULL,
    dead bigint NOT NULL,
    cancelled bigint NOT NULL,
    discarded bigint NOT NULL,
    CONSTRAINT batch_pkey PRIMARY KEY (owner, id)
);

CREATE INDEX ON blueprint_jobs.batch (owner, position);

-- Attempts by the minute in which they ended, of the last quarter of an hour before the last event.
CREATE TABLE blueprint_jobs.pace (
    minute bigint NOT NULL, -- Since 1970.
    owner uuid NOT NULL,
    succeeded bigint NOT NULL,
    failed bigint NOT NULL,
    dead bigint NOT NULL,
    class text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    CONSTRAINT pace_pkey PRIMARY KEY (minute, owner, class, kind)
);

-- Parts of the queue that were ever paused or limited.
CREATE TABLE blueprint_jobs.control (
    position bigint NOT NULL, -- Of the last event.
    changed_at timestamptz NOT NULL,
    actor uuid, -- Null on the command line.
    concurrency integer,
    rate_per_second integer,
    weight integer,
    paused boolean NOT NULL,
    scope text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    reason text, -- Of the pause.
    CONSTRAINT control_pkey PRIMARY KEY (scope, value)
);

SELECT projection.redefine('jobs', 2);

CREATE OR REPLACE FUNCTION audit.read_jobs(who uuid)
    RETURNS TABLE (job_id uuid, kind text, class text, state text, file_id uuid, path text, attempts integer, queued_at timestamptz,
        finished_at timestamptz, retry_at timestamptz, error text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT j.id, j.kind, j.class, j.state, j.file_id, j.path, j.attempts,
            j.queued_at, j.finished_at, CASE j.state WHEN 'retrying' THEN j.due_at END, j.error
        FROM jobs.job j
        WHERE j.owner = who;
END
$$;
