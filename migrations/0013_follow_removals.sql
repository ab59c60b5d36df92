-- How far the log was searched for removed files, whose contents are then offered to be reclaimed. From the beginning: contents that lost
-- their last file before this was followed are found as well.
CREATE TABLE reclaim.progress (
    position bigint NOT NULL,
    singleton boolean NOT NULL DEFAULT true,
    CONSTRAINT progress_pkey PRIMARY KEY (singleton),
    CONSTRAINT progress_is_one_row CHECK (singleton)
);

INSERT INTO reclaim.progress (position) VALUES (0);

GRANT SELECT, UPDATE ON reclaim.progress TO onefold_app;
