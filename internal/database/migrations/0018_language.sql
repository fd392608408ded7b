-- +goose Up
-- +goose StatementBegin
-- Whether somebody said which language a repository is written in. Where nobody did, it is what most of its code is written in.
ALTER TABLE repository ADD COLUMN language_said BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE repository SET language_said = TRUE WHERE language <> '';
-- +goose StatementEnd
