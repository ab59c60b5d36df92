-- similarity, version 2: a content has a sketch of each kind that fits it, and pairs say by which of them they were found.

ALTER TABLE blueprint_similarity.sketch DROP CONSTRAINT sketch_pkey;
ALTER TABLE blueprint_similarity.sketch ADD CONSTRAINT sketch_pkey PRIMARY KEY (digest, algorithm);

ALTER TABLE blueprint_similarity.fingerprint DROP CONSTRAINT fingerprint_pkey;
ALTER TABLE blueprint_similarity.fingerprint ADD CONSTRAINT fingerprint_pkey PRIMARY KEY (owner, digest, algorithm);

ALTER TABLE blueprint_similarity.resemblance ADD COLUMN algorithm text COLLATE "C" NOT NULL;
ALTER TABLE blueprint_similarity.placement ADD COLUMN algorithm text COLLATE "C";

SELECT projection.redefine('similarity', 2);
