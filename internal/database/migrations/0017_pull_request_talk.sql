-- +goose Up
-- +goose StatementBegin
-- A comment on a commit may stand on several lines: then line_from and line_to are the last of them. 0 for one line.
ALTER TABLE commit_comment ADD COLUMN start_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE commit_comment ADD COLUMN start_to INTEGER NOT NULL DEFAULT 0;

-- The numbers that the repository's last comment and last task were given. Whoever makes one adds to it, and so waits for others.
ALTER TABLE repository ADD COLUMN last_comment BIGINT NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN last_task BIGINT NOT NULL DEFAULT 0;

-- What people say of pull requests. A comment that was deleted stays, without its text: others may answer it. It is an account's, or
-- of a credential that belongs to none, whose name is kept as it was. A pending one is seen by its author alone: pending_of is that
-- author, so that it goes with the account. The lines are those of the files in source_hash, and of where that parts from
-- destination_hash: when the branches move on, the place moves with them, until its lines are gone and the comment is outdated.
CREATE TABLE pull_request_comment (
    repository_id       TEXT NOT NULL,
    id                  BIGINT NOT NULL,
    number              BIGINT NOT NULL,
    account_id          TEXT REFERENCES account (id) ON DELETE SET NULL,
    credential          TEXT NOT NULL,
    name                TEXT NOT NULL,
    parent_id           BIGINT,
    depth               INTEGER NOT NULL,
    content             TEXT NOT NULL,
    path                TEXT NOT NULL,
    line_from           INTEGER NOT NULL,
    line_to             INTEGER NOT NULL,
    start_from          INTEGER NOT NULL,
    start_to            INTEGER NOT NULL,
    source_hash         TEXT NOT NULL,
    destination_hash    TEXT NOT NULL,
    outdated            BOOLEAN NOT NULL,
    pending             BOOLEAN NOT NULL,
    pending_of          TEXT REFERENCES account (id) ON DELETE CASCADE,
    deleted             BOOLEAN NOT NULL,
    resolved_on         BIGINT NOT NULL DEFAULT 0,
    resolver_id         TEXT REFERENCES account (id) ON DELETE SET NULL,
    resolver_credential TEXT NOT NULL DEFAULT '',
    resolver_name       TEXT NOT NULL DEFAULT '',
    created_on          BIGINT NOT NULL,
    updated_on          BIGINT NOT NULL,
    PRIMARY KEY (repository_id, id),
    FOREIGN KEY (repository_id, number) REFERENCES pull_request (repository_id, number) ON DELETE CASCADE,
    FOREIGN KEY (repository_id, parent_id) REFERENCES pull_request_comment (repository_id, id) ON DELETE CASCADE
);
CREATE INDEX pull_request_comment_number ON pull_request_comment (repository_id, number, id);
CREATE INDEX pull_request_comment_parent ON pull_request_comment (repository_id, parent_id);
CREATE INDEX pull_request_comment_account ON pull_request_comment (account_id);
CREATE INDEX pull_request_comment_pending ON pull_request_comment (pending_of);
CREATE INDEX pull_request_comment_resolver ON pull_request_comment (resolver_id);

-- What is to be done before pull requests are merged: by themselves, or for a comment. resolved_on is 0 while one is open.
CREATE TABLE pull_request_task (
    repository_id       TEXT NOT NULL,
    id                  BIGINT NOT NULL,
    number              BIGINT NOT NULL,
    account_id          TEXT REFERENCES account (id) ON DELETE SET NULL,
    credential          TEXT NOT NULL,
    name                TEXT NOT NULL,
    comment_id          BIGINT,
    content             TEXT NOT NULL,
    pending             BOOLEAN NOT NULL,
    pending_of          TEXT REFERENCES account (id) ON DELETE CASCADE,
    resolved_on         BIGINT NOT NULL DEFAULT 0,
    resolver_id         TEXT REFERENCES account (id) ON DELETE SET NULL,
    resolver_credential TEXT NOT NULL DEFAULT '',
    resolver_name       TEXT NOT NULL DEFAULT '',
    created_on          BIGINT NOT NULL,
    updated_on          BIGINT NOT NULL,
    PRIMARY KEY (repository_id, id),
    FOREIGN KEY (repository_id, number) REFERENCES pull_request (repository_id, number) ON DELETE CASCADE,
    FOREIGN KEY (repository_id, comment_id) REFERENCES pull_request_comment (repository_id, id) ON DELETE CASCADE
);
CREATE INDEX pull_request_task_number ON pull_request_task (repository_id, number, id);
CREATE INDEX pull_request_task_comment ON pull_request_task (repository_id, comment_id);
CREATE INDEX pull_request_task_account ON pull_request_task (account_id);
CREATE INDEX pull_request_task_pending ON pull_request_task (pending_of);
CREATE INDEX pull_request_task_resolver ON pull_request_task (resolver_id);
-- +goose StatementEnd
