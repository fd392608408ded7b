-- +goose Up
-- +goose StatementBegin
-- How often a credential was let in to an operation: at most one row for each operation of the API, and two for git.
CREATE TABLE credential_usage (
    credential_id TEXT NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    operation     TEXT NOT NULL,
    count         BIGINT NOT NULL,
    first_on      BIGINT NOT NULL,
    last_on       BIGINT NOT NULL,
    PRIMARY KEY (credential_id, operation)
);

-- What is still known of the time before.
INSERT INTO credential_usage (credential_id, operation, count, first_on, last_on)
    SELECT credential_id, operation, COUNT(*), MIN(at), MAX(at) FROM activity
    WHERE operation <> '' AND reason = '' GROUP BY credential_id, operation;
-- +goose StatementEnd
