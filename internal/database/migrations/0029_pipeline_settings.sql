-- +goose Up
-- +goose StatementBegin
-- What a repository's pipelines are set up with. private_key is sealed, about the repository's id; '' for none.
CREATE TABLE pipeline_config (
    repository_id     TEXT PRIMARY KEY REFERENCES repository (id) ON DELETE CASCADE,
    enabled           BOOLEAN NOT NULL,
    last_build_number BIGINT NOT NULL,
    public_key        TEXT NOT NULL,
    private_key       TEXT NOT NULL
);

-- Hosts that steps may open SSH connections to, by the key that each is known by.
CREATE TABLE pipeline_known_host (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    hostname      TEXT NOT NULL,
    key_type      TEXT NOT NULL,
    key           TEXT NOT NULL,
    created_on    BIGINT NOT NULL,
    UNIQUE (repository_id, hostname, key_type)
);

-- What is deployed to. kind is 0 for tests, 1 for staging, 2 for production.
CREATE TABLE deployment_environment (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    slug          TEXT NOT NULL,
    kind          INTEGER NOT NULL,
    admin_only    BOOLEAN NOT NULL,
    created_on    BIGINT NOT NULL,
    UNIQUE (repository_id, slug)
);

-- Variables of steps: of all repositories of a workspace, of a repository, of deployments to an environment, or of an account. The value
-- of a secured one is sealed, about the variable's id.
CREATE TABLE pipeline_variable (
    id             TEXT PRIMARY KEY,
    workspace_id   TEXT REFERENCES workspace (id) ON DELETE CASCADE,
    repository_id  TEXT REFERENCES repository (id) ON DELETE CASCADE,
    environment_id TEXT REFERENCES deployment_environment (id) ON DELETE CASCADE,
    account_id     TEXT REFERENCES account (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    value          TEXT NOT NULL,
    secured        BOOLEAN NOT NULL,
    created_on     BIGINT NOT NULL,
    UNIQUE (workspace_id, name),
    UNIQUE (repository_id, name),
    UNIQUE (environment_id, name),
    UNIQUE (account_id, name),
    CHECK ((CASE WHEN workspace_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN repository_id IS NULL THEN 0 ELSE 1 END)
        + (CASE WHEN environment_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN account_id IS NULL THEN 0 ELSE 1 END) = 1)
);
-- +goose StatementEnd
