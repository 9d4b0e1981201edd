-- +goose Up
-- What widgets counted of single days by a field that no tally has. Days that are over hardly ever change, so that a dashboard
-- that asks again counts only those that did.

-- Which transaction wrote a delta: a day is as it was for a snapshot when that snapshot saw all its deltas. Compacting writes
-- deltas anew, and with them this, so that no change is lost with the deltas of it that cancel each other out.
ALTER TABLE result_tally_days ADD COLUMN change xid8 NOT NULL DEFAULT pg_current_xact_id();

-- Every insertion and deletion leaves deltas by result in the days of its rows. A change of metadata leaves none: it is noted
-- with one of zero.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_days_touched() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO result_tally_days (project_id, field, day, value, n)
    SELECT project_id, 'result', day, NULL, 0
      FROM (SELECT project_id, date_trunc('day', start_time) AS day FROM old_rows
            UNION SELECT project_id, date_trunc('day', start_time) FROM new_rows) touched;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER ibutsu_days_touched AFTER UPDATE ON results
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_days_touched();

-- How many results of a project's day have each value. Nothing to rebuild: a row that is missing is counted from the results
-- when somebody asks.
CREATE TABLE counted_days (
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    question bytea NOT NULL, -- a digest of the field and the filters
    day timestamp without time zone NOT NULL,
    counts jsonb NOT NULL, -- {"value": n}
    as_of pg_snapshot NOT NULL, -- what was counted is what this snapshot saw
    -- Numbers of transactions mean nothing in another cluster, into which a dump may bring these rows.
    cluster bigint NOT NULL DEFAULT (pg_control_system()).system_identifier,
    counted timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    PRIMARY KEY (project_id, question, day)
);
