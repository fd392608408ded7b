-- +goose Up
-- +goose StatementBegin
-- The orders in which the repositories of a workspace are listed most: a page is read off them, however many there are.
CREATE INDEX repository_created ON repository (workspace_id, created_on, id);
CREATE INDEX repository_updated ON repository (workspace_id, updated_on, id);
-- +goose StatementEnd
