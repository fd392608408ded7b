-- +goose Up
-- +goose StatementBegin
-- How often a credential was let in, and how often it was turned away, by day and operation. day counts from the epoch, in
-- UTC; operation is '' for what is no operation. At most one row for each operation of the API and day, and the days that
-- are kept are few.
CREATE TABLE credential_day (
    credential_id TEXT NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    day           INTEGER NOT NULL,
    operation     TEXT NOT NULL,
    count         BIGINT NOT NULL,
    refused       BIGINT NOT NULL,
    PRIMARY KEY (credential_id, day, operation)
);
CREATE INDEX credential_day_day ON credential_day (day);

-- What is still known of the time before.
INSERT INTO credential_day (credential_id, day, operation, count, refused)
    SELECT credential_id, at / 86400000000, operation, COUNT(*), 0 FROM activity
    WHERE operation <> '' AND reason = '' GROUP BY credential_id, at / 86400000000, operation;

-- The credential that took over, where one was rotated.
ALTER TABLE credential ADD COLUMN replaced_by TEXT NOT NULL DEFAULT '';

-- Pages list the newest of many.
DROP INDEX credential_account;
CREATE INDEX credential_account ON credential (account_id, kind, id);
DROP INDEX credential_workspace;
CREATE INDEX credential_workspace ON credential (workspace_id, kind, id);

-- Pages list those that have ended lately, of a shelf that may hold ten thousand others.
CREATE INDEX credential_end ON credential (account_id, kind,
    (CASE WHEN revoked_on > 0 AND (expires_on = 0 OR revoked_on < expires_on) THEN revoked_on ELSE expires_on END));
-- +goose StatementEnd
