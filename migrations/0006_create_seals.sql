-- Seals: signed statements about ranges of the log; docs/seals.md has the bytes.

CREATE TABLE log.seal (
    number bigint NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    sealed_at timestamptz NOT NULL,
    root bytea NOT NULL, -- Of the Merkle tree over the leaves.
    previous bytea NOT NULL, -- The hash of the seal before; zeros in the first.
    key bytea NOT NULL, -- The public key that signed.
    next_key bytea NOT NULL, -- The one that shall sign the next.
    signature bytea NOT NULL,
    -- The hash of each event of the range, 32 bytes: names the event that was changed, and makes proofs without reading the range.
    leaves bytea NOT NULL,
    CONSTRAINT seal_pkey PRIMARY KEY (number),
    -- The seal that covers a position.
    CONSTRAINT seal_last_position_key UNIQUE (last_position),
    CONSTRAINT seal_range_is_not_empty CHECK (number >= 1 AND first_position >= 1 AND last_position >= first_position),
    CONSTRAINT seal_has_a_leaf_for_each_event CHECK (octet_length(leaves) = 32 * (last_position - first_position + 1)),
    CONSTRAINT seal_hashes_have_their_sizes CHECK (
        octet_length(root) = 32 AND octet_length(previous) = 32 AND octet_length(key) = 32
        AND octet_length(next_key) = 32 AND octet_length(signature) = 64
    )
);

-- Hashes do not compress: do not try.
ALTER TABLE log.seal ALTER leaves SET STORAGE EXTERNAL;

-- As for events: no privilege to change, and a trigger that refuses it to the owner. It says which table is meant.
CREATE OR REPLACE FUNCTION log.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'OF001', HINT = 'Append an event that corrects the earlier one.';
END
$$;

CREATE TRIGGER seal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON log.seal
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();

GRANT SELECT, INSERT ON log.seal TO onefold_app;
