-- +goose Up
-- +goose StatementBegin
-- What is called when something happens in a repository, or anywhere in a workspace. events are their keys, each with a space before
-- and behind it. host is that of url, and last_number that of the newest delivery. The secret is kept as it is: it signs what is
-- sent, and a hash of it could not.
CREATE TABLE webhook (
    id            TEXT PRIMARY KEY,
    workspace_id  TEXT REFERENCES workspace (id) ON DELETE CASCADE,
    repository_id TEXT REFERENCES repository (id) ON DELETE CASCADE,
    url           TEXT NOT NULL,
    host          TEXT NOT NULL,
    description   TEXT NOT NULL,
    secret        TEXT NOT NULL,
    active        BOOLEAN NOT NULL,
    events        TEXT NOT NULL,
    last_number   BIGINT NOT NULL,
    created_on    BIGINT NOT NULL,
    updated_on    BIGINT NOT NULL,
    CHECK ((workspace_id IS NULL) <> (repository_id IS NULL))
);
CREATE INDEX webhook_workspace ON webhook (workspace_id);
CREATE INDEX webhook_repository ON webhook (repository_id);

-- What is to be sent to a webhook, and what became of it. Those of one webhook are sent in the order of their numbers. Who sends
-- one claims it until a time: when that is over, whoever held it is taken for dead. url and what stands behind it are of the last
-- attempt.
CREATE TABLE webhook_delivery (
    webhook_id    TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    number        BIGINT NOT NULL,
    id            TEXT NOT NULL UNIQUE,
    event         TEXT NOT NULL,
    body          TEXT NOT NULL,
    created_on    BIGINT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts      INTEGER NOT NULL,
    due_on        BIGINT NOT NULL,
    claimed_by    TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    url           TEXT NOT NULL,
    attempted_on  BIGINT NOT NULL,
    duration      BIGINT NOT NULL,
    status        INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    problem       TEXT NOT NULL,
    answer_head   TEXT NOT NULL,
    answer_body   TEXT NOT NULL,
    PRIMARY KEY (webhook_id, number)
);
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (webhook_id, number) WHERE state = 'waiting';
-- +goose StatementEnd
