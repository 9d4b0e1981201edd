-- +goose Up
-- What the server itself needs to remember.

-- Secrets and marks that all processes share, such as the key of the tokens where JWT_SECRET is not set.
-- Cannot be rebuilt from other tables: losing the key signs everyone out.
CREATE TABLE settings (
    key text PRIMARY KEY,
    value text NOT NULL,
    created timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- The uploaded file of an import in pieces, so that neither the upload nor the worker ever holds it whole.
-- Gone when the import is done; an adopted import that waits keeps its content in import_files.
CREATE TABLE import_chunks (
    import_id uuid NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    seq integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (import_id, seq)
);
-- Uploads are compressed already, or are read once: compressing them again would cost more than the disk.
ALTER TABLE import_chunks ALTER COLUMN content SET STORAGE EXTERNAL;

-- Long answers that a client asks for and fetches later (GET /task/{id}). Rows live a day and need no rebuilding.
CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE')),
    request jsonb NOT NULL,
    answer bytea,
    error text,
    created timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE INDEX ix_tasks_created ON tasks (created);

-- When each periodic job ran and runs next, so that a slot missed while nothing ran is caught up.
CREATE TABLE schedules (
    name text PRIMARY KEY,
    last_run timestamp without time zone,
    next_run timestamp without time zone NOT NULL
);

-- Every process that keeps what it knows of users and memberships in memory hears of a change at once.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_identity_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('ibutsu_identity', TG_TABLE_NAME);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER ibutsu_identity_changed AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_identity_changed();
CREATE TRIGGER ibutsu_identity_changed AFTER INSERT OR UPDATE OR DELETE ON users_projects
    FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_identity_changed();
CREATE TRIGGER ibutsu_identity_changed AFTER INSERT OR UPDATE OR DELETE ON projects
    FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_identity_changed();
-- A login writes its own token row each time, and nobody's rights change by it.
CREATE TRIGGER ibutsu_identity_changed AFTER UPDATE OR DELETE ON tokens
    FOR EACH ROW WHEN (old.name <> 'login-token') EXECUTE FUNCTION ibutsu_identity_changed();
CREATE TRIGGER ibutsu_identity_made AFTER INSERT ON tokens
    FOR EACH ROW WHEN (new.name <> 'login-token') EXECUTE FUNCTION ibutsu_identity_changed();
