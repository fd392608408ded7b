-- +goose Up
-- +goose StatementBegin
-- SSH keys of accounts. key is the type and the key in base64; fingerprint is its SHA-256 as OpenSSH writes it. expires_on and
-- last_used_on are 0 for never. A key is one account's alone, and then no deploy key: who adds one locks the counter ssh_key.
CREATE TABLE ssh_key (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    key          TEXT NOT NULL,
    fingerprint  TEXT NOT NULL UNIQUE,
    label        TEXT NOT NULL,
    comment      TEXT NOT NULL,
    created_on   BIGINT NOT NULL,
    expires_on   BIGINT NOT NULL,
    last_used_on BIGINT NOT NULL
);
CREATE INDEX ssh_key_account ON ssh_key (account_id, created_on);
INSERT INTO counter (name, value) VALUES ('ssh_key', 0);
-- +goose StatementEnd
