-- A rebuild may fill its tables before they have any index, constraints' included: see decision 18. What an index would have refused
-- is refused when the constraints are added, and the rebuild then begins again with tables that have them.

-- A schema with the projection's empty tables and the application's rights: rows are checked, keys are not.
CREATE FUNCTION projection.create_bare_tables(projection_name text, target text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    table_name text;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', target);
    FOR table_name IN SELECT t.name FROM projection.tables(projection_name) t LOOP
        EXECUTE format(
            'CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL EXCLUDING INDEXES)',
            target, table_name, 'blueprint_' || projection_name, table_name);
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO onefold_app', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO onefold_app', target);
END
$$;

-- Keys, and the indexes for folding.
CREATE FUNCTION projection.constrain_tables(projection_name text, target text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET maintenance_work_mem = '128MB' AS $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format(
            'ALTER TABLE %I.%I ADD CONSTRAINT %I %s', target, t.relname, c.conname, pg_get_constraintdef(c.oid))
        FROM pg_constraint c
        JOIN pg_class t ON t.oid = c.conrelid
        JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE n.nspname = 'blueprint_' || projection_name AND c.contype IN ('p', 'u', 'x')
        ORDER BY c.oid
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN SELECT i.statement FROM projection.indexes(projection_name, target, true) i LOOP
        EXECUTE statement;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION projection.create_tables(projection text, target text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM projection.create_bare_tables(projection, target);
    PERFORM projection.constrain_tables(projection, target);
END
$$;

-- The rest of the indexes, and statistics: rough ones, which are quick. Whoever reads these tables names an owner and follows an index.
CREATE OR REPLACE FUNCTION projection.complete_tables(projection_name text, target text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET maintenance_work_mem = '128MB'
    SET default_statistics_target = 20 AS $$
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

DROP FUNCTION projection.begin_rebuild(text);

-- Empty tables in <name>_next. What an earlier, unfinished rebuild left there goes.
CREATE FUNCTION projection.begin_rebuild(projection_name text, constrained boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
    PERFORM projection.discard_rebuild(projection_name);
    PERFORM projection.create_bare_tables(projection_name, projection_name || '_next');
    IF constrained THEN
        PERFORM projection.constrain_tables(projection_name, projection_name || '_next');
    END IF;
END
$$;

-- <name>_next was filled without keys. Fails when its rows break one.
CREATE FUNCTION projection.constrain_rebuild(projection_name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM projection.constrain_tables(projection_name, projection_name || '_next');
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA projection FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projection.begin_rebuild(text, boolean), projection.constrain_rebuild(text) TO onefold_app;
