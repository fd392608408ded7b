-- +goose Up
-- +goose StatementBegin
-- The number that the repository's last pull request was given. Whoever makes one adds to it, and so waits for whoever makes another.
ALTER TABLE repository ADD COLUMN last_pull_request BIGINT NOT NULL DEFAULT 0;

-- Pull requests, in the repository that they go into. source_id is NULL once the fork that they come from is gone. The hashes are
-- what the branches held when they were last looked at; the git store keeps both, and merge_hash. Whoever made or closed one is an
-- account, or a credential that belongs to none, whose name is kept as it was. task_count are the open tasks, and unresolved_count
-- the comments that are to be resolved.
CREATE TABLE pull_request (
    repository_id      TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    number             BIGINT NOT NULL,
    title              TEXT NOT NULL,
    description        TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED')),
    draft              BOOLEAN NOT NULL,
    close_source       BOOLEAN NOT NULL,
    source_id          TEXT REFERENCES repository (id) ON DELETE SET NULL,
    source_branch      TEXT NOT NULL,
    source_hash        TEXT NOT NULL,
    destination_branch TEXT NOT NULL,
    destination_hash   TEXT NOT NULL,
    merge_hash         TEXT NOT NULL DEFAULT '',
    author_id          TEXT REFERENCES account (id) ON DELETE SET NULL,
    author_credential  TEXT NOT NULL,
    author_name        TEXT NOT NULL,
    closer_id          TEXT REFERENCES account (id) ON DELETE SET NULL,
    closer_credential  TEXT NOT NULL DEFAULT '',
    closer_name        TEXT NOT NULL DEFAULT '',
    reason             TEXT NOT NULL DEFAULT '',
    comment_count      INTEGER NOT NULL DEFAULT 0,
    task_count         INTEGER NOT NULL DEFAULT 0,
    unresolved_count   INTEGER NOT NULL DEFAULT 0,
    created_on         BIGINT NOT NULL,
    updated_on         BIGINT NOT NULL,
    PRIMARY KEY (repository_id, number)
);
CREATE UNIQUE INDEX pull_request_pair ON pull_request (repository_id, source_id, source_branch, destination_branch) WHERE state = 'OPEN';
CREATE INDEX pull_request_state ON pull_request (repository_id, state, number);
CREATE INDEX pull_request_destination ON pull_request (repository_id, destination_branch) WHERE state = 'OPEN';
CREATE INDEX pull_request_source ON pull_request (source_id, source_branch);
CREATE INDEX pull_request_author ON pull_request (author_id, state);
CREATE INDEX pull_request_closer ON pull_request (closer_id);

-- Who reviews a pull request, or has taken part in it. state is '' for who has not said anything of it.
CREATE TABLE pull_request_participant (
    repository_id   TEXT NOT NULL,
    number          BIGINT NOT NULL,
    account_id      TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role            TEXT NOT NULL CHECK (role IN ('REVIEWER', 'PARTICIPANT')),
    state           TEXT NOT NULL CHECK (state IN ('', 'approved', 'changes_requested')),
    participated_on BIGINT NOT NULL,
    added_on        BIGINT NOT NULL,
    PRIMARY KEY (repository_id, number, account_id),
    FOREIGN KEY (repository_id, number) REFERENCES pull_request (repository_id, number) ON DELETE CASCADE
);
CREATE INDEX pull_request_participant_account ON pull_request_participant (account_id);

-- What happened to pull requests. details is an object in JSON; comment_id is that of a comment.
CREATE TABLE pull_request_activity (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL,
    number        BIGINT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('update', 'approval', 'changes_requested', 'comment')),
    account_id    TEXT REFERENCES account (id) ON DELETE SET NULL,
    credential    TEXT NOT NULL,
    name          TEXT NOT NULL,
    comment_id    BIGINT,
    details       TEXT NOT NULL,
    happened_on   BIGINT NOT NULL,
    FOREIGN KEY (repository_id, number) REFERENCES pull_request (repository_id, number) ON DELETE CASCADE
);
CREATE INDEX pull_request_activity_one ON pull_request_activity (repository_id, number, happened_on, id);
CREATE INDEX pull_request_activity_all ON pull_request_activity (repository_id, happened_on, id);
CREATE INDEX pull_request_activity_account ON pull_request_activity (account_id);

-- Merges in the background. One that is PENDING after due_on was given up by a process that has ended. refusal is why one has
-- FAILED, an object in JSON.
CREATE TABLE pull_request_merge (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL,
    number        BIGINT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('PENDING', 'SUCCESS', 'FAILED')),
    refusal       TEXT NOT NULL,
    due_on        BIGINT NOT NULL,
    FOREIGN KEY (repository_id, number) REFERENCES pull_request (repository_id, number) ON DELETE CASCADE
);
CREATE INDEX pull_request_merge_one ON pull_request_merge (repository_id, number);
CREATE INDEX pull_request_merge_due ON pull_request_merge (due_on);

-- Who reviews every pull request of a repository, beside the default reviewers of its project.
CREATE TABLE repository_default_reviewer (
    repository_id TEXT NOT NULL,
    workspace_id  TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    added_on      BIGINT NOT NULL,
    PRIMARY KEY (repository_id, account_id),
    FOREIGN KEY (repository_id, workspace_id) REFERENCES repository (id, workspace_id) ON DELETE CASCADE ON UPDATE CASCADE,
    FOREIGN KEY (workspace_id, account_id) REFERENCES workspace_member (workspace_id, account_id) ON DELETE CASCADE
);
CREATE INDEX repository_default_reviewer_account ON repository_default_reviewer (account_id);
-- +goose StatementEnd
