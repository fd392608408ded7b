-- +goose Up
-- +goose StatementBegin
-- The issue tracker of a repository, made with its first issue or label: the numbers that were given last, to issues, to what
-- happens to them and to labels, and how many issues there are. Whoever changes anything in the tracker locks this row first.
CREATE TABLE issue_tracker (
    repository_id TEXT PRIMARY KEY REFERENCES repository (id) ON DELETE CASCADE,
    last_issue    BIGINT NOT NULL DEFAULT 0,
    last_entry    BIGINT NOT NULL DEFAULT 0,
    last_label    BIGINT NOT NULL DEFAULT 0,
    issues        BIGINT NOT NULL DEFAULT 0
);

-- What issues can be of. A name is what issues keep, so that they can be looked for by it.
CREATE TABLE issue_component (
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    id            BIGINT NOT NULL,
    name          TEXT NOT NULL,
    PRIMARY KEY (repository_id, id),
    UNIQUE (repository_id, name)
);
CREATE TABLE issue_milestone (
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    id            BIGINT NOT NULL,
    name          TEXT NOT NULL,
    PRIMARY KEY (repository_id, id),
    UNIQUE (repository_id, name)
);
CREATE TABLE issue_version (
    repository_id TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    id            BIGINT NOT NULL,
    name          TEXT NOT NULL,
    PRIMARY KEY (repository_id, id),
    UNIQUE (repository_id, name)
);

-- Issues. Who reported one is an account, or a credential that belongs to none, whose name is kept as it was. edited_on is 0 until
-- its title or text is changed. votes and watches count the rows below.
CREATE TABLE issue (
    repository_id       TEXT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    number              BIGINT NOT NULL,
    title               TEXT NOT NULL,
    content             TEXT NOT NULL,
    state               TEXT NOT NULL CHECK (state IN ('submitted', 'new', 'open', 'resolved', 'on hold', 'invalid', 'duplicate', 'wontfix', 'closed')),
    kind                TEXT NOT NULL CHECK (kind IN ('bug', 'enhancement', 'proposal', 'task')),
    priority            TEXT NOT NULL CHECK (priority IN ('trivial', 'minor', 'major', 'critical', 'blocker')),
    reporter_id         TEXT REFERENCES account (id) ON DELETE SET NULL,
    reporter_credential TEXT NOT NULL,
    reporter_name       TEXT NOT NULL,
    assignee_id         TEXT REFERENCES account (id) ON DELETE SET NULL,
    component           TEXT,
    milestone           TEXT,
    version             TEXT,
    votes               BIGINT NOT NULL DEFAULT 0,
    watches             BIGINT NOT NULL DEFAULT 0,
    created_on          BIGINT NOT NULL,
    updated_on          BIGINT NOT NULL,
    edited_on           BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (repository_id, number),
    FOREIGN KEY (repository_id, component) REFERENCES issue_component (repository_id, name) ON UPDATE CASCADE,
    FOREIGN KEY (repository_id, milestone) REFERENCES issue_milestone (repository_id, name) ON UPDATE CASCADE,
    FOREIGN KEY (repository_id, version) REFERENCES issue_version (repository_id, name) ON UPDATE CASCADE
);
-- What is looked for, with the number behind, in which order lists are.
CREATE INDEX issue_state ON issue (repository_id, state, number);
CREATE INDEX issue_kind ON issue (repository_id, kind, number);
CREATE INDEX issue_priority ON issue (repository_id, priority, number);
CREATE INDEX issue_reporter ON issue (repository_id, reporter_id, number);
CREATE INDEX issue_assignee ON issue (repository_id, assignee_id, number);
CREATE INDEX issue_component_of ON issue (repository_id, component, number);
CREATE INDEX issue_milestone_of ON issue (repository_id, milestone, number);
CREATE INDEX issue_version_of ON issue (repository_id, version, number);
CREATE INDEX issue_title ON issue (repository_id, title, number);
CREATE INDEX issue_votes ON issue (repository_id, votes, number);
CREATE INDEX issue_created ON issue (repository_id, created_on, number);
CREATE INDEX issue_updated ON issue (repository_id, updated_on, number);
CREATE INDEX issue_state_updated ON issue (repository_id, state, updated_on, number);
CREATE INDEX issue_reporter_account ON issue (reporter_id);
CREATE INDEX issue_assignee_account ON issue (assignee_id);

-- What people say of issues. A comment that was made with a change has its number.
CREATE TABLE issue_comment (
    repository_id TEXT NOT NULL,
    id            BIGINT NOT NULL,
    number        BIGINT NOT NULL,
    account_id    TEXT REFERENCES account (id) ON DELETE SET NULL,
    credential    TEXT NOT NULL,
    name          TEXT NOT NULL,
    content       TEXT NOT NULL,
    created_on    BIGINT NOT NULL,
    updated_on    BIGINT NOT NULL,
    PRIMARY KEY (repository_id, id),
    FOREIGN KEY (repository_id, number) REFERENCES issue (repository_id, number) ON DELETE CASCADE
);
CREATE INDEX issue_comment_number ON issue_comment (repository_id, number, id);
CREATE INDEX issue_comment_account ON issue_comment (account_id);

-- The log: every edit of an issue is one row. changes is an object in JSON, of what each field held before and holds since.
CREATE TABLE issue_change (
    repository_id TEXT NOT NULL,
    id            BIGINT NOT NULL,
    number        BIGINT NOT NULL,
    account_id    TEXT REFERENCES account (id) ON DELETE SET NULL,
    credential    TEXT NOT NULL,
    name          TEXT NOT NULL,
    changes       TEXT NOT NULL,
    created_on    BIGINT NOT NULL,
    PRIMARY KEY (repository_id, id),
    FOREIGN KEY (repository_id, number) REFERENCES issue (repository_id, number) ON DELETE CASCADE
);
CREATE INDEX issue_change_number ON issue_change (repository_id, number, id);
CREATE INDEX issue_change_account ON issue_change (account_id);

-- Who votes for issues, and who watches them.
CREATE TABLE issue_vote (
    repository_id TEXT NOT NULL,
    number        BIGINT NOT NULL,
    account_id    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    PRIMARY KEY (repository_id, number, account_id),
    FOREIGN KEY (repository_id, number) REFERENCES issue (repository_id, number) ON DELETE CASCADE
);
CREATE INDEX issue_vote_account ON issue_vote (account_id);
CREATE TABLE issue_watch (
    repository_id TEXT NOT NULL,
    number        BIGINT NOT NULL,
    account_id    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    PRIMARY KEY (repository_id, number, account_id),
    FOREIGN KEY (repository_id, number) REFERENCES issue (repository_id, number) ON DELETE CASCADE
);
CREATE INDEX issue_watch_account ON issue_watch (account_id);
-- +goose StatementEnd
