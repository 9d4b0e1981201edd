-- +goose Up
-- What people ask about an import and the original does not keep: who sent it, how many bytes, how long it was worked on, and
-- who has ended it. Null for imports of before, and nothing tells it of them: they are gone after a week.
ALTER TABLE imports
    ADD COLUMN uploader uuid, -- no reference: an import outlives the account that sent it
    ADD COLUMN size bigint,
    ADD COLUMN started timestamp without time zone, -- of the attempt that runs, or was the last one
    ADD COLUMN finished timestamp without time zone,
    ADD COLUMN cancelled_by text; -- their name, from when they ask for it
