-- +goose Up
-- +goose StatementBegin
-- Times are microseconds since the epoch in UTC. Ids are uuids in lower case without braces.
-- Permission levels: 1 read, 2 write, 3 create-repo, 4 admin.

CREATE TABLE account (
    id            TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL UNIQUE,
    email         TEXT NOT NULL UNIQUE CHECK (email = LOWER(email)),
    username      TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    password_hash TEXT NOT NULL DEFAULT '',
    is_admin      BOOLEAN NOT NULL DEFAULT FALSE,
    is_active     BOOLEAN NOT NULL DEFAULT TRUE,
    created_on    BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_username ON account (LOWER(username));

CREATE TABLE session (
    hash       TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    csrf       TEXT NOT NULL,
    created_on BIGINT NOT NULL,
    expires_on BIGINT NOT NULL,
    address    TEXT NOT NULL,
    agent      TEXT NOT NULL
);
CREATE INDEX session_account ON session (account_id);

CREATE TABLE setup_link (
    hash       TEXT PRIMARY KEY,
    created_on BIGINT NOT NULL,
    expires_on BIGINT NOT NULL
);

CREATE TABLE workspace (
    id                  TEXT PRIMARY KEY,
    slug                TEXT NOT NULL UNIQUE,
    name                TEXT NOT NULL,
    is_private          BOOLEAN NOT NULL DEFAULT TRUE,
    is_privacy_enforced BOOLEAN NOT NULL DEFAULT FALSE,
    forking_mode        TEXT NOT NULL DEFAULT 'allow_forks',
    created_on          BIGINT NOT NULL,
    updated_on          BIGINT NOT NULL
);

-- role: 1 collaborator (reaches single projects or repositories only), 2 member, 3 owner.
CREATE TABLE workspace_member (
    workspace_id TEXT NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
    account_id   TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role         SMALLINT NOT NULL CHECK (role BETWEEN 1 AND 3),
    added_on     BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, account_id)
);
CREATE INDEX workspace_member_account ON workspace_member (account_id);

CREATE TABLE user_group (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
    slug         TEXT NOT NULL,
    name         TEXT NOT NULL,
    created_on   BIGINT NOT NULL,
    UNIQUE (workspace_id, slug),
    UNIQUE (id, workspace_id)
);

-- A group's member is a member of its workspace: leaving the workspace leaves its groups.
CREATE TABLE group_member (
    group_id     TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    account_id   TEXT NOT NULL,
    PRIMARY KEY (group_id, account_id),
    FOREIGN KEY (group_id, workspace_id) REFERENCES user_group (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, account_id) REFERENCES workspace_member (workspace_id, account_id) ON DELETE CASCADE
);
CREATE INDEX group_member_account ON group_member (account_id, workspace_id);

CREATE TABLE project (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
    key          TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT NOT NULL DEFAULT '',
    is_private   BOOLEAN NOT NULL DEFAULT TRUE,
    created_on   BIGINT NOT NULL,
    updated_on   BIGINT NOT NULL,
    UNIQUE (workspace_id, key),
    UNIQUE (id, workspace_id)
);

