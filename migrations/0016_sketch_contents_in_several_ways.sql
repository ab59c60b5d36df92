-- similarity, version 2: a content has a sketch of each kind that fits it, and pairs say by which of them they were found; owners say
-- from which likeness on pairs count.

ALTER TABLE blueprint_similarity.sketch DROP CONSTRAINT sketch_pkey;
ALTER TABLE blueprint_similarity.sketch ADD CONSTRAINT sketch_pkey PRIMARY KEY (digest, algorithm);

ALTER TABLE blueprint_similarity.fingerprint DROP CONSTRAINT fingerprint_pkey;
ALTER TABLE blueprint_similarity.fingerprint ADD CONSTRAINT fingerprint_pkey PRIMARY KEY (owner, digest, algorithm);

ALTER TABLE blueprint_similarity.resemblance ADD COLUMN algorithm text COLLATE "C" NOT NULL;
ALTER TABLE blueprint_similarity.placement ADD COLUMN algorithm text COLLATE "C";

-- From which likeness on an owner wants pairs to count; more than 1: never. Without a row: all that was found.
CREATE TABLE blueprint_similarity.threshold (
    owner uuid NOT NULL,
    least double precision NOT NULL,
    algorithm text COLLATE "C" NOT NULL,
    CONSTRAINT threshold_pkey PRIMARY KEY (owner, algorithm)
);

-- Up to which position a read table is being filled because a migration gave it another form: that is no delay of which anybody must be
-- warned, and servers answer meanwhile.
ALTER TABLE projection.checkpoint ADD COLUMN fills_until bigint NOT NULL DEFAULT 0;

CREATE OR REPLACE FUNCTION projection.redefine(projection_name text, new_version integer) RETURNS void
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
        SET version = new_version, position = 0, generation = nextval('projection.generation'), updated_at = now(), error = NULL,
            fills_until = (SELECT h.position FROM log.head h)
        WHERE c.name = projection_name;
END
$$;

SELECT projection.redefine('similarity', 2);
