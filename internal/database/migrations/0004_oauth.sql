-- +goose Up
-- +goose StatementBegin
-- Who may ask for access by OAuth 2: an application that a workspace has registered. secret_hash is the SHA-256 of the
-- secret in hex; the key is no secret.
CREATE TABLE oauth_consumer (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
    key          TEXT NOT NULL UNIQUE,
    secret_hash  TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT NOT NULL DEFAULT '',
    url          TEXT NOT NULL DEFAULT '',
    callback_url TEXT NOT NULL,
    is_private   BOOLEAN NOT NULL,
    scopes       TEXT NOT NULL,
    created_by   TEXT REFERENCES account (id) ON DELETE SET NULL,
    created_on   BIGINT NOT NULL,
    updated_on   BIGINT NOT NULL,
    secret_on    BIGINT NOT NULL
);
CREATE UNIQUE INDEX oauth_consumer_name ON oauth_consumer (workspace_id, LOWER(name));

-- What a consumer was allowed is one credential: that of an account, or of the workspace for client credentials. Its
-- tokens come and go; scopes, activity and usage stay. No secret has its hash.
ALTER TABLE credential ADD COLUMN consumer_id TEXT REFERENCES oauth_consumer (id) ON DELETE SET NULL;
CREATE UNIQUE INDEX credential_consumer ON credential (consumer_id, COALESCE(account_id, '')) WHERE consumer_id IS NOT NULL AND revoked_on = 0;

CREATE INDEX credential_of_consumer ON credential (consumer_id);

-- Access and refresh tokens. A family is what came from one authorization code, or from one request of client
-- credentials; it is revoked as a whole.
CREATE TABLE oauth_token (
    hash          TEXT PRIMARY KEY,
    credential_id TEXT NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    family        TEXT NOT NULL,
    is_refresh    BOOLEAN NOT NULL,
    created_on    BIGINT NOT NULL,
    expires_on    BIGINT NOT NULL,
    used_on       BIGINT NOT NULL DEFAULT 0,
    revoked_on    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX oauth_token_credential ON oauth_token (credential_id, is_refresh, created_on);
CREATE INDEX oauth_token_family ON oauth_token (family);

-- Authorization codes: good once. redirect_sent says that the request named its redirect_uri.
CREATE TABLE oauth_code (
    hash             TEXT PRIMARY KEY,
    credential_id    TEXT NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    family           TEXT NOT NULL,
    redirect_uri     TEXT NOT NULL,
    redirect_sent    BOOLEAN NOT NULL,
    challenge        TEXT NOT NULL DEFAULT '',
    challenge_method TEXT NOT NULL DEFAULT '',
    state            TEXT NOT NULL DEFAULT '',
    created_on       BIGINT NOT NULL,
    expires_on       BIGINT NOT NULL,
    used_on          BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX oauth_code_credential ON oauth_code (credential_id, created_on);
-- +goose StatementEnd
