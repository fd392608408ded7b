-- +goose Up
-- +goose StatementBegin
-- SSH keys of machines that read a repository, or all of a project. key is the type and the key in base64; fingerprint is its SHA-256 as
-- OpenSSH writes it. last_used_on is 0 for never.
CREATE TABLE deploy_key (
    id            BIGINT PRIMARY KEY,
    repository_id TEXT REFERENCES repository (id) ON DELETE CASCADE,
    project_id    TEXT REFERENCES project (id) ON DELETE CASCADE,
    key           TEXT NOT NULL,
    fingerprint   TEXT NOT NULL,
    label         TEXT NOT NULL,
    comment       TEXT NOT NULL,
    account_id    TEXT REFERENCES account (id) ON DELETE SET NULL,
    added_on      BIGINT NOT NULL,
    last_used_on  BIGINT NOT NULL,
    UNIQUE (repository_id, fingerprint),
    UNIQUE (project_id, fingerprint),
    CHECK ((repository_id IS NULL) <> (project_id IS NULL))
);
CREATE INDEX deploy_key_fingerprint ON deploy_key (fingerprint);
INSERT INTO counter (name, value) VALUES ('deploy_key', 0);
-- +goose StatementEnd
