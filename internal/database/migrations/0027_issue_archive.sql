-- +goose Up
-- +goose StatementBegin
-- Exports and imports of issue trackers. One goes on at a time in a repository. refusal says in JSON why one has failed, size and hash
-- are of the archive that an export has made, and due_on is when one that goes on is taken for dead unless it moves that on.
CREATE TABLE issue_job (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL CHECK (kind IN ('export', 'import')),
    status        TEXT NOT NULL CHECK (status IN ('ACCEPTED', 'STARTED', 'SUCCESS', 'FAILURE')),
    phase         TEXT NOT NULL,
    done          BIGINT NOT NULL,
    total         BIGINT NOT NULL,
    refusal       TEXT NOT NULL,
    size          BIGINT NOT NULL,
    hash          TEXT NOT NULL,
    created_on    BIGINT NOT NULL,
    due_on        BIGINT NOT NULL
);
CREATE INDEX issue_job_repository ON issue_job (repository_id, kind, created_on);
CREATE INDEX issue_job_created ON issue_job (created_on);
CREATE UNIQUE INDEX issue_job_one ON issue_job (repository_id) WHERE status IN ('ACCEPTED', 'STARTED');

-- The account ids of people who came with an import and have no account here; id is what stands for them in the rows of issues.
CREATE TABLE issue_person (
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    id            TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    PRIMARY KEY (repository_id, id)
);

-- What Bitbucket's settings of a tracker were, in JSON, as they came with an import: they leave with an export.
ALTER TABLE issue_tracker ADD COLUMN meta TEXT NOT NULL DEFAULT '';

-- What is looked for together: which are counted is read off these alone, also where they lie far apart.
CREATE INDEX issue_state_kind ON issue (repository_id, state, kind, number);
CREATE INDEX issue_state_priority ON issue (repository_id, state, priority, number);
CREATE INDEX issue_state_assignee ON issue (repository_id, state, assignee_id, number);
-- +goose StatementEnd
