-- +goose Up
-- +goose StatementBegin
-- All e-mails of an account; account.email is the one of them that it signs in with. An e-mail is one account's alone.
CREATE TABLE account_email (
    email      TEXT PRIMARY KEY CHECK (email = LOWER(email)),
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    added_on   BIGINT NOT NULL
);
CREATE INDEX account_email_account ON account_email (account_id);
INSERT INTO account_email (email, account_id, added_on) SELECT email, id, created_on FROM account;
-- +goose StatementEnd
