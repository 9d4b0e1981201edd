-- +goose Up
-- Contents of artifacts that are kept outside of the database, each once however many artifacts have it. The content itself
-- is in the store that the row names; without its row nobody finds it again, so this cannot be rebuilt from other tables.
CREATE TABLE blobs (
    hash bytea PRIMARY KEY, -- SHA-256 of the content
    store text NOT NULL CHECK (store IN ('files', 's3')),
    key text NOT NULL UNIQUE, -- its name there, which is never used again
    encoding text NOT NULL DEFAULT '' CHECK (encoding IN ('', 'zstd')),
    size bigint NOT NULL, -- bytes of the content
    stored bigint NOT NULL, -- bytes that it takes up there
    created timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    -- When an artifact was last to have it: a sweep leaves alone what is young, whose artifact may be about to be written.
    used timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- The content of an artifact whose own column is null. The reference keeps a content that is needed from being deleted. Not
-- validated: there is nothing to validate, and the table is not read for it.
ALTER TABLE artifacts ADD COLUMN blob bytea;
ALTER TABLE artifacts ADD CONSTRAINT artifacts_blob_fkey FOREIGN KEY (blob) REFERENCES blobs (hash) NOT VALID;

-- Contents that stay in the database are packed as they are written, and LZ4 takes a tenth of the time of the older way. What
-- is there is read as before; a PostgreSQL without LZ4 stays as it is.
-- +goose StatementBegin
DO $$
BEGIN
    ALTER TABLE artifacts ALTER COLUMN content SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;
-- +goose StatementEnd
