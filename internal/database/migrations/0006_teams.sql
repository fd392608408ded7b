-- +goose Up
-- +goose StatementBegin
-- Links that let somebody join a workspace. hash is the SHA-256 of the link's secret in hex. A link is worth what its maker
-- is: who is no member any more leaves none behind.
CREATE TABLE invitation (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    role         SMALLINT NOT NULL CHECK (role BETWEEN 1 AND 3),
    note         TEXT NOT NULL,
    created_on   BIGINT NOT NULL,
    expires_on   BIGINT NOT NULL,
    max_uses     INTEGER NOT NULL CHECK (max_uses >= 1),
    uses         INTEGER NOT NULL DEFAULT 0 CHECK (uses BETWEEN 0 AND max_uses),
    UNIQUE (id, workspace_id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES workspace_member (workspace_id, account_id) ON DELETE CASCADE
);
CREATE INDEX invitation_maker ON invitation (workspace_id, created_by);

-- The groups that somebody joins with the workspace.
CREATE TABLE invitation_group (
    invitation_id TEXT NOT NULL,
    workspace_id  TEXT NOT NULL,
    group_id      TEXT NOT NULL,
    PRIMARY KEY (invitation_id, group_id),
    FOREIGN KEY (invitation_id, workspace_id) REFERENCES invitation (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (group_id, workspace_id) REFERENCES user_group (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX invitation_group_group ON invitation_group (group_id);
-- +goose StatementEnd
