-- +goose Up
-- The fields of the metadata that widgets had to count from the results themselves, and how long that took: what a job
-- proposes to tally, or tallies when it may. Nothing to rebuild: it fills by itself.
CREATE TABLE field_wishes (
    field text PRIMARY KEY, -- as in tallied_fields
    path text[] NOT NULL,
    asked bigint NOT NULL,
    seconds double precision NOT NULL,
    last_asked timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
