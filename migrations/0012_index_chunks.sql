-- Where the chunks of larger contents are, and which contents they make up: see decision 25. All of it follows from the packs, and can be
-- filled from them again; nothing here is history.

CREATE SCHEMA blob;
GRANT USAGE ON SCHEMA blob TO onefold_app;

-- Files under packs/ in the blob store that are known here.
CREATE TABLE blob.pack (
    byte_count bigint NOT NULL,
    unplaced_bytes bigint NOT NULL, -- Of its chunks that were placed in other packs already when it was taken in.
    admitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    pack_id uuid NOT NULL,
    CONSTRAINT pack_pkey PRIMARY KEY (pack_id)
);

-- Each chunk once, at the one place that counts. Without a foreign key on the pack: one transaction writes both, and a check for each of
-- many millions of rows would find what cannot be.
CREATE TABLE blob.chunk (
    start bigint NOT NULL, -- Its first byte in the pack.
    stored_size integer NOT NULL, -- Bytes in the pack.
    size integer NOT NULL,
    contents integer NOT NULL DEFAULT 0, -- How many need it; it is counted once for each.
    codec smallint NOT NULL, -- 0 as it is, 1 an LZ4 block.
    pack_id uuid NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT chunk_pkey PRIMARY KEY (digest),
    CONSTRAINT chunk_is_needed_by_no_fewer_than_none CHECK (contents >= 0)
);

CREATE INDEX chunk_pack_idx ON blob.chunk (pack_id);
COMMENT ON INDEX blob.chunk_pack_idx IS 'for writing packs anew';

-- Few, and of each the pack is all that is asked: which packs hold much that nothing needs.
CREATE INDEX chunk_waste_idx ON blob.chunk (pack_id) WHERE contents = 0;
COMMENT ON INDEX blob.chunk_waste_idx IS 'for finding packs to write anew';

-- Contents that are made of chunks, and where their manifests are. All chunks of a content are there while its row is.
CREATE TABLE blob.content (
    size bigint NOT NULL,
    stored_bytes bigint NOT NULL, -- Of its chunks, each once, whoever else needs them.
    start bigint NOT NULL, -- The manifest's first byte in the pack.
    stored_size integer NOT NULL, -- The manifest's bytes.
    codec smallint NOT NULL, -- 1 if any chunk is compressed.
    condemned boolean NOT NULL DEFAULT false, -- To be removed, unless something turns out to refer to it.
    pack_id uuid NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT content_pkey PRIMARY KEY (digest)
);

CREATE INDEX content_pack_idx ON blob.content (pack_id);
COMMENT ON INDEX blob.content_pack_idx IS 'for writing packs anew';

GRANT SELECT, INSERT, UPDATE, DELETE ON blob.pack, blob.chunk, blob.content TO onefold_app;
