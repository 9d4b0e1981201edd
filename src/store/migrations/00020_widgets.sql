-- +goose Up
-- What dashboards read, so that no widget takes a metadata object apart, or counts a result, that it could have had counted.

-- A counter of a summary as a column has it: 0 where a client sent something else, or more than tests there are.
CREATE FUNCTION ibutsu_small_counter(summary jsonb, key text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN jsonb_typeof(summary -> key) = 'number'
        THEN CASE WHEN (summary ->> key)::numeric BETWEEN -2000000000 AND 2000000000 THEN trunc((summary ->> key)::numeric)::integer ELSE 0 END
        ELSE 0 END;

-- Six counters and the CI job of each run in plain columns, kept equal to summary and data by a trigger, whoever writes. Not
-- generated columns: for those PostgreSQL reads and plans the expressions anew with every statement, which costs each
-- batch of results more than all its rows. Rebuilt by: UPDATE runs SET summary = summary. Not indexed, so that a run's
-- many updates stay HOT.
ALTER TABLE runs
    ADD COLUMN tests integer,
    ADD COLUMN errors integer,
    ADD COLUMN failures integer,
    ADD COLUMN skips integer,
    ADD COLUMN xfailures integer,
    ADD COLUMN xpasses integer,
    ADD COLUMN job_name text,
    ADD COLUMN build_number text;

-- +goose StatementBegin
CREATE FUNCTION ibutsu_runs_columns() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    new.tests := ibutsu_small_counter(new.summary, 'tests');
    new.errors := ibutsu_small_counter(new.summary, 'errors');
    new.failures := ibutsu_small_counter(new.summary, 'failures');
    new.skips := ibutsu_small_counter(new.summary, 'skips');
    new.xfailures := ibutsu_small_counter(new.summary, 'xfailures');
    new.xpasses := ibutsu_small_counter(new.summary, 'xpasses');
    new.job_name := new.data -> 'jenkins' ->> 'job_name';
    new.build_number := new.data -> 'jenkins' ->> 'build_number';
    RETURN new;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER ibutsu_runs_columns BEFORE INSERT OR UPDATE OF summary, data ON runs
    FOR EACH ROW EXECUTE FUNCTION ibutsu_runs_columns();
UPDATE runs SET summary = summary;

-- result_tally by day and by one column at a time: a chart over 90 days reads some hundred rows, however many results and
-- runs there are. Signed deltas like result_tally's, which they are derived from. Rebuilt by ibutsu_rebuild_rollups().
CREATE TABLE result_tally_days (
    project_id uuid,
    field text NOT NULL CHECK (field IN ('result', 'component', 'env', 'source')),
    day timestamp without time zone NOT NULL,
    value text,
    n bigint NOT NULL
);
CREATE INDEX ix_result_tally_days_project_field_day ON result_tally_days (project_id, field, day);

-- +goose StatementBegin
CREATE FUNCTION ibutsu_tally_inserted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO result_tally_days (project_id, field, day, value, n)
    SELECT d.project_id, f.field, date_trunc('day', d.bucket), f.value, sum(d.n)
      FROM deltas d
     CROSS JOIN LATERAL (VALUES ('result', d.result), ('component', d.component), ('env', d.env), ('source', d.source)) f(field, value)
     GROUP BY 1, 2, 3, 4 HAVING sum(d.n) <> 0;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- Only for deltas that come from a change of results, which are inserted by the trigger there. Compacting and rebuilding
-- move the same sums about, and see to the days themselves.
CREATE TRIGGER ibutsu_tally_inserted AFTER INSERT ON result_tally
    REFERENCING NEW TABLE AS deltas FOR EACH STATEMENT
    WHEN (pg_trigger_depth() > 0) EXECUTE FUNCTION ibutsu_tally_inserted();

-- The fields of the metadata that are counted as they are written. A field is added by ibutsu_tally_field(); its sums are
-- whole from the moment it is ready.
CREATE TABLE tallied_fields (
    field text PRIMARY KEY, -- as in a filter, without its first segment: jenkins.job_name
    path text[] NOT NULL,
    ready boolean NOT NULL DEFAULT false
);

-- How many results have a value in such a field, by hour. Signed deltas. Rebuilt by ibutsu_rebuild_rollups().
CREATE TABLE field_tally (
    project_id uuid,
    field text NOT NULL,
    bucket timestamp without time zone NOT NULL,
    value text NOT NULL,
    n bigint NOT NULL
);
CREATE INDEX ix_field_tally_project_field_bucket ON field_tally (project_id, field, bucket);

-- +goose StatementBegin
CREATE FUNCTION ibutsu_fields_inserted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO field_tally (project_id, field, bucket, value, n)
    SELECT r.project_id, f.field, date_trunc('hour', r.start_time), r.data #>> f.path, count(*)
      FROM new_rows r CROSS JOIN tallied_fields f
     WHERE r.data #>> f.path IS NOT NULL
     GROUP BY 1, 2, 3, 4;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ibutsu_fields_updated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO field_tally (project_id, field, bucket, value, n)
    SELECT r.project_id, f.field, date_trunc('hour', r.start_time), r.data #>> f.path, sum(r.n)
      FROM (SELECT project_id, start_time, data, -1 AS n FROM old_rows
            UNION ALL SELECT project_id, start_time, data, 1 FROM new_rows) r
     CROSS JOIN tallied_fields f
     WHERE r.data #>> f.path IS NOT NULL
     GROUP BY 1, 2, 3, 4 HAVING sum(r.n) <> 0;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ibutsu_fields_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO field_tally (project_id, field, bucket, value, n)
    SELECT r.project_id, f.field, date_trunc('hour', r.start_time), r.data #>> f.path, -count(*)
      FROM old_rows r CROSS JOIN tallied_fields f
     WHERE r.data #>> f.path IS NOT NULL
     GROUP BY 1, 2, 3, 4;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER ibutsu_fields_inserted AFTER INSERT ON results
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_fields_inserted();
CREATE TRIGGER ibutsu_fields_updated AFTER UPDATE ON results
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_fields_updated();
CREATE TRIGGER ibutsu_fields_deleted AFTER DELETE ON results
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_fields_deleted();

-- Folds the deltas of the two tables above, one process at a time.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_compact_fields() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    before bigint;
    after bigint;
    kept bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('ibutsu_compact_fields')) THEN
        RETURN 0;
    END IF;
    WITH many AS MATERIALIZED (
             SELECT project_id, field, day FROM result_tally_days GROUP BY 1, 2, 3
             HAVING count(*) > count(DISTINCT value) + (count(*) > count(value))::int),
         gone AS (DELETE FROM result_tally_days t USING many m
                   WHERE t.field = m.field AND t.day = m.day AND t.project_id IS NOT DISTINCT FROM m.project_id RETURNING t.*),
         put AS (INSERT INTO result_tally_days (project_id, field, day, value, n)
                 SELECT project_id, field, day, value, sum(n) FROM gone GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM put) INTO before, after;
    kept := before - after;
    WITH many AS MATERIALIZED (
             SELECT project_id, field, bucket FROM field_tally GROUP BY 1, 2, 3 HAVING count(*) > count(DISTINCT value)),
         gone AS (DELETE FROM field_tally t USING many m
                   WHERE t.field = m.field AND t.bucket = m.bucket AND t.project_id IS NOT DISTINCT FROM m.project_id RETURNING t.*),
         put AS (INSERT INTO field_tally (project_id, field, bucket, value, n)
                 SELECT project_id, field, bucket, value, sum(n) FROM gone GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM put) INTO before, after;
    RETURN kept + before - after;
