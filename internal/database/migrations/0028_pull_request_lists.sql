-- +goose Up
-- +goose StatementBegin
-- The order that clients ask for most beside that of the numbers: a page of those in one state is read off it, however many there are.
CREATE INDEX pull_request_updated ON pull_request (repository_id, state, updated_on, number);
-- +goose StatementEnd
