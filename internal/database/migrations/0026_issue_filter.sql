-- +goose Up
-- +goose StatementBegin
-- What accounts look for again and again among the issues of a repository: query is that of the address of the list.
CREATE TABLE issue_filter (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    account_id    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    query         TEXT NOT NULL,
    created_on    BIGINT NOT NULL,
    UNIQUE (repository_id, account_id, name)
);
CREATE INDEX issue_filter_account ON issue_filter (account_id);
-- +goose StatementEnd
