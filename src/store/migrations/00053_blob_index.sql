-- +goose NO TRANSACTION
-- +goose Up
-- Whether any artifact still has a content. Without contents outside of the database it is empty, and costs nothing.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_artifacts_blob ON artifacts (blob) WHERE blob IS NOT NULL;
