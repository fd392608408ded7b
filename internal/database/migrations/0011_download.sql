-- +goose Up
-- +goose StatementBegin
-- Files that are offered beside a repository. Their bytes are in the data directory, under repository_id and id; hash is their
-- SHA-256 in hex.
CREATE TABLE download (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    size          BIGINT NOT NULL,
    hash          TEXT NOT NULL,
    account_id    TEXT REFERENCES account (id) ON DELETE SET NULL,
    downloads     BIGINT NOT NULL,
    created_on    BIGINT NOT NULL,
    UNIQUE (repository_id, name)
);
-- +goose StatementEnd
