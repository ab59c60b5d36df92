-- Two things: what lets readers find events of some type, actor or request without looking through the log, and the first answers to
-- writes that may be sent again.

-- Indexes of the log ------------------------------------------------------------------------------------------------------
--
-- Each costs every append for ever, so each says what it costs: bytes of write-ahead log an event, measured with the catalogue's mix of
-- types, 300 bytes of payload and batches of 32, on top of the 900 that an event takes with the indexes of the first migration. All
-- together take 1,100. Why these and no others: docs/decisions/0011-indexes-of-the-log.md.

-- A type's name begins with its stream's category: so the index on types also finds what a category holds, which would otherwise need
-- an index of its own. Costs nothing that could be measured.
ALTER TABLE log.event ADD CONSTRAINT event_type_is_of_category
    CHECK (starts_with(type, split_part(stream, '-', 1) || '.'));

-- Events of some types, or of a category, in order: subscriptions and audits. 115 bytes.
CREATE INDEX event_type_position_idx ON log.event (type, position);

-- What someone did in the name of others or of nobody: administrators, mostly. What people do with their own things is found by owner.
-- 0 bytes for an event that is not in it, which nearly all are not.
CREATE INDEX event_actor_position_idx ON log.event (actor, position)
    WHERE actor IS NOT NULL AND actor IS DISTINCT FROM owner;

-- All that came of one request. 85 bytes, of which the position, without which a page of many could not be read in order, is 7.
CREATE INDEX event_correlation_id_position_idx ON log.event (correlation_id, position) WHERE correlation_id IS NOT NULL;

-- For people with psql who ask for a time. The program does not need it: times never go back, so it finds a time's position by halving.
-- 0 bytes, and 24 kB for a log of any size below a few million events.
CREATE INDEX event_recorded_at_idx ON log.event USING brin (recorded_at);

-- Kept answers --------------------------------------------------------------------------------------------------------------

CREATE SCHEMA server;
GRANT USAGE ON SCHEMA server TO onefold_app;

-- A write that named an Idempotency-Key: first claimed, then answered. Sent again, it is answered with this row. State, not derived from
-- the log, and of use for a day: losing it costs no promise but that one.
CREATE TABLE server.kept_answer (
    account_id uuid NOT NULL,
    -- Names the attempt that holds the claim: one that was given up for dead can neither answer nor let go for its successor.
    attempt uuid NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    status smallint, -- Null until there is an answer.
    key text COLLATE "C" NOT NULL,
    -- SHA-256 of method, path, query and body: the same key with another request is a mistake of the sender.
    request bytea NOT NULL,
    headers json,
    body bytea,
    CONSTRAINT kept_answer_pkey PRIMARY KEY (account_id, key),
    -- Whoever is forgotten takes the answers along: they may tell of names and paths.
    CONSTRAINT kept_answer_account_fkey FOREIGN KEY (account_id) REFERENCES account.credential ON DELETE CASCADE,
    CONSTRAINT kept_answer_request_is_sha256 CHECK (octet_length(request) = 32),
    CONSTRAINT kept_answer_is_whole CHECK ((status IS NULL) = (headers IS NULL) AND (status IS NULL) = (body IS NULL))
);

-- For the sweep of what has been kept long enough.
CREATE INDEX kept_answer_claimed_at_idx ON server.kept_answer (claimed_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON server.kept_answer TO onefold_app;
