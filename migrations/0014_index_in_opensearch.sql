-- Indexes of similar contents in OpenSearch, where that is configured: how far each has followed the log. One is asked; another that is being
-- filled takes its place when it has caught up.

CREATE SCHEMA search;
GRANT USAGE ON SCHEMA search TO onefold_app;

CREATE TABLE search.index (
    position bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_live boolean NOT NULL DEFAULT false, -- As the alias was, the last time that somebody looked.
    name text COLLATE "C" NOT NULL,
    CONSTRAINT index_pkey PRIMARY KEY (name)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON search.index TO onefold_app;
