-- +goose Up
-- What a person has chosen for the page, so that it follows from one browser to the next: starred projects, saved filters,
-- columns, theme. One row for each person, its members named by the page. Nothing to rebuild it from: what is lost is chosen again.
CREATE TABLE preferences (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    data jsonb NOT NULL
);
