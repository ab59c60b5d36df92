-- Projections: the read tables, how far each has come, and how one is rebuilt beside the live one.
--
-- Of each projection there are up to four schemas. blueprint_<name> holds its empty tables: their definitions, which nobody
-- writes to and which survive whatever happens to the others. <name> is live. <name>_next is there while a rebuild runs, and
-- <name>_previous after one, until the next. All are made from the blueprint by the functions below.
--
-- The application may write rows and may call these functions, which run with their owner's rights and accept only the name
-- of a blueprint. So it can rebuild a projection without the right to create or drop anything else.
--
-- Read tables repeat what the log has decided. They enforce no rule of their own beyond the shape of a row: a path that two
-- files must not share is a matter for whoever appends, and a unique index here could only stop a projection.

CREATE SCHEMA projection;
GRANT USAGE ON SCHEMA projection TO onefold_app;

-- How far a projection has folded the log. Whoever holds the row's lock is the one that folds.
CREATE TABLE projection.checkpoint (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    error text, -- Set: the projection has stopped after this position, for this reason.
    CONSTRAINT checkpoint_pkey PRIMARY KEY (name),
    CONSTRAINT checkpoint_position_is_not_negative CHECK (position >= 0)
) WITH (fillfactor = 10); -- Updated by every batch: room for HOT updates on its one page.

GRANT SELECT, INSERT, UPDATE ON projection.checkpoint TO onefold_app;

-- files: each file that has not been removed ------------------------------------------------------------------------------

CREATE SCHEMA blueprint_files;

CREATE TABLE blueprint_files.file (
    id uuid NOT NULL,
    owner uuid NOT NULL,
    position bigint NOT NULL, -- Of its file.uploaded.
    size bigint NOT NULL,
    uploaded_at timestamptz NOT NULL,
    trashed_at timestamptz,
    settled boolean NOT NULL, -- By the file's own job: another owner's job must not show here.
    state text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    content_type text,
    path text COLLATE "C" NOT NULL,
    CONSTRAINT file_pkey PRIMARY KEY (id),
    CONSTRAINT file_state_is_known CHECK (state IN ('live', 'trashed')),
    CONSTRAINT file_is_trashed_at_a_time CHECK ((state = 'trashed') = (trashed_at IS NOT NULL))
);

-- Lists by path. One index a state: the trash stays small, and a list of both merges the two.
CREATE INDEX ON blueprint_files.file (owner, path, position) WHERE state = 'live';
CREATE INDEX ON blueprint_files.file (owner, path, position) WHERE state = 'trashed';
-- The earliest file of an owner with a content: the original of a match.
CREATE INDEX ON blueprint_files.file (owner, digest, position);

-- duplicates: an owner's files by content ----------------------------------------------------------------------------------

CREATE SCHEMA blueprint_duplicates;

CREATE TABLE blueprint_duplicates.member (
    file_id uuid NOT NULL,
    owner uuid NOT NULL,
    position bigint NOT NULL, -- Of its file.uploaded: the earliest member comes first.
    size bigint NOT NULL,
    uploaded_at timestamptz NOT NULL,
    live boolean NOT NULL,
    digest text COLLATE "C" NOT NULL,
    path text COLLATE "C" NOT NULL,
    CONSTRAINT member_pkey PRIMARY KEY (file_id)
);

CREATE INDEX ON blueprint_duplicates.member (owner, digest, position) WHERE live;

-- A group exists from its first match on, and is shown while it has two live copies.
CREATE TABLE blueprint_duplicates.duplicate_group (
    id uuid NOT NULL,
    owner uuid NOT NULL,
    size bigint NOT NULL,
    copies bigint NOT NULL, -- Live members.
    reclaimable bigint NOT NULL GENERATED ALWAYS AS (greatest(copies - 1, 0) * size) STORED,
    matched_at timestamptz NOT NULL, -- The first match.
    digest text COLLATE "C" NOT NULL,
    CONSTRAINT duplicate_group_pkey PRIMARY KEY (id),
    CONSTRAINT duplicate_group_content_key UNIQUE (owner, digest),
    CONSTRAINT duplicate_group_copies_is_not_negative CHECK (copies >= 0)
);

-- The list of groups, the most to win first. With copies, so that the totals come from the index too.
CREATE INDEX ON blueprint_duplicates.duplicate_group (owner, reclaimable DESC, id) INCLUDE (copies) WHERE copies >= 2;

-- savings: bytes that owners hold, and bytes that are kept ------------------------------------------------------------------

CREATE SCHEMA blueprint_savings;