CREATE TABLE project_group_grant (
    project_id   TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    group_id     TEXT NOT NULL,
    permission   SMALLINT NOT NULL CHECK (permission BETWEEN 1 AND 4),
    PRIMARY KEY (project_id, group_id),
    FOREIGN KEY (project_id, workspace_id) REFERENCES project (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (group_id, workspace_id) REFERENCES user_group (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX project_group_grant_group ON project_group_grant (group_id);

CREATE TABLE project_user_grant (
    project_id   TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    account_id   TEXT NOT NULL,
    permission   SMALLINT NOT NULL CHECK (permission BETWEEN 1 AND 4),
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id, workspace_id) REFERENCES project (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, account_id) REFERENCES workspace_member (workspace_id, account_id) ON DELETE CASCADE
);
CREATE INDEX project_user_grant_account ON project_user_grant (account_id);

CREATE TABLE project_default_reviewer (
    project_id   TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    account_id   TEXT NOT NULL,
    added_on     BIGINT NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id, workspace_id) REFERENCES project (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, account_id) REFERENCES workspace_member (workspace_id, account_id) ON DELETE CASCADE
);
CREATE INDEX project_default_reviewer_account ON project_default_reviewer (account_id);

CREATE TABLE repository (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    project_id   TEXT NOT NULL,
    slug         TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT NOT NULL DEFAULT '',
    is_private   BOOLEAN NOT NULL DEFAULT TRUE,
    language     TEXT NOT NULL DEFAULT '',
    fork_policy  TEXT NOT NULL DEFAULT 'allow_forks',
    has_issues   BOOLEAN NOT NULL DEFAULT FALSE,
    has_wiki     BOOLEAN NOT NULL DEFAULT FALSE,
    mainbranch   TEXT NOT NULL DEFAULT '',
    size         BIGINT NOT NULL DEFAULT 0,
    creator_id   TEXT REFERENCES account (id) ON DELETE SET NULL,
    created_on   BIGINT NOT NULL,
    updated_on   BIGINT NOT NULL,
    UNIQUE (workspace_id, slug),
    UNIQUE (id, workspace_id),
    FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    FOREIGN KEY (project_id, workspace_id) REFERENCES project (id, workspace_id)
);
CREATE INDEX repository_project ON repository (project_id);

CREATE TABLE repository_group_grant (
    repository_id TEXT NOT NULL,
    workspace_id  TEXT NOT NULL,
    group_id      TEXT NOT NULL,
    permission    SMALLINT NOT NULL CHECK (permission IN (1, 2, 4)),
    PRIMARY KEY (repository_id, group_id),
    FOREIGN KEY (repository_id, workspace_id) REFERENCES repository (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (group_id, workspace_id) REFERENCES user_group (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX repository_group_grant_group ON repository_group_grant (group_id);

CREATE TABLE repository_user_grant (
    repository_id TEXT NOT NULL,
    workspace_id  TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    permission    SMALLINT NOT NULL CHECK (permission IN (1, 2, 4)),
    PRIMARY KEY (repository_id, account_id),
    FOREIGN KEY (repository_id, workspace_id) REFERENCES repository (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, account_id) REFERENCES workspace_member (workspace_id, account_id) ON DELETE CASCADE
);
CREATE INDEX repository_user_grant_account ON repository_user_grant (account_id);

-- Everything that a request may carry in its Authorization header. hash is the SHA-256 of the whole secret in hex.
CREATE TABLE credential (
    id                    TEXT PRIMARY KEY,
    kind                  TEXT NOT NULL,
    hash                  TEXT NOT NULL UNIQUE,
    account_id            TEXT REFERENCES account (id) ON DELETE CASCADE,
    workspace_id          TEXT REFERENCES workspace (id) ON DELETE CASCADE,
    project_id            TEXT REFERENCES project (id) ON DELETE CASCADE,
    repository_id         TEXT REFERENCES repository (id) ON DELETE CASCADE,
    name                  TEXT NOT NULL,
    scopes                TEXT NOT NULL,
    created_by            TEXT NOT NULL DEFAULT '',
    created_on            BIGINT NOT NULL,
    expires_on            BIGINT NOT NULL DEFAULT 0,
    revoked_on            BIGINT NOT NULL DEFAULT 0,
    last_accessed_on      BIGINT NOT NULL DEFAULT 0,
    last_accessed_address TEXT NOT NULL DEFAULT '',
    last_accessed_agent   TEXT NOT NULL DEFAULT '',
    last_refused_on       BIGINT NOT NULL DEFAULT 0,
    last_refused_address  TEXT NOT NULL DEFAULT '',
    last_refused_reason   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX credential_account ON credential (account_id, kind);
CREATE INDEX credential_workspace ON credential (workspace_id);
CREATE INDEX credential_project ON credential (project_id);
CREATE INDEX credential_repository ON credential (repository_id);

CREATE TABLE activity (
    id            BIGINT PRIMARY KEY,
    credential_id TEXT NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    at            BIGINT NOT NULL,
    reason        TEXT NOT NULL DEFAULT '',
    method        TEXT NOT NULL,
    path          TEXT NOT NULL,
    operation     TEXT NOT NULL DEFAULT '',
    address       TEXT NOT NULL,
    agent         TEXT NOT NULL
);
CREATE INDEX activity_credential ON activity (credential_id, id);
-- +goose StatementEnd
