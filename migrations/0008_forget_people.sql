-- Keys of persons, erasures under way, and contents that may be garbage.
--
-- What tells of a person is written into the log under that person's key, and read with it. Destroying the key makes the person's
-- history unreadable, and leaves the rest of it standing: order, counts, seals.

CREATE SCHEMA personal;
GRANT USAGE ON SCHEMA personal TO onefold_app;

-- Keys are wrapped under a secret that is kept outside the database, so a dump of it reveals nothing; and without the row that
-- secret reveals nothing either. The row of a destroyed key stays: it tells an erasure from a loss.
CREATE TABLE personal.key (
    account_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    -- Nonce (12 bytes), key (32), tag (16): AES-256-GCM, with the account's id as associated data.
    wrapped_key bytea,
    CONSTRAINT key_pkey PRIMARY KEY (account_id),
    CONSTRAINT key_is_kept_or_destroyed CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL)),
    CONSTRAINT key_is_wrapped CHECK (octet_length(wrapped_key) = 60)
);

-- A key that is replaced would be a history lost by mistake, and one that comes back would be a promise broken.
CREATE FUNCTION personal.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a personal key can only be destroyed' USING ERRCODE = 'OF008';
END
$$;

CREATE TRIGGER key_is_only_destroyed
    BEFORE UPDATE ON personal.key
    FOR EACH ROW
    WHEN (OLD.wrapped_key IS NULL OR NEW.wrapped_key IS NOT NULL OR NEW.account_id <> OLD.account_id)
    EXECUTE FUNCTION personal.refuse_change();

GRANT SELECT, INSERT, UPDATE (wrapped_key, destroyed_at) ON personal.key TO onefold_app;

-- Accounts that are being erased: what was begun is finished, whatever happens meanwhile. A row goes with the last step.
CREATE TABLE personal.erasure (
    account_id uuid NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    actor uuid, -- Who asked for it; null on the command line.
    CONSTRAINT erasure_pkey PRIMARY KEY (account_id)
);

GRANT SELECT, INSERT, DELETE ON personal.erasure TO onefold_app;

-- Deletes the credential of an account that is being erased, with its sessions, their tokens and whatever else goes with it. The
-- application has no other way to delete one.
CREATE FUNCTION personal.delete_credential(erased uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM account.credential c USING personal.erasure e WHERE c.account_id = erased AND e.account_id = erased;
$$;

REVOKE EXECUTE ON FUNCTION personal.delete_credential(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION personal.delete_credential(uuid) TO onefold_app;

-- Contents that may have lost their last file, and how far their removal is. Forgetting a row leaves bytes on the disk, no more.
CREATE SCHEMA reclaim;
GRANT USAGE ON SCHEMA reclaim TO onefold_app;

CREATE TABLE reclaim.candidate (
    position bigint NOT NULL, -- Where the log was then: read tables that have come as far know of the loss.
    condemned_at timestamptz, -- Null until its blob is condemned.
    condemned_bytes bigint,
    digest text COLLATE "C" NOT NULL,
    CONSTRAINT candidate_pkey PRIMARY KEY (digest),
    CONSTRAINT candidate_is_condemned_with_its_bytes CHECK ((condemned_at IS NULL) = (condemned_bytes IS NULL))
);

GRANT SELECT, INSERT, UPDATE, DELETE ON reclaim.candidate TO onefold_app;

-- Tables that hold people who were forgotten since: those that a rebuild replaced at a position before an erasure, and those that
-- a rebuild left unfinished when its process died. A rebuild under way holds its lock, and comes to the erasure by itself.
CREATE FUNCTION projection.discard_before(erasure bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    projection_name text;
BEGIN
    FOR projection_name IN SELECT p.name FROM projection.previous p WHERE p.position < erasure FOR UPDATE LOOP
        PERFORM projection.drop_previous(projection_name);
    END LOOP;
    FOR projection_name IN
        SELECT c.name FROM projection.checkpoint c WHERE erasure > 0 AND to_regnamespace(quote_ident(c.name || '_next')) IS NOT NULL
    LOOP
        IF pg_try_advisory_xact_lock(hashtextextended('onefold.rebuild.' || projection_name, 0)) THEN
            PERFORM projection.discard_rebuild(projection_name);
        END IF;
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION projection.discard_before(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projection.discard_before(bigint) TO onefold_app;
