-- +goose Up
-- +goose StatementBegin
-- Merges that are under way: who merges, and what the branch that is merged into held before and is about to hold. A row is there
-- before the branch moves, and goes when the pull request says that it is merged. So whoever finds a merge that a crash has cut off
-- knows whose it was, and what is to be told of it. Whoever merges is an account, or a credential that belongs to none.
CREATE TABLE pull_request_landing (
    repository_id TEXT NOT NULL,
    number        BIGINT NOT NULL,
    account_id    TEXT REFERENCES account (id) ON DELETE SET NULL,
    credential    TEXT NOT NULL,
    name          TEXT NOT NULL,
    kind          TEXT NOT NULL,
    branch        TEXT NOT NULL,
    before_hash   TEXT NOT NULL,
    merge_hash    TEXT NOT NULL,
    PRIMARY KEY (repository_id, number),
    FOREIGN KEY (repository_id, number) REFERENCES pull_request (repository_id, number) ON DELETE CASCADE
);
CREATE INDEX pull_request_landing_account ON pull_request_landing (account_id);

-- A hash of the lines that a comment stood on when it suggested what to put in their place; '' for a comment that suggests nothing.
ALTER TABLE pull_request_comment ADD COLUMN suggested_sum TEXT NOT NULL DEFAULT '';
-- +goose StatementEnd
