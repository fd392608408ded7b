-- +goose Up
-- +goose StatementBegin
-- What machines say of commits. A commit is named by its hash; git keeps it, or no longer does.
CREATE TABLE commit_status (
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    hash          TEXT NOT NULL,
    key           TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('SUCCESSFUL', 'FAILED', 'INPROGRESS', 'STOPPED')),
    name          TEXT NOT NULL,
    url           TEXT NOT NULL,
    description   TEXT NOT NULL,
    refname       TEXT,
    created_on    BIGINT NOT NULL,
    updated_on    BIGINT NOT NULL,
    PRIMARY KEY (repository_id, hash, key)
);

-- data is a list in JSON.
CREATE TABLE commit_report (
    id                  TEXT PRIMARY KEY,
    repository_id       TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    hash                TEXT NOT NULL,
    external_id         TEXT NOT NULL,
    title               TEXT NOT NULL,
    details             TEXT NOT NULL,
    reporter            TEXT NOT NULL,
    link                TEXT NOT NULL,
    remote_link_enabled BOOLEAN NOT NULL,
    logo_url            TEXT NOT NULL,
    report_type         TEXT NOT NULL,
    result              TEXT NOT NULL,
    data                TEXT NOT NULL,
    created_on          BIGINT NOT NULL,
    updated_on          BIGINT NOT NULL,
    UNIQUE (repository_id, hash, external_id)
);

-- line is 0 where an annotation is of a whole file or of none.
CREATE TABLE commit_annotation (
    id              TEXT PRIMARY KEY,
    report_id       TEXT NOT NULL REFERENCES commit_report (id) ON DELETE CASCADE,
    external_id     TEXT NOT NULL,
    annotation_type TEXT NOT NULL,
    path            TEXT NOT NULL,
    line            INTEGER NOT NULL,
    summary         TEXT NOT NULL,
    details         TEXT NOT NULL,
    result          TEXT NOT NULL,
    severity        TEXT NOT NULL,
    link            TEXT NOT NULL,
    created_on      BIGINT NOT NULL,
    updated_on      BIGINT NOT NULL,
    UNIQUE (report_id, external_id)
);
-- +goose StatementEnd
