-- Audit: finding places in the log by time and by stream, reading the past, and what onefold_audit may see.
--
-- onefold_audit is for people with psql or any tool that speaks SQL: it reads the views of the schema audit and nothing else. It
-- cannot sign in until somebody allows it (docs/audit.md). Secrets, keys and the tables behind the views stay closed to it.

-- Places in the log --------------------------------------------------------------------------------------------------------

-- The position of the last event that was recorded at this time or before; 0 before the first. Positions are dense and times
-- never go back with them, so the primary key is searched by halves: some 25 look-ups in a log of 30 million events, and no
-- index on times.
CREATE FUNCTION log.position_at(moment timestamptz) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    low bigint := 0; -- Recorded in time.
    high bigint := (SELECT position FROM log.head) + 1; -- Recorded later, or not yet.
    middle bigint;
BEGIN
    WHILE high - low > 1 LOOP
        middle := (low + high) / 2;
        IF (SELECT recorded_at <= moment FROM log.event WHERE position = middle) THEN
            low := middle;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END
$$;

-- The version of the last event of a stream at this position or before; 0 when there is none. The same search, over versions.
CREATE FUNCTION log.version_at(name text, through bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    low bigint := 0;
    high bigint := coalesce((SELECT max(version) FROM log.event WHERE stream = name), 0) + 1;
    middle bigint;
BEGIN
    WHILE high - low > 1 LOOP
        middle := (low + high) / 2;
        IF (SELECT position <= through FROM log.event WHERE stream = name AND version = middle) THEN
            low := middle;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END
$$;

-- The past ------------------------------------------------------------------------------------------------------------------

-- Empty tables of a projection that only this session sees, and that go with its transaction's end: the past is folded into
-- them. They belong to the caller.
CREATE FUNCTION projection.create_temporary(projection text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT t.name FROM projection.tables(projection) t LOOP
        EXECUTE format(
            'CREATE TEMPORARY TABLE %I (LIKE %I.%I INCLUDING ALL) ON COMMIT DROP', name, 'blueprint_' || projection, name);
    END LOOP;
    CREATE TEMPORARY TABLE checkpoint (LIKE projection.checkpoint INCLUDING DEFAULTS) ON COMMIT DROP;
END
$$;

REVOKE EXECUTE ON FUNCTION projection.create_temporary(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projection.create_temporary(text) TO onefold_app;

-- The role ------------------------------------------------------------------------------------------------------------------

DO $$
BEGIN
    CREATE ROLE onefold_audit NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- Roles belong to the cluster: another database of it made this one.
END
$$;

-- Of sessions that sign in as this role. A question that looks through everything must not hold the database up.
ALTER ROLE onefold_audit SET statement_timeout = '30s';
ALTER ROLE onefold_audit SET default_transaction_read_only = on;

CREATE SCHEMA audit;
GRANT USAGE ON SCHEMA audit TO onefold_audit;

-- What the views read through ------------------------------------------------------------------------------------------------
--
-- Read tables come and go: a rebuild puts new ones in the place of the old, and anybody may drop them. A view on such a table
-- would go with it, or stay with the old one. So views read them through functions, which look a table up by its name each time.
-- The functions run with their owner's rights and show what the views show.

CREATE FUNCTION audit.position_at(moment timestamptz) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT log.position_at(moment) $$;

CREATE FUNCTION audit.email(who uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT a.email FROM quota.account a WHERE a.owner = who);
END
$$;

CREATE FUNCTION audit.read_accounts()
    RETURNS TABLE (account_id uuid, email text, role text, disabled boolean, quota_bytes bigint, used_bytes bigint,
        registered_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT a.owner, a.email, a.role, a.disabled, a.quota_bytes, a.used_bytes, a.registered_at
        FROM quota.account a;
END
$$;

CREATE FUNCTION audit.read_files(who uuid)
    RETURNS TABLE (file_id uuid, path text, state text, size bigint, digest text, uploaded_at timestamptz, trashed_at timestamptz,
        settled boolean, "position" bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT f.id, f.path, f.state, f.size, f.digest, f.uploaded_at, f.trashed_at, f.settled, f.position
        FROM files.file f
        WHERE f.owner = who;
END
$$;

CREATE FUNCTION audit.read_groups(who uuid)
    RETURNS TABLE (group_id uuid, digest text, size bigint, copies bigint, reclaimable_bytes bigint, matched_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT g.id, g.digest, g.size, g.copies, g.reclaimable, g.matched_at
        FROM duplicates.duplicate_group g
        WHERE g.owner = who AND g.copies >= 2;
END
$$;

CREATE FUNCTION audit.read_jobs(who uuid)
    RETURNS TABLE (job_id uuid, kind text, class text, state text, file_id uuid, path text, attempts integer, queued_at timestamptz,
        finished_at timestamptz, retry_at timestamptz, error text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT j.id, j.kind, j.class, j.state, j.file_id, j.path, j.attempts,
            j.queued_at, j.finished_at, j.retry_at, j.error
        FROM jobs.job j
        WHERE j.owner = who;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA audit TO onefold_audit;

-- The views -----------------------------------------------------------------------------------------------------------------
--
-- They run with their owner's rights, as views do. None of them hides rows of what it reads, only columns, so none needs to be a
-- security barrier, which would keep conditions on payloads away from the tables.

CREATE VIEW audit.events AS
SELECT position, recorded_at AS "time", split_part(stream, '-', 1) AS category, type, stream, version, actor,
    audit.email(actor) AS actor_email, owner, audit.email(owner) AS owner_email, correlation_id, causation_id, id,
    schema_version, payload
FROM log.event;

CREATE VIEW audit.accounts AS
SELECT account_id, email, role, disabled, quota_bytes, used_bytes, registered_at
FROM audit.read_accounts();

-- Files, groups and jobs account by account: a condition on the account reads no other account's rows.

CREATE VIEW audit.files AS
SELECT account_id AS owner, email AS owner_email, file_id, path, state, size, digest, uploaded_at, trashed_at, settled, "position"
FROM audit.read_accounts()
CROSS JOIN LATERAL audit.read_files(account_id);

CREATE VIEW audit.groups AS
SELECT account_id AS owner, email AS owner_email, group_id, digest, size, copies, reclaimable_bytes, matched_at
FROM audit.read_accounts()
CROSS JOIN LATERAL audit.read_groups(account_id);

CREATE VIEW audit.jobs AS
SELECT account_id AS owner, email AS owner_email, job_id, kind, class, state, file_id, path, attempts, queued_at, finished_at,
    retry_at, error
FROM audit.read_accounts()
CROSS JOIN LATERAL audit.read_jobs(account_id);

-- Sign-ins that have not been swept away; without anything that could be used to sign in.
CREATE VIEW audit.sessions AS
SELECT id AS session_id, account_id, audit.email(account_id) AS email, created_at, expires_at, revoked_at
FROM account.session;

-- What administrators asked the log. An export is answered in parts, and its end is an event of its own.
CREATE VIEW audit.queries AS
SELECT position, recorded_at AS "time", type, actor, audit.email(actor) AS actor_email, correlation_id, payload ->> 'format' AS format,
    payload -> 'filter' AS filter, (payload ->> 'given')::bigint AS given, (payload ->> 'through')::bigint AS through,
    (payload ->> 'complete')::boolean AS complete, id, causation_id AS query_id
FROM log.event
WHERE stream = 'system-audit';

GRANT SELECT ON ALL TABLES IN SCHEMA audit TO onefold_audit;
