-- +goose Up
-- +goose StatementBegin
-- Files of issues. Their bytes are in the data directory, under repository_id and id; hash is their SHA-256 in hex.
CREATE TABLE issue_attachment (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL,
    number        BIGINT NOT NULL,
    name          TEXT NOT NULL,
    size          BIGINT NOT NULL,
    hash          TEXT NOT NULL,
    account_id    TEXT REFERENCES account (id) ON DELETE SET NULL,
    created_on    BIGINT NOT NULL,
    UNIQUE (repository_id, number, name),
    FOREIGN KEY (repository_id, number) REFERENCES issue (repository_id, number) ON DELETE CASCADE
);
CREATE INDEX issue_attachment_account ON issue_attachment (account_id);
-- +goose StatementEnd
