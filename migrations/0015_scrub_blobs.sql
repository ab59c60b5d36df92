-- Reading all that is kept, again and again: how far that is, and what was found. Nothing here is history: a new pass finds it again.

CREATE TABLE blob.scrub (
    started_at timestamptz, -- The pass under way, or the last one.
    finished_at timestamptz, -- Of the last pass that came to its end.
    contents bigint NOT NULL DEFAULT 0, -- Read in the pass under way, or the last one.
    bytes bigint NOT NULL DEFAULT 0,
    cursor text COLLATE "C", -- The last digest that was read; null while no pass is under way.
    singleton boolean NOT NULL DEFAULT true,
    CONSTRAINT scrub_pkey PRIMARY KEY (singleton),
    CONSTRAINT scrub_is_one_row CHECK (singleton)
);

INSERT INTO blob.scrub DEFAULT VALUES;

-- Contents that are not whole, until they are again.
CREATE TABLE blob.damage (
    size bigint NOT NULL,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    digest text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    CONSTRAINT damage_pkey PRIMARY KEY (digest)
);

GRANT SELECT, UPDATE ON blob.scrub TO onefold_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON blob.damage TO onefold_app;
