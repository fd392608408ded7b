-- +goose Up
-- +goose StatementBegin
-- What people say of commits. A comment that was deleted stays, without its text: others may answer it, and its number is not
-- given again. It is an account's, or of a credential that belongs to no account.
CREATE TABLE commit_comment (
    id            BIGINT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    hash          TEXT NOT NULL,
    account_id    TEXT REFERENCES account (id) ON DELETE SET NULL,
    credential_id TEXT,
    parent_id     BIGINT REFERENCES commit_comment (id) ON DELETE CASCADE,
    content       TEXT NOT NULL,
    path          TEXT NOT NULL,
    line_from     INTEGER NOT NULL,
    line_to       INTEGER NOT NULL,
    deleted       BOOLEAN NOT NULL,
    created_on    BIGINT NOT NULL,
    updated_on    BIGINT NOT NULL
);
CREATE INDEX commit_comment_commit ON commit_comment (repository_id, hash);
CREATE INDEX commit_comment_parent ON commit_comment (parent_id);

-- The number that was given last, of things that are numbered across the server.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('commit_comment', 0);

CREATE TABLE commit_approval (
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    hash          TEXT NOT NULL,
    account_id    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    approved_on   BIGINT NOT NULL,
    PRIMARY KEY (repository_id, hash, account_id)
);
-- +goose StatementEnd
