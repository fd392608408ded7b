-- +goose Up
-- +goose StatementBegin
-- Runners of steps, of all repositories of a workspace or of one repository. labels have a space between. The secret is kept as a hash.
-- seen_on is when it last asked or was at a step, 0 for never.
CREATE TABLE pipeline_runner (
    id            TEXT PRIMARY KEY,
    workspace_id  TEXT REFERENCES workspace (id) ON DELETE CASCADE,
    repository_id TEXT REFERENCES repository (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    labels        TEXT NOT NULL,
    client_id     TEXT NOT NULL UNIQUE,
    secret_hash   TEXT NOT NULL,
    disabled      BOOLEAN NOT NULL,
    cordoned      BOOLEAN NOT NULL,
    version       TEXT NOT NULL,
    seen_on       BIGINT NOT NULL,
    created_on    BIGINT NOT NULL,
    updated_on    BIGINT NOT NULL,
    CHECK ((CASE WHEN workspace_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN repository_id IS NULL THEN 0 ELSE 1 END) = 1)
);
CREATE INDEX pipeline_runner_workspace ON pipeline_runner (workspace_id);
CREATE INDEX pipeline_runner_repository ON pipeline_runner (repository_id);

-- What runners work with, and what steps clone with: those have a step_id, and end with its lease.
CREATE TABLE pipeline_token (
    hash       TEXT PRIMARY KEY,
    runner_id  TEXT NOT NULL REFERENCES pipeline_runner (id) ON DELETE CASCADE,
    step_id    TEXT REFERENCES pipeline_step (id) ON DELETE CASCADE,
    scopes     TEXT NOT NULL,
    expires_on BIGINT NOT NULL
);
CREATE INDEX pipeline_token_runner ON pipeline_token (runner_id);
CREATE INDEX pipeline_token_step ON pipeline_token (step_id);

-- Logs, each a file under its id: that of a step has the step's id, those of its services have their own. cut says why it ends before
-- its end: limit, disk, or '' for not.
CREATE TABLE pipeline_log (
    id            TEXT PRIMARY KEY,
    step_id       TEXT NOT NULL REFERENCES pipeline_step (id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    cut           TEXT NOT NULL,
    created_on    BIGINT NOT NULL
);
CREATE INDEX pipeline_log_step ON pipeline_log (step_id);
CREATE INDEX pipeline_log_created ON pipeline_log (created_on);

-- What steps have left, each a file under its id.
CREATE TABLE pipeline_artifact (
    id            TEXT PRIMARY KEY,
    step_id       TEXT NOT NULL REFERENCES pipeline_step (id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    kind          TEXT NOT NULL,
    size          BIGINT NOT NULL,
    hash          TEXT NOT NULL,
    created_on    BIGINT NOT NULL,
    UNIQUE (step_id, name)
);
CREATE INDEX pipeline_artifact_created ON pipeline_artifact (created_on);
CREATE INDEX pipeline_artifact_repository ON pipeline_artifact (repository_id);

-- Directories that are kept from pipeline to pipeline, each a file under its id. The step that filled it may be gone.
CREATE TABLE pipeline_cache (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    pipeline_id   TEXT NOT NULL,
    step_id       TEXT NOT NULL,
    name          TEXT NOT NULL,
    key           TEXT NOT NULL,
    path          TEXT NOT NULL,
    size          BIGINT NOT NULL,
    hash          TEXT NOT NULL,
    created_on    BIGINT NOT NULL,
    used_on       BIGINT NOT NULL,
    UNIQUE (repository_id, name, key)
);
CREATE INDEX pipeline_cache_created ON pipeline_cache (created_on);

-- What the tests of a step came to, and each of them in the order in which they were reported. duration is in microseconds. kept is how
-- many bytes of messages and outputs there are.
CREATE TABLE pipeline_test_report (
    step_id    TEXT PRIMARY KEY REFERENCES pipeline_step (id) ON DELETE CASCADE,
    total      BIGINT NOT NULL,
    successful BIGINT NOT NULL,
    failed     BIGINT NOT NULL,
    errored    BIGINT NOT NULL,
    skipped    BIGINT NOT NULL,
    kept       BIGINT NOT NULL
);

CREATE TABLE pipeline_test_case (
    id       TEXT PRIMARY KEY,
    step_id  TEXT NOT NULL REFERENCES pipeline_step (id) ON DELETE CASCADE,
    place    BIGINT NOT NULL,
    suite    TEXT NOT NULL,
    class    TEXT NOT NULL,
    name     TEXT NOT NULL,
    status   TEXT NOT NULL,
    duration BIGINT NOT NULL,
    message  TEXT NOT NULL,
    output   TEXT NOT NULL,
    UNIQUE (step_id, place)
);
-- +goose StatementEnd
