-- similarity: which of an owner's contents resemble each other ---------------------------------------------------------------

CREATE SCHEMA blueprint_similarity;

-- Files as copies of contents: what happens to a file names the file alone.
CREATE TABLE blueprint_similarity.copy (
    file_id uuid NOT NULL,
    owner uuid NOT NULL,
    position bigint NOT NULL, -- Of its file.uploaded.
    uploaded_at timestamptz NOT NULL,
    live boolean NOT NULL,
    digest text COLLATE "C" NOT NULL,
    path text COLLATE "C" NOT NULL,
    CONSTRAINT copy_pkey PRIMARY KEY (file_id)
);

-- The earliest copy of a content, which gives it its place in the order.
CREATE INDEX copy_content_idx ON blueprint_similarity.copy (owner, digest, position);
COMMENT ON INDEX blueprint_similarity.copy_content_idx IS 'for folding';

-- What contents are compared by: nobody's, and the same for everybody.
CREATE TABLE blueprint_similarity.sketch (
    weight bigint NOT NULL,
    algorithm text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT sketch_pkey PRIMARY KEY (digest)
);

-- Look-up keys of the contents that an owner has: two contents of one owner that share a key are worth comparing. The owner is
-- part of each key, so that nobody's search meets what is others'. With the sketch again: a thousand of them are read at a time.
CREATE TABLE blueprint_similarity.fingerprint (
    owner uuid NOT NULL,
    algorithm text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    signature bytea NOT NULL,
    keys bigint[] NOT NULL,
    CONSTRAINT fingerprint_pkey PRIMARY KEY (owner, digest)
);

-- Without the list of pending entries: a search that had to read it would be slow now and then.
CREATE INDEX fingerprint_keys_idx ON blueprint_similarity.fingerprint USING gin (keys) WITH (fastupdate = off);

-- Pairs that were found alike, each in both directions.
CREATE TABLE blueprint_similarity.resemblance (
    owner uuid NOT NULL,
    matched_at timestamptz NOT NULL, -- The first time.
    score double precision NOT NULL, -- The last time.
    digest text COLLATE "C" NOT NULL,
    other text COLLATE "C" NOT NULL,
    CONSTRAINT resemblance_pkey PRIMARY KEY (owner, digest, other),
    CONSTRAINT resemblance_score_is_a_fraction CHECK (score BETWEEN 0 AND 1)
);

-- Pairs that the owner said are no duplicates, each in both directions.
CREATE TABLE blueprint_similarity.dismissal (
    owner uuid NOT NULL,
    decision_id uuid NOT NULL,
    dismissed_at timestamptz NOT NULL,
    digest text COLLATE "C" NOT NULL,
    other text COLLATE "C" NOT NULL,
    CONSTRAINT dismissal_pkey PRIMARY KEY (owner, digest, other)
);

-- The list of decisions, the latest first, each once.
CREATE INDEX ON blueprint_similarity.dismissal (owner, dismissed_at DESC, decision_id) WHERE digest < other;

-- Contents that an owner has, and the one each is grouped round. Whoever is asked first which others it resembles is the middle
-- of a group (a medoid); a content belongs to one group, and may itself be the middle of another.
CREATE TABLE blueprint_similarity.placement (
    owner uuid NOT NULL,
    copies bigint NOT NULL, -- Trashed ones too.
    live_copies bigint NOT NULL,
    since bigint NOT NULL, -- The position of the earliest copy.
    size bigint NOT NULL,
    matched_at timestamptz,
    score double precision,
    digest text COLLATE "C" NOT NULL,
    medoid text COLLATE "C",
    CONSTRAINT placement_pkey PRIMARY KEY (owner, digest),
    CONSTRAINT placement_has_copies CHECK (copies > 0 AND live_copies BETWEEN 0 AND copies)
);

-- The members of a group, also when it is counted anew.
CREATE INDEX placement_medoid_idx ON blueprint_similarity.placement (owner, medoid, since) WHERE medoid IS NOT NULL;
COMMENT ON INDEX blueprint_similarity.placement_medoid_idx IS 'for folding';

-- Owners of a content whose sketch comes later than they do.
CREATE INDEX placement_digest_idx ON blueprint_similarity.placement (digest);
COMMENT ON INDEX blueprint_similarity.placement_digest_idx IS 'for folding';

-- Groups with two live contents or more.
CREATE TABLE blueprint_similarity.similar_group (
    id uuid NOT NULL,
    owner uuid NOT NULL,
    contents bigint NOT NULL, -- The medoid included.
    bytes bigint NOT NULL, -- Logical bytes of one copy of each content but the medoid.
    matched_at timestamptz NOT NULL, -- The first match that holds.
    medoid text COLLATE "C" NOT NULL,
    CONSTRAINT similar_group_pkey PRIMARY KEY (id),
    CONSTRAINT similar_group_medoid_key UNIQUE (owner, medoid)
);

-- The list of groups, the largest first.
CREATE INDEX ON blueprint_similarity.similar_group (owner, bytes DESC, id);

SELECT projection.define('similarity');
