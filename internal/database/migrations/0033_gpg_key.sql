-- +goose Up
-- +goose StatementBegin
-- GPG keys of accounts, by the fingerprint of their primary key in upper case. A key is one account's alone.
CREATE TABLE gpg_key (
    fingerprint TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    key         TEXT NOT NULL,
    added_on    BIGINT NOT NULL
);
CREATE INDEX gpg_key_account ON gpg_key (account_id, added_on);
-- +goose StatementEnd
