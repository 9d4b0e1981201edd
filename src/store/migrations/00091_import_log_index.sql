-- +goose NO TRANSACTION
-- +goose Up
-- The imports of a project, newest first, for a page that is asked for each second while one of them runs.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_imports_project ON imports ((data ->> 'project_id'), created);
