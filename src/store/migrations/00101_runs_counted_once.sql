-- +goose Up
-- The six counters of a run stand in its columns and in its summary. Where results change them both are written by the statement that
-- does, so that the trigger need not read the columns back out of the summary, once for every run of every batch.

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ibutsu_recount_runs(ids uuid[]) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE runs r
       SET summary = ibutsu_summary(r.summary, d.tests, d.errors, d.failures, d.skips, d.xfailures, d.xpasses),
           tests = d.tests, errors = d.errors, failures = d.failures, skips = d.skips, xfailures = d.xfailures, xpasses = d.xpasses,
           duration = d.duration,
           counted = true
      FROM (SELECT i.id,
                   count(q.id) AS tests,
                   count(*) FILTER (WHERE q.result = 'error') AS errors,
                   count(*) FILTER (WHERE q.result = 'failed') AS failures,
                   count(*) FILTER (WHERE q.result = 'skipped') AS skips,
                   count(*) FILTER (WHERE q.result = 'xfailed') AS xfailures,
                   count(*) FILTER (WHERE q.result = 'xpassed') AS xpasses,
                   coalesce(sum(q.duration), 0) AS duration
              FROM unnest(ids) AS i(id)
              LEFT JOIN results q ON q.run_id = i.id
             GROUP BY i.id) d
     WHERE r.id = d.id
    $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ibutsu_results_inserted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    fresh uuid[];
BEGIN
    INSERT INTO result_tally (project_id, bucket, result, component, env, source, n)
    SELECT project_id, date_trunc('hour', start_time), result, component, env, source, count(*)
      FROM new_rows GROUP BY 1, 2, 3, 4, 5, 6;
    INSERT INTO project_versions (project_id, n) SELECT project_id, 1 FROM new_rows GROUP BY 1;

    -- In one order, so that two batches that share runs cannot wait for each other in a circle.
    SELECT array_agg(locked.id) FILTER (WHERE locked.counted IS NOT TRUE) INTO fresh
      FROM (SELECT id, counted FROM runs WHERE id IN (SELECT run_id FROM new_rows) ORDER BY id FOR NO KEY UPDATE) locked;
    UPDATE runs r
       SET summary = ibutsu_summary(r.summary, r.tests + d.tests, r.errors + d.errors, r.failures + d.failures, r.skips + d.skips, r.xfailures + d.xfailures, r.xpasses + d.xpasses),
           tests = r.tests + d.tests, errors = r.errors + d.errors, failures = r.failures + d.failures, skips = r.skips + d.skips, xfailures = r.xfailures + d.xfailures, xpasses = r.xpasses + d.xpasses,
           duration = coalesce(r.duration, 0) + d.duration
      FROM (SELECT run_id,
                   count(*) AS tests,
                   count(*) FILTER (WHERE result = 'error') AS errors,
                   count(*) FILTER (WHERE result = 'failed') AS failures,
                   count(*) FILTER (WHERE result = 'skipped') AS skips,
                   count(*) FILTER (WHERE result = 'xfailed') AS xfailures,
                   count(*) FILTER (WHERE result = 'xpassed') AS xpasses,
                   coalesce(sum(duration), 0) AS duration
              FROM new_rows WHERE run_id IS NOT NULL GROUP BY run_id) d
     WHERE r.id = d.run_id AND r.counted;
    IF fresh IS NOT NULL THEN
        PERFORM ibutsu_recount_runs(fresh);
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ibutsu_results_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO result_tally (project_id, bucket, result, component, env, source, n)
    SELECT project_id, date_trunc('hour', start_time), result, component, env, source, -count(*)
      FROM old_rows GROUP BY 1, 2, 3, 4, 5, 6;
    INSERT INTO project_versions (project_id, n) SELECT project_id, 1 FROM old_rows GROUP BY 1;

    PERFORM 1 FROM runs WHERE id IN (SELECT run_id FROM old_rows) ORDER BY id FOR NO KEY UPDATE;
    IF current_setting('ibutsu.keep_summaries', true) = 'on' THEN
        UPDATE runs SET counted = NULL WHERE id IN (SELECT run_id FROM old_rows) AND counted;
        RETURN NULL;
    END IF;
    UPDATE runs r
       SET summary = ibutsu_summary(r.summary, r.tests - d.tests, r.errors - d.errors, r.failures - d.failures, r.skips - d.skips, r.xfailures - d.xfailures, r.xpasses - d.xpasses),
           tests = r.tests - d.tests, errors = r.errors - d.errors, failures = r.failures - d.failures, skips = r.skips - d.skips, xfailures = r.xfailures - d.xfailures, xpasses = r.xpasses - d.xpasses,
           duration = CASE WHEN r.tests = d.tests THEN 0 ELSE coalesce(r.duration, 0) - d.duration END
      FROM (SELECT run_id,
                   count(*) AS tests,
                   count(*) FILTER (WHERE result = 'error') AS errors,
                   count(*) FILTER (WHERE result = 'failed') AS failures,
                   count(*) FILTER (WHERE result = 'skipped') AS skips,
                   count(*) FILTER (WHERE result = 'xfailed') AS xfailures,
                   count(*) FILTER (WHERE result = 'xpassed') AS xpasses,
                   coalesce(sum(duration), 0) AS duration
              FROM old_rows WHERE run_id IS NOT NULL GROUP BY run_id) d
     WHERE r.id = d.run_id AND r.counted;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- Who changes a run by a statement of their own knows nothing of the columns; the functions above, which triggers call, do.
DROP TRIGGER ibutsu_runs_columns ON runs;
CREATE TRIGGER ibutsu_runs_columns BEFORE INSERT OR UPDATE OF summary, data ON runs
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ibutsu_runs_columns();
