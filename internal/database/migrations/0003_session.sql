-- +goose Up
-- +goose StatementBegin
-- CSRF tokens are computed from a session's secret. Whoever is signed in stays so.
ALTER TABLE session DROP COLUMN csrf;
ALTER TABLE session ADD COLUMN seen_on BIGINT NOT NULL DEFAULT 0;
UPDATE session SET seen_on = created_on;
-- +goose StatementEnd
