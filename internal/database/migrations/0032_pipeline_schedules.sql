-- +goose Up
-- +goose StatementBegin
-- When pipelines are started by the clock. pattern is as internal/cron has it; next_on is when it comes due next, 0 for never again.
-- Whoever moves next_on on starts the pipeline, in the same transaction.
CREATE TABLE pipeline_schedule (
    id               TEXT PRIMARY KEY,
    repository_id    TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    account_id       TEXT REFERENCES account (id) ON DELETE SET NULL, -- who made it, or else the credential
    credential       TEXT NOT NULL,
    credential_name  TEXT NOT NULL,
    enabled          BOOLEAN NOT NULL,
    ref_name         TEXT NOT NULL,
    selector_type    TEXT NOT NULL,
    selector_pattern TEXT NOT NULL,
    pattern          TEXT NOT NULL,
    next_on          BIGINT NOT NULL,
    created_on       BIGINT NOT NULL,
    updated_on       BIGINT NOT NULL
);
CREATE INDEX pipeline_schedule_due ON pipeline_schedule (next_on);
CREATE INDEX pipeline_schedule_repository ON pipeline_schedule (repository_id);
CREATE INDEX pipeline_schedule_account ON pipeline_schedule (account_id);

-- What came of each time. The pipeline is gone, or there was none and error_key says why.
CREATE TABLE pipeline_schedule_execution (
    id            TEXT PRIMARY KEY,
    schedule_id   TEXT NOT NULL REFERENCES pipeline_schedule (id) ON DELETE CASCADE,
    pipeline_id   TEXT REFERENCES pipeline (id) ON DELETE CASCADE,
    error_key     TEXT NOT NULL,
    error_message TEXT NOT NULL,
    due_on        BIGINT NOT NULL,
    UNIQUE (schedule_id, due_on)
);
CREATE INDEX pipeline_schedule_execution_pipeline ON pipeline_schedule_execution (pipeline_id);

-- Keys that tokens of steps are signed with. private_key is sealed, about the id; public_key is a JSON Web Key.
CREATE TABLE pipeline_signing_key (
    id          TEXT PRIMARY KEY,
    number      BIGINT NOT NULL UNIQUE,
    private_key TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    created_on  BIGINT NOT NULL
);
-- +goose StatementEnd
