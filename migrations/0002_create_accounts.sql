-- Secrets of accounts. This is state, not derived from the log: the log cannot forget, so no password hash and no refresh
-- token ever goes into it. What else there is to know of an account is told by its events.

CREATE SCHEMA account;

CREATE TABLE account.credential (
    account_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    role text NOT NULL,
    email text NOT NULL,
    -- bcrypt, in its own text form, which names the cost.
    password_hash text NOT NULL,
    CONSTRAINT credential_pkey PRIMARY KEY (account_id),
    CONSTRAINT credential_role_is_known CHECK (role IN ('user', 'admin'))
);

-- One account for each address, however it is capitalised.
CREATE UNIQUE INDEX credential_email_key ON account.credential (lower(email));

-- A sign-in and all refresh tokens that followed from it.
CREATE TABLE account.session (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT session_pkey PRIMARY KEY (id),
    CONSTRAINT session_account_fkey FOREIGN KEY (account_id) REFERENCES account.credential ON DELETE CASCADE
);

CREATE INDEX session_account_idx ON account.session (account_id);
-- For the sweep of what has run out.
CREATE INDEX session_expiry_idx ON account.session (expires_at);

CREATE TABLE account.refresh_token (
    -- SHA-256 of the token: who reads this table cannot sign in with it. A token has 256 random bits, so it needs no salt.
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    used_at timestamptz,
    CONSTRAINT refresh_token_pkey PRIMARY KEY (token_hash),
    CONSTRAINT refresh_token_hash_is_sha256 CHECK (octet_length(token_hash) = 32),
    CONSTRAINT refresh_token_session_fkey FOREIGN KEY (session_id) REFERENCES account.session ON DELETE CASCADE
);

CREATE INDEX refresh_token_session_idx ON account.refresh_token (session_id);

GRANT USAGE ON SCHEMA account TO onefold_app;
GRANT SELECT, INSERT, UPDATE ON account.credential TO onefold_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON account.session, account.refresh_token TO onefold_app;