END
$$;
-- +goose StatementEnd

-- Makes both tables anew from the results; writers wait while it runs. Returns how many of their sums were wrong.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_rebuild_fields() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    wrong bigint;
    wrong_days bigint;
BEGIN
    LOCK TABLE results IN SHARE ROW EXCLUSIVE MODE;
    CREATE TEMPORARY TABLE recount_days ON COMMIT DROP AS
        SELECT r.project_id, f.field, date_trunc('day', r.start_time) AS day, f.value, count(*) AS n
          FROM results r
         CROSS JOIN LATERAL (VALUES ('result', r.result), ('component', r.component), ('env', r.env), ('source', r.source)) f(field, value)
         GROUP BY 1, 2, 3, 4;
    SELECT count(*) INTO wrong_days FROM (
        SELECT 1 FROM (SELECT project_id, field, day, value, n FROM recount_days
                       UNION ALL SELECT project_id, field, day, value, -n FROM result_tally_days) d
         GROUP BY project_id, field, day, value HAVING sum(n) <> 0) differences;
    IF wrong_days > 0 THEN
        DELETE FROM result_tally_days;
        INSERT INTO result_tally_days (project_id, field, day, value, n)
        SELECT project_id, field, day, value, n FROM recount_days ORDER BY project_id, field, day;
    END IF;
    DROP TABLE recount_days;
    CREATE TEMPORARY TABLE recount_fields ON COMMIT DROP AS
        SELECT r.project_id, f.field, date_trunc('hour', r.start_time) AS bucket, r.data #>> f.path AS value, count(*) AS n
          FROM results r CROSS JOIN tallied_fields f
         WHERE r.data #>> f.path IS NOT NULL
         GROUP BY 1, 2, 3, 4;
    SELECT count(*) INTO wrong FROM (
        SELECT 1 FROM (SELECT project_id, field, bucket, value, n FROM recount_fields
                       UNION ALL SELECT t.project_id, t.field, t.bucket, t.value, -t.n FROM field_tally t) d
         GROUP BY project_id, field, bucket, value HAVING sum(n) <> 0) differences;
    IF wrong > 0 THEN
        DELETE FROM field_tally;
        INSERT INTO field_tally (project_id, field, bucket, value, n)
        SELECT project_id, field, bucket, value, n FROM recount_fields ORDER BY project_id, field, bucket;
    END IF;
    DROP TABLE recount_fields;
    IF wrong + wrong_days > 0 THEN
        INSERT INTO project_versions (project_id, n) SELECT id, 1 FROM projects UNION ALL SELECT NULL, 1;
    END IF;
    UPDATE tallied_fields SET ready = true WHERE NOT ready;
    RETURN wrong + wrong_days;
END
$$;
-- +goose StatementEnd

-- One name for all rollups, for the jobs that compact and prove them.
ALTER FUNCTION ibutsu_compact_rollups() RENAME TO ibutsu_compact_tally;
ALTER FUNCTION ibutsu_rebuild_rollups() RENAME TO ibutsu_rebuild_tally;
CREATE OR REPLACE FUNCTION ibutsu_compact_rollups() RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT ibutsu_compact_tally() + ibutsu_compact_fields() $$;
CREATE OR REPLACE FUNCTION ibutsu_rebuild_rollups() RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT ibutsu_rebuild_tally() + ibutsu_rebuild_fields() $$;

-- What dashboards most often group by. What an adopted database already holds is counted at once.
INSERT INTO tallied_fields (field, path) VALUES
    ('exception_name', '{exception_name}'), ('classification', '{classification}'), ('jenkins.job_name', '{jenkins,job_name}');
SELECT ibutsu_rebuild_fields();
