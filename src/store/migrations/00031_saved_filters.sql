-- +goose Up
-- Filters that people keep under a name, for themselves or for everybody in a project. Made by people: nothing to rebuild it from.
CREATE TABLE saved_filters (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    page text NOT NULL, -- what it filters: runs, results, triage …
    name text NOT NULL,
    query text NOT NULL, -- the query string of the page's address
    shared boolean NOT NULL DEFAULT false,
    created timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE INDEX ix_saved_filters_project ON saved_filters (project_id, page);
CREATE INDEX ix_saved_filters_user ON saved_filters (user_id);
