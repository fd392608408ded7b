-- +goose Up
-- +goose StatementBegin
-- Who an account is at an OpenID provider: the subject there never changes, the e-mail may. At one provider an account
-- is one person, so that an address which was given to somebody else there does not hand the account over.
CREATE TABLE identity (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    email      TEXT NOT NULL,
    created_on BIGINT NOT NULL,
    used_on    BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (account_id, issuer)
);
-- +goose StatementEnd