-- Reference counts: files of an owner with one content, trashed ones too, because their bytes are still kept. A row stays
-- when its count falls to zero: what the content takes in its final form need not be learnt again.
CREATE TABLE blueprint_savings.owner_content (
    owner uuid NOT NULL,
    files bigint NOT NULL,
    size bigint NOT NULL,
    stored_bytes bigint, -- Known once a job of this owner has settled the content.
    digest text COLLATE "C" NOT NULL,
    CONSTRAINT owner_content_pkey PRIMARY KEY (owner, digest),
    CONSTRAINT owner_content_files_is_not_negative CHECK (files >= 0)
);

CREATE TABLE blueprint_savings.owner_savings (
    owner uuid NOT NULL,
    files bigint NOT NULL,
    logical_bytes bigint NOT NULL, -- Sum over files.
    unique_bytes bigint NOT NULL, -- Each content once: the difference is saved by duplicates.
    stored_bytes bigint NOT NULL, -- Each content as kept, or its size until settled: the difference is saved by compression.
    CONSTRAINT owner_savings_pkey PRIMARY KEY (owner)
);

-- The same over all owners, for those who run the installation. Tells of others: never shown to a user.
CREATE TABLE blueprint_savings.content (
    files bigint NOT NULL,
    size bigint NOT NULL,
    stored_bytes bigint,
    digest text COLLATE "C" NOT NULL,
    CONSTRAINT content_pkey PRIMARY KEY (digest),
    CONSTRAINT content_files_is_not_negative CHECK (files >= 0)
);

CREATE TABLE blueprint_savings.installation_savings (
    singleton boolean NOT NULL,
    files bigint NOT NULL,
    logical_bytes bigint NOT NULL,
    unique_bytes bigint NOT NULL,
    stored_bytes bigint NOT NULL,
    CONSTRAINT installation_savings_pkey PRIMARY KEY (singleton),
    CONSTRAINT installation_savings_is_one_row CHECK (singleton)
);

-- jobs: the background work that uploads cause ------------------------------------------------------------------------------

CREATE SCHEMA blueprint_jobs;

CREATE TABLE blueprint_jobs.job (
    id uuid NOT NULL, -- The id of the event that queued it.
    owner uuid NOT NULL,
    file_id uuid NOT NULL,
    position bigint NOT NULL, -- Of the event that queued it.
    queued_at timestamptz NOT NULL,
    finished_at timestamptz,
    retry_at timestamptz,
    attempts integer NOT NULL, -- Those that have ended.
    kind text COLLATE "C" NOT NULL,
    class text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    path text COLLATE "C" NOT NULL,
    error text,
    CONSTRAINT job_pkey PRIMARY KEY (id),
    CONSTRAINT job_state_is_known CHECK (state IN ('queued', 'retrying', 'succeeded', 'dead'))
);

CREATE INDEX ON blueprint_jobs.job (owner, position);
-- Lists of one state. In the end nearly all jobs have succeeded, and a list of those reads the index above.
CREATE INDEX ON blueprint_jobs.job (owner, state, position) WHERE state <> 'succeeded';
-- The oldest open job, from which the relay goes on after Redis has lost its streams.
CREATE INDEX ON blueprint_jobs.job (position) WHERE state IN ('queued', 'retrying');

-- Counts, so that nobody counts rows to show four numbers.
CREATE TABLE blueprint_jobs.owner_jobs (
    owner uuid NOT NULL,
    queued bigint NOT NULL,
    retrying bigint NOT NULL,
    succeeded bigint NOT NULL,
    dead bigint NOT NULL,
    CONSTRAINT owner_jobs_pkey PRIMARY KEY (owner)
);

-- quota: each account as its stream tells it --------------------------------------------------------------------------------

CREATE SCHEMA blueprint_quota;

CREATE TABLE blueprint_quota.account (
    owner uuid NOT NULL,
    quota_bytes bigint NOT NULL,
    used_bytes bigint NOT NULL,
    stream_version bigint NOT NULL, -- Of the newest event of the account's stream that is folded in.
    registered_at timestamptz NOT NULL,
    disabled boolean NOT NULL,
    role text COLLATE "C" NOT NULL,
    email text COLLATE "C" NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (owner)
);

CREATE INDEX ON blueprint_quota.account (lower(email));
-- All accounts, the oldest first.
CREATE INDEX ON blueprint_quota.account (registered_at, owner);

-- Making, comparing and switching ------------------------------------------------------------------------------------------

-- Names of the tables of a projection, in order. Refuses a name that has no blueprint: everything below starts here.
CREATE FUNCTION projection.tables(projection text) RETURNS TABLE (name text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT c.relname::text
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'blueprint_' || projection AND c.relkind = 'r'
        ORDER BY c.relname;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no projection named %', quote_literal(projection)
            USING ERRCODE = 'OF002';
    END IF;
END
$$;

-- Creates a schema with the projection's empty tables, their indexes and the application's rights.
CREATE FUNCTION projection.create_tables(projection text, target text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tables text[] := ARRAY(SELECT name FROM projection.tables(projection));
    name text;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', target);
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)', target, name, 'blueprint_' || projection, name);
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO onefold_app', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO onefold_app', target);
END
$$;

