-- +goose Up
-- +goose StatementBegin
-- Pipelines. Their numbers have no gaps: pipeline_config has the last one. What is built is commit_hash: of a branch, of a tag, or of
-- pull_request (0 for none), where it is merged into destination_commit first. file is the text that the pipeline stands in, as it is
-- for good: of commit_hash, or of the repository that it is imported from, where it is called shared. selector_type is '' and error
-- says why where there was nothing to run. Whoever changes a pipeline or its steps, but for taking one, holds the row of
-- pipeline_config.
CREATE TABLE pipeline (
    id                  TEXT PRIMARY KEY,
    repository_id       TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    number              BIGINT NOT NULL,
    run                 INTEGER NOT NULL DEFAULT 1,
    creator_id          TEXT REFERENCES account (id) ON DELETE SET NULL,
    creator_credential  TEXT NOT NULL,
    creator_name        TEXT NOT NULL,
    trigger_type        TEXT NOT NULL CHECK (trigger_type IN ('PUSH', 'MANUAL', 'SCHEDULED', 'PARENT_STEP')),
    parent_step_id      TEXT,
    ref_type            TEXT NOT NULL CHECK (ref_type IN ('', 'branch', 'tag')),
    ref_name            TEXT NOT NULL,
    commit_hash         TEXT NOT NULL,
    selector_type       TEXT NOT NULL,
    selector_pattern    TEXT NOT NULL,
    pull_request        BIGINT NOT NULL DEFAULT 0,
    destination         TEXT NOT NULL DEFAULT '',
    destination_commit  TEXT NOT NULL DEFAULT '',
    file                TEXT NOT NULL,
    source_id           TEXT NOT NULL,
    source_commit       TEXT NOT NULL,
    source_path         TEXT NOT NULL,
    shared              TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'PAUSED', 'SUCCESSFUL', 'FAILED', 'ERROR', 'STOPPED', 'EXPIRED')),
    stopping            BOOLEAN NOT NULL DEFAULT FALSE,
    error_key           TEXT NOT NULL DEFAULT '',
    error_message       TEXT NOT NULL DEFAULT '',
    build_seconds       BIGINT NOT NULL DEFAULT 0,
    created_on          BIGINT NOT NULL,
    started_on          BIGINT NOT NULL DEFAULT 0,
    completed_on        BIGINT NOT NULL DEFAULT 0,
    UNIQUE (repository_id, number)
);
CREATE INDEX pipeline_status ON pipeline (repository_id, status);
CREATE INDEX pipeline_commit ON pipeline (repository_id, commit_hash);
CREATE INDEX pipeline_creator ON pipeline (creator_id);
CREATE INDEX pipeline_parent ON pipeline (parent_step_id);

-- Variables that whoever started a pipeline has given it. The value of a secured one is sealed, about the row's id.
CREATE TABLE pipeline_input (
    id          TEXT PRIMARY KEY,
    pipeline_id TEXT NOT NULL REFERENCES pipeline (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    value       TEXT NOT NULL,
    secured     BOOLEAN NOT NULL,
    UNIQUE (pipeline_id, name)
);

-- Steps of pipelines, by their position in the file. One that is run again gets a row of its own, with the next attempt; current
-- is the last one. waits says what a PENDING one waits for that is not a step: somebody, other steps of its concurrency_group, or the
-- environment. labels, outputs and seconds are JSON. executor is '' where any will do. due_on is when it must have ended.
CREATE TABLE pipeline_step (
    id                TEXT PRIMARY KEY,
    pipeline_id       TEXT NOT NULL REFERENCES pipeline (id) ON DELETE CASCADE,
    repository_id     TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    position          INTEGER NOT NULL,
    attempt           INTEGER NOT NULL,
    retries           INTEGER NOT NULL DEFAULT 0,
    is_current        BOOLEAN NOT NULL DEFAULT TRUE,
    name              TEXT NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('PENDING', 'READY', 'IN_PROGRESS', 'COMPLETED')),
    result            TEXT NOT NULL DEFAULT '' CHECK (result IN ('', 'SUCCESSFUL', 'FAILED', 'ERROR', 'STOPPED', 'EXPIRED', 'NOT_RUN')),
    waits             TEXT NOT NULL DEFAULT '' CHECK (waits IN ('', 'somebody', 'group', 'environment')),
    released          BOOLEAN NOT NULL DEFAULT FALSE,
    releaser_id       TEXT REFERENCES account (id) ON DELETE SET NULL,
    stopping          BOOLEAN NOT NULL DEFAULT FALSE,
    labels            TEXT NOT NULL,
    executor          TEXT NOT NULL,
    concurrency_group TEXT NOT NULL,
    environment       TEXT NOT NULL,
    max_time          INTEGER NOT NULL,
    runner_id         TEXT NOT NULL DEFAULT '',
    phase             TEXT NOT NULL DEFAULT '',
    lease_until       BIGINT NOT NULL DEFAULT 0,
    due_on            BIGINT NOT NULL DEFAULT 0,
    exit_code         INTEGER NOT NULL DEFAULT 0,
    reason            TEXT NOT NULL DEFAULT '',
    message           TEXT NOT NULL DEFAULT '',
    outputs           TEXT NOT NULL DEFAULT '',
    seconds           TEXT NOT NULL DEFAULT '',
    created_on        BIGINT NOT NULL,
    ready_on          BIGINT NOT NULL DEFAULT 0,
    started_on        BIGINT NOT NULL DEFAULT 0,
    completed_on      BIGINT NOT NULL DEFAULT 0,
    UNIQUE (pipeline_id, position, attempt)
);
CREATE INDEX pipeline_step_ready ON pipeline_step (ready_on, id) WHERE state = 'READY';
CREATE INDEX pipeline_step_lease ON pipeline_step (lease_until) WHERE state = 'IN_PROGRESS';
CREATE INDEX pipeline_step_group ON pipeline_step (repository_id, concurrency_group) WHERE concurrency_group <> '';
CREATE INDEX pipeline_step_environment ON pipeline_step (repository_id, environment) WHERE environment <> '';
CREATE INDEX pipeline_step_waits ON pipeline_step (repository_id, waits) WHERE waits <> '';
CREATE INDEX pipeline_step_repository ON pipeline_step (repository_id);
CREATE INDEX pipeline_step_releaser ON pipeline_step (releaser_id);

-- What has happened and may start pipelines, until that is done: a push of a branch or a tag, or of a pull request's source (the
-- reference is '' then). It is written with what happened, so that neither is lost.
CREATE TABLE pipeline_trigger (
    id                 TEXT PRIMARY KEY,
    repository_id      TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    ref_type           TEXT NOT NULL,
    ref_name           TEXT NOT NULL,
    commit_hash        TEXT NOT NULL,
    before_hash        TEXT NOT NULL,
    pull_request       BIGINT NOT NULL,
    actor_id           TEXT REFERENCES account (id) ON DELETE CASCADE,
    actor_credential   TEXT NOT NULL,
    actor_name         TEXT NOT NULL,
    created_on         BIGINT NOT NULL
);
CREATE INDEX pipeline_trigger_repository ON pipeline_trigger (repository_id);
CREATE INDEX pipeline_trigger_actor ON pipeline_trigger (actor_id);
-- +goose StatementEnd
