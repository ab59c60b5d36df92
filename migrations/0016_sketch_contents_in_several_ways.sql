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

SELECT projection.redefine('similarity', 2);
