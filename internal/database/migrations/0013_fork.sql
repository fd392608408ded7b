-- +goose Up
-- +goose StatementBegin
-- What a repository was forked from. A fork outlives it.
ALTER TABLE repository ADD COLUMN parent_id TEXT REFERENCES repository (id) ON DELETE SET NULL;
CREATE INDEX repository_parent ON repository (parent_id);

-- Names that repositories had: whoever asks for one is sent to where the repository is now.
CREATE TABLE repository_alias (
    workspace_id  TEXT NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
    slug          TEXT NOT NULL,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    PRIMARY KEY (workspace_id, slug)
);
CREATE INDEX repository_alias_repository ON repository_alias (repository_id);

CREATE TABLE repository_watcher (
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    account_id    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    since         BIGINT NOT NULL,
    PRIMARY KEY (repository_id, account_id)
);
CREATE INDEX repository_watcher_account ON repository_watcher (account_id);
-- +goose StatementEnd