-- Empty tables in <name>_next. What an earlier, unfinished rebuild left there goes.
CREATE FUNCTION projection.begin_rebuild(projection text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
    PERFORM projection.discard_rebuild(projection);
    PERFORM projection.create_tables(projection, projection || '_next');
END
$$;

CREATE FUNCTION projection.discard_rebuild(projection text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
    PERFORM projection.tables(projection);
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', projection || '_next');
END
$$;

-- <name>_next becomes live, and what was live becomes <name>_previous. Fails when there is no <name>_next.
CREATE FUNCTION projection.finish_rebuild(projection text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
    PERFORM projection.tables(projection);
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', projection || '_previous');
    IF to_regnamespace(quote_ident(projection)) IS NOT NULL THEN
        EXECUTE format('ALTER SCHEMA %I RENAME TO %I', projection, projection || '_previous');
    END IF;
    EXECUTE format('ALTER SCHEMA %I RENAME TO %I', projection || '_next', projection);
END
$$;

-- Fresh statistics for tables that were just filled. Only their owner may gather them.
CREATE FUNCTION projection.analyze_rebuild(projection text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT t.name FROM projection.tables(projection) t LOOP
        EXECUTE format('ANALYZE %I.%I', projection || '_next', name);
    END LOOP;
END
$$;

-- Whether every table of the projection is live: false when someone dropped the schema or a part of it.
CREATE FUNCTION projection.is_complete(projection text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT bool_and(to_regclass(format('%I.%I', projection, name)) IS NOT NULL) FROM projection.tables(projection);
$$;

-- The columns of a table's primary key, as a list for ORDER BY and USING.
CREATE FUNCTION projection.key_columns(projection text, table_name text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.ordinal)
    FROM pg_index i
    CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, ordinal)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indisprimary AND i.indrelid = to_regclass(format('%I.%I', 'blueprint_' || projection, table_name));
$$;

-- SHA-256 over all rows of each table in key order: rows are hashed by the thousand and the hashes are hashed together, so
-- that no value grows with the table. A row is its text in UTC, in which quoting keeps fields and rows apart.
CREATE FUNCTION projection.digest(projection text, target text)
    RETURNS TABLE (table_name text, row_count bigint, digest bytea)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
BEGIN
    FOR table_name IN SELECT name FROM projection.tables(projection) LOOP
        EXECUTE format(
            $query$
                SELECT coalesce(sum(rows), 0), sha256(coalesce(string_agg(digest, '' ORDER BY chunk), ''))
                FROM (
                    SELECT chunk, count(*) AS rows, sha256(convert_to(string_agg(text, E'\n' ORDER BY number), 'UTF8')) AS digest
                    FROM (
                        SELECT number, (number - 1) / 1000 AS chunk, text
                        FROM (SELECT row_number() OVER (ORDER BY %1$s) AS number, t::text AS text FROM %2$I.%3$I t) numbered
                    ) row
                    GROUP BY chunk
                ) chunks
            $query$, projection.key_columns(projection, table_name), target, table_name)
            INTO row_count, digest;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Rows that <name> and <name>_next do not have alike, in no order: live is null for one that only the rebuild has, and
-- rebuilt is null for one that only the live table has.
CREATE FUNCTION projection.differences(projection text)
    RETURNS TABLE (table_name text, live text, rebuilt text)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
BEGIN
    FOR table_name IN SELECT name FROM projection.tables(projection) LOOP
        RETURN QUERY EXECUTE format(
            $query$
                SELECT %1$L, l::text, r::text
                FROM %2$I.%1$I l
                FULL JOIN %3$I.%1$I r USING (%4$s)
                WHERE l::text IS DISTINCT FROM r::text
            $query$, table_name, projection, projection || '_next', projection.key_columns(projection, table_name));
    END LOOP;
END
$$;

-- What the application may call is listed; everything else is for the owner alone.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA projection FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    projection.tables(text), projection.key_columns(text, text), projection.is_complete(text),
    projection.begin_rebuild(text), projection.discard_rebuild(text), projection.finish_rebuild(text),
    projection.analyze_rebuild(text), projection.digest(text, text), projection.differences(text)
TO onefold_app;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['files', 'duplicates', 'savings', 'jobs', 'quota'] LOOP
        -- Whoever replaces live tables must read their definitions.
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO onefold_app', 'blueprint_' || name);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO onefold_app', 'blueprint_' || name);
        PERFORM projection.create_tables(name, name);
        INSERT INTO projection.checkpoint (name, version) VALUES (name, 1);
    END LOOP;
END
$$;
