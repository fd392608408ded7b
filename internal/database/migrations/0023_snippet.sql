-- +goose Up
-- +goose StatementBegin
-- Snippets. Their files are in the git store, under id; encoded_id is the name that they have in addresses.
CREATE TABLE snippet (
    id           TEXT PRIMARY KEY,
    encoded_id   TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL REFERENCES workspace (id),
    creator_id   TEXT REFERENCES account (id) ON DELETE SET NULL,
    title        TEXT NOT NULL,
    is_private   BOOLEAN NOT NULL,
    created_on   BIGINT NOT NULL,
    updated_on   BIGINT NOT NULL
);
CREATE INDEX snippet_workspace ON snippet (workspace_id, created_on);
CREATE INDEX snippet_creator ON snippet (creator_id);

CREATE TABLE snippet_watcher (
    snippet_id TEXT NOT NULL REFERENCES snippet (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    since      BIGINT NOT NULL,
    PRIMARY KEY (snippet_id, account_id)
);
CREATE INDEX snippet_watcher_account ON snippet_watcher (account_id);

-- What people say of snippets. A comment that was deleted stays, without its text, as on commits.
CREATE TABLE snippet_comment (
    id            BIGINT PRIMARY KEY,
    snippet_id    TEXT NOT NULL REFERENCES snippet (id) ON DELETE CASCADE,
    account_id    TEXT REFERENCES account (id) ON DELETE SET NULL,
    credential_id TEXT,
    parent_id     BIGINT REFERENCES snippet_comment (id) ON DELETE CASCADE,
    content       TEXT NOT NULL,
    deleted       BOOLEAN NOT NULL,
    created_on    BIGINT NOT NULL,
    updated_on    BIGINT NOT NULL
);
CREATE INDEX snippet_comment_snippet ON snippet_comment (snippet_id);
CREATE INDEX snippet_comment_parent ON snippet_comment (parent_id);
CREATE INDEX snippet_comment_account ON snippet_comment (account_id);
INSERT INTO counter (name, value) VALUES ('snippet_comment', 0);
-- +goose StatementEnd
