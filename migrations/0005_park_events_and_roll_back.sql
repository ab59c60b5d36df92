-- Projections, continued. Events that cannot be folded are parked; a rebuild fills its tables before it indexes them, is asked for
-- by a row and shows there how far it is; what it replaced can come back for a while. And a new projection takes one call.

-- Counts sets of tables: what is parked was parked by the tables of one generation, and goes with them.
CREATE SEQUENCE projection.generation;
GRANT USAGE ON SEQUENCE projection.generation TO onefold_app;

ALTER TABLE projection.checkpoint ADD COLUMN generation bigint NOT NULL DEFAULT nextval('projection.generation');

-- What a rebuild replaced and kept: the tables of <name>_previous stand at this position.
CREATE TABLE projection.previous (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL,
    generation bigint NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT previous_pkey PRIMARY KEY (name)
);

GRANT SELECT ON projection.previous TO onefold_app;

-- Events that a projection could not fold and has passed by.
CREATE TABLE projection.parked (
    generation bigint NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL,
    schema_version integer NOT NULL,
    projection text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    error text NOT NULL, -- Without values of the event: they may be personal.
    CONSTRAINT parked_pkey PRIMARY KEY (projection, generation, position),
    CONSTRAINT parked_was_tried CHECK (attempts > 0)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON projection.parked TO onefold_app;

-- The last rebuild of each projection, asked for, under way or done.
CREATE TABLE projection.rebuild (
    name text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    requested_at timestamptz, -- Null: somebody runs it by hand, and nobody else takes it up.
    requested_by uuid,
    started_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(), -- Whoever runs it is alive.
    finished_at timestamptz,
    position bigint NOT NULL DEFAULT 0,
    target bigint NOT NULL DEFAULT 0,
    events_per_second double precision NOT NULL DEFAULT 0,
    rows bigint, -- When done.
    differing bigint, -- When done: rows unlike the live ones; null when there was nothing to compare with.
    error text,
    CONSTRAINT rebuild_pkey PRIMARY KEY (name),
    CONSTRAINT rebuild_state_is_known CHECK (state IN ('requested', 'folding', 'indexing', 'comparing', 'done', 'failed'))
);

GRANT SELECT, INSERT, UPDATE ON projection.rebuild TO onefold_app;

-- Making tables ------------------------------------------------------------------------------------------------------------

-- The plain indexes of a projection's tables. An index that folding needs has the comment 'for folding' in the blueprint; it is
-- there from the start, like those of constraints. The others are cheaper made once than kept up for each row.
CREATE FUNCTION projection.indexes(projection_name text, target text, are_for_folding boolean)
    RETURNS TABLE (statement text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT replace(
        pg_get_indexdef(i.indexrelid),
        format(' ON %I.', 'blueprint_' || projection_name), format(' ON %I.', target))
    FROM pg_index i
    JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = 'blueprint_' || projection_name
        AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
        AND (obj_description(i.indexrelid, 'pg_class') IS NOT DISTINCT FROM 'for folding') = are_for_folding
    ORDER BY i.indexrelid;
$$;

-- Creates a schema with the projection's empty tables, their constraints, the indexes for folding and the application's rights.
CREATE OR REPLACE FUNCTION projection.create_tables(projection text, target text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    table_name text;
    statement text;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', target);
    FOR table_name IN SELECT t.name FROM projection.tables(projection) t LOOP
        EXECUTE format(
            'CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL EXCLUDING INDEXES)',
            target, table_name, 'blueprint_' || projection, table_name);
    END LOOP;
    FOR statement IN
        SELECT format(
            'ALTER TABLE %I.%I ADD CONSTRAINT %I %s', target, t.relname, c.conname, pg_get_constraintdef(c.oid))
        FROM pg_constraint c
        JOIN pg_class t ON t.oid = c.conrelid
        JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE n.nspname = 'blueprint_' || projection AND c.contype IN ('p', 'u', 'x')
        ORDER BY c.oid
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN SELECT i.statement FROM projection.indexes(projection, target, true) i LOOP
        EXECUTE statement;
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO onefold_app', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO onefold_app', target);
END
$$;

-- The rest of the indexes, and fresh statistics.
CREATE FUNCTION projection.complete_tables(projection_name text, target text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET maintenance_work_mem = '128MB' AS $$
DECLARE
    statement text;
    table_name text;
BEGIN
    FOR statement IN SELECT i.statement FROM projection.indexes(projection_name, target, false) i LOOP
        EXECUTE statement;
    END LOOP;
    FOR table_name IN SELECT t.name FROM projection.tables(projection_name) t LOOP
        EXECUTE format('ANALYZE %I.%I', target, table_name);
    END LOOP;
END
$$;

-- What a migration calls once it has made blueprint_<name> with the tables of a new projection.
CREATE FUNCTION projection.define(projection_name text, version integer DEFAULT 1) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO onefold_app', 'blueprint_' || projection_name);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO onefold_app', 'blueprint_' || projection_name);
    PERFORM projection.create_tables(projection_name, projection_name);
    PERFORM projection.complete_tables(projection_name, projection_name);
    INSERT INTO projection.checkpoint (name, version) VALUES (projection_name, version);
END
$$;

-- Replacing them -------------------------------------------------------------------------------------------------------------

DROP FUNCTION projection.finish_rebuild(text);
DROP FUNCTION projection.analyze_rebuild(text);

-- <name>_next has every row: now the indexes that filling it did without.
CREATE FUNCTION projection.index_rebuild(projection_name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM projection.complete_tables(projection_name, projection_name || '_next');
END
$$;

CREATE FUNCTION projection.drop_previous(projection_name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', projection_name || '_previous');
    DELETE FROM projection.parked
        USING projection.previous p
        WHERE p.name = projection_name AND parked.projection = p.name AND parked.generation = p.generation;
    DELETE FROM projection.previous p WHERE p.name = projection_name;
END
$$;

-- <name>_next becomes live at a position, and what was live becomes <name>_previous. Gives the generation of the new tables.
CREATE FUNCTION projection.finish_rebuild(projection_name text, version integer, "position" bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    result bigint := nextval('projection.generation');
BEGIN
    PERFORM projection.drop_previous(projection_name);
    IF projection.is_complete(projection_name) THEN
        INSERT INTO projection.previous (name, version, position, generation)
            SELECT c.name, c.version, c.position, c.generation
            FROM projection.checkpoint c
            WHERE c.name = projection_name;
        EXECUTE format('ALTER SCHEMA %I RENAME TO %I', projection_name, projection_name || '_previous');
    ELSE
        EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', projection_name);
    END IF;
    EXECUTE format('ALTER SCHEMA %I RENAME TO %I', projection_name || '_next', projection_name);
    UPDATE projection.checkpoint c
        SET version = finish_rebuild.version, position = finish_rebuild.position, generation = result,
            updated_at = now(), error = NULL
        WHERE c.name = projection_name;
    RETURN result;
END
$$;

-- <name>_previous becomes live again where it stood, and what was live becomes <name>_previous: rolling back twice changes nothing.
CREATE FUNCTION projection.roll_back(projection_name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live projection.checkpoint;
BEGIN
    PERFORM projection.tables(projection_name);
    SELECT * INTO live FROM projection.checkpoint c WHERE c.name = projection_name FOR UPDATE;
    UPDATE projection.checkpoint c
        SET version = p.version, position = p.position, generation = p.generation, updated_at = now(), error = NULL
        FROM projection.previous p
        WHERE c.name = projection_name AND p.name = projection_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no earlier tables of % are kept', quote_literal(projection_name) USING ERRCODE = 'OF003';
    END IF;
    UPDATE projection.previous p
        SET version = live.version, position = live.position, generation = live.generation, replaced_at = now()
        WHERE p.name = projection_name;
    EXECUTE format('ALTER SCHEMA %I RENAME TO %I', projection_name, projection_name || '_swapped');
    EXECUTE format('ALTER SCHEMA %I RENAME TO %I', projection_name || '_previous', projection_name);
    EXECUTE format('ALTER SCHEMA %I RENAME TO %I', projection_name || '_swapped', projection_name || '_previous');
END
$$;

-- Drops what was replaced longer ago than this. Gives the names of the projections.
CREATE FUNCTION projection.sweep_previous(older_than interval) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    projection_name text;
BEGIN
    FOR projection_name IN
        SELECT p.name FROM projection.previous p WHERE p.replaced_at < now() - older_than FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM projection.drop_previous(projection_name);
        RETURN NEXT projection_name;
    END LOOP;
END
$$;

-- Comparing ----------------------------------------------------------------------------------------------------------------

-- The rows of each table as a number that does not depend on their order: one look at each row, no sorting, no text.
CREATE OR REPLACE FUNCTION projection.digest(projection text, target text)
    RETURNS TABLE (table_name text, row_count bigint, digest bytea)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR table_name IN SELECT name FROM projection.tables(projection) LOOP
        EXECUTE format(
            $query$
                SELECT count(*), sha256(convert_to(coalesce(sum(hash_record_extended(t, 0)), 0)::text, 'UTF8'))
                FROM %I.%I t
            $query$, target, table_name)
            INTO row_count, digest;
        RETURN NEXT;
    END LOOP;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA projection FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    projection.index_rebuild(text), projection.finish_rebuild(text, integer, bigint), projection.roll_back(text),
    projection.sweep_previous(interval)
TO onefold_app;

-- The projections there are ------------------------------------------------------------------------------------------------

-- A new group counts its members, which no other index finds.
COMMENT ON INDEX blueprint_duplicates.member_owner_digest_position_idx IS 'for folding';

-- Kept by earlier versions without saying where they stand: nothing can catch up from there.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['files', 'duplicates', 'savings', 'jobs', 'quota'] LOOP
        EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', name || '_previous');
    END LOOP;
END
$$;

-- unrecognised: events of types that the program does not know, because a newer one wrote them --------------------------------

CREATE SCHEMA blueprint_unrecognised;

CREATE TABLE blueprint_unrecognised.event (
    position bigint NOT NULL,
    id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    schema_version integer NOT NULL,
    type text COLLATE "C" NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (position)
);

SELECT projection.define('unrecognised');
