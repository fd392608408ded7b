-- +goose Up
-- +goose StatementBegin
-- What the branches of a repository are for. settings is an object in JSON. A project's holds for its repositories, except for those
-- that override it.
CREATE TABLE branching_model (
    repository_id TEXT UNIQUE REFERENCES repository (id) ON DELETE CASCADE,
    project_id    TEXT UNIQUE REFERENCES project (id) ON DELETE CASCADE,
    settings      TEXT NOT NULL,
    CHECK ((repository_id IS NULL) <> (project_id IS NULL))
);
ALTER TABLE repository ADD COLUMN overrides_branching_model BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE repository ADD COLUMN overrides_merge_strategy BOOLEAN NOT NULL DEFAULT FALSE;

-- What may not become of branches. They match by pattern, or by branch_type, what they are for in the branching model; the other
-- one is ''.
CREATE TABLE branch_restriction (
    id            BIGINT PRIMARY KEY,
    repository_id TEXT NOT NULL,
    workspace_id  TEXT NOT NULL,
    kind          TEXT NOT NULL,
    pattern       TEXT NOT NULL,
    branch_type   TEXT NOT NULL,
    value         INTEGER,
    UNIQUE (repository_id, kind, pattern, branch_type),
    UNIQUE (id, workspace_id),
    CHECK ((pattern = '') <> (branch_type = '')),
    FOREIGN KEY (repository_id, workspace_id) REFERENCES repository (id, workspace_id) ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO counter (name, value) VALUES ('branch_restriction', 0);

-- Whom a restriction lets pass.
CREATE TABLE branch_restriction_user (
    restriction_id BIGINT NOT NULL,
    workspace_id   TEXT NOT NULL,
    account_id     TEXT NOT NULL,
    PRIMARY KEY (restriction_id, account_id),
    FOREIGN KEY (restriction_id, workspace_id) REFERENCES branch_restriction (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, account_id) REFERENCES workspace_member (workspace_id, account_id) ON DELETE CASCADE
);
CREATE INDEX branch_restriction_user_account ON branch_restriction_user (account_id);
CREATE TABLE branch_restriction_group (
    restriction_id BIGINT NOT NULL,
    workspace_id   TEXT NOT NULL,
    group_id       TEXT NOT NULL,
    PRIMARY KEY (restriction_id, group_id),
    FOREIGN KEY (restriction_id, workspace_id) REFERENCES branch_restriction (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (group_id, workspace_id) REFERENCES user_group (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX branch_restriction_group_group ON branch_restriction_group (group_id);
-- +goose StatementEnd
