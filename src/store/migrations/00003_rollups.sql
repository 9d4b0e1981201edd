-- +goose Up
-- Rollups that are exact whoever writes: the API's batches, COPY of an import, psql, retention, the original server.
-- Statement triggers with transition tables keep them in the transaction of the rows themselves. They only ever append
-- signed deltas, which a job folds together (compact_rollups), so two writers of one project never wait for each other.

-- How many results a project has, by hour and by the columns that dashboards group by. The sum of n is the count.
-- Rebuilt from results by ibutsu_rebuild_rollups().
CREATE TABLE result_tally (
    project_id uuid,
    bucket timestamp without time zone NOT NULL,
    result text,
    component text,
    env text,
    source text,
    n bigint NOT NULL
);
CREATE INDEX ix_result_tally_project_bucket ON result_tally (project_id, bucket);

-- The sum of n is the project's version: it grows with every commit that changes the project's runs or results, so an
-- answer kept under a version is never stale. Commits become visible in one order, so equal sums mean equal rows.
-- Nothing to rebuild: any number serves that was not used before.
CREATE TABLE project_versions (
    project_id uuid,
    n bigint NOT NULL
);
CREATE INDEX ix_project_versions_project ON project_versions (project_id);

-- True where summary and duration were counted from the results, so that the next batch may add to them;
-- null where they are still the client's own words. Rebuilt by setting it to null: the next result recounts the run.
ALTER TABLE runs ADD COLUMN counted boolean;
-- Room in the page for the summary's many updates: they stay HOT, since no index holds summary or duration.
ALTER TABLE runs SET (fillfactor = 80);

-- A counter of a summary, 0 where a client sent something else. Within bounds: one that is too large for its type would
-- make every later result of the run fail.
CREATE FUNCTION ibutsu_counter(summary jsonb, key text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN jsonb_typeof(summary -> key) = 'number'
        THEN greatest(-1000000000000000, least(1000000000000000, trunc((summary ->> key)::numeric)))::bigint ELSE 0 END;

-- The summary of a run from its counts; `collected` is carried over from what the client said.
-- In plpgsql, which keeps its plans: an SQL function of so many arguments is not inlined, and would be set up at each call.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_summary(old jsonb, tests bigint, errors bigint, failures bigint, skips bigint, xfailures bigint, xpasses bigint)
    RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
    passes bigint := tests - errors - failures - skips - xfailures - xpasses;
    collected bigint := ibutsu_counter(old, 'collected');
BEGIN
    RETURN jsonb_build_object(
        'tests', tests, 'errors', errors, 'failures', failures, 'skips', skips, 'xfailures', xfailures, 'xpasses', xpasses,
        'passes', passes,
        'pass_percent', CASE WHEN tests > 0 THEN least(100, greatest(0, passes * 100 / tests)) ELSE 0 END,
        'collected', collected,
        'not_run', greatest(0, collected - tests));
END
$$;
-- +goose StatementEnd

-- Counts the runs anew from their rows. The caller holds the runs' row locks, or does not mind a concurrent writer.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_recount_runs(ids uuid[]) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE runs r
       SET summary = ibutsu_summary(r.summary, d.tests, d.errors, d.failures, d.skips, d.xfailures, d.xpasses),
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
CREATE FUNCTION ibutsu_results_inserted() RETURNS trigger
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
       SET summary = ibutsu_summary(r.summary,
               ibutsu_counter(r.summary, 'tests') + d.tests, ibutsu_counter(r.summary, 'errors') + d.errors,
               ibutsu_counter(r.summary, 'failures') + d.failures, ibutsu_counter(r.summary, 'skips') + d.skips,
               ibutsu_counter(r.summary, 'xfailures') + d.xfailures, ibutsu_counter(r.summary, 'xpasses') + d.xpasses),
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
CREATE FUNCTION ibutsu_results_updated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    touched uuid[];
BEGIN
    INSERT INTO result_tally (project_id, bucket, result, component, env, source, n)
    SELECT project_id, bucket, result, component, env, source, sum(n)
      FROM (SELECT project_id, date_trunc('hour', start_time) AS bucket, result, component, env, source, -1 AS n FROM old_rows
            UNION ALL
            SELECT project_id, date_trunc('hour', start_time), result, component, env, source, 1 FROM new_rows) d
     GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0;
    INSERT INTO project_versions (project_id, n)
    SELECT project_id, 1 FROM (SELECT project_id FROM old_rows UNION SELECT project_id FROM new_rows) p;

    SELECT array_agg(locked.id) INTO touched
      FROM (SELECT id FROM runs
             WHERE id IN (SELECT unnest(ARRAY[o.run_id, w.run_id]) FROM old_rows o JOIN new_rows w USING (id)
                           WHERE (o.run_id, o.result, o.duration) IS DISTINCT FROM (w.run_id, w.result, w.duration))
             ORDER BY id FOR NO KEY UPDATE) locked;
    IF touched IS NOT NULL THEN
        PERFORM ibutsu_recount_runs(touched);
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ibutsu_results_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO result_tally (project_id, bucket, result, component, env, source, n)
    SELECT project_id, date_trunc('hour', start_time), result, component, env, source, -count(*)
      FROM old_rows GROUP BY 1, 2, 3, 4, 5, 6;
    INSERT INTO project_versions (project_id, n) SELECT project_id, 1 FROM old_rows GROUP BY 1;

    PERFORM 1 FROM runs WHERE id IN (SELECT run_id FROM old_rows) ORDER BY id FOR NO KEY UPDATE;
    UPDATE runs r
       SET summary = ibutsu_summary(r.summary,
               ibutsu_counter(r.summary, 'tests') - d.tests, ibutsu_counter(r.summary, 'errors') - d.errors,
               ibutsu_counter(r.summary, 'failures') - d.failures, ibutsu_counter(r.summary, 'skips') - d.skips,
               ibutsu_counter(r.summary, 'xfailures') - d.xfailures, ibutsu_counter(r.summary, 'xpasses') - d.xpasses),
           duration = CASE WHEN ibutsu_counter(r.summary, 'tests') = d.tests THEN 0 ELSE coalesce(r.duration, 0) - d.duration END
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

CREATE TRIGGER ibutsu_results_inserted AFTER INSERT ON results
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_results_inserted();
CREATE TRIGGER ibutsu_results_updated AFTER UPDATE ON results
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_results_updated();
CREATE TRIGGER ibutsu_results_deleted AFTER DELETE ON results
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_results_deleted();

-- +goose StatementBegin
CREATE FUNCTION ibutsu_runs_inserted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO project_versions (project_id, n) SELECT project_id, 1 FROM new_rows GROUP BY 1;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ibutsu_runs_updated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO project_versions (project_id, n)
    SELECT project_id, 1 FROM (SELECT project_id FROM old_rows UNION SELECT project_id FROM new_rows) p;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ibutsu_runs_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO project_versions (project_id, n) SELECT project_id, 1 FROM old_rows GROUP BY 1;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER ibutsu_runs_inserted AFTER INSERT ON runs
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_runs_inserted();
-- Not when the results' own trigger changes a summary: that one has moved the version already.
CREATE TRIGGER ibutsu_runs_updated AFTER UPDATE ON runs
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ibutsu_runs_updated();
CREATE TRIGGER ibutsu_runs_deleted AFTER DELETE ON runs
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_runs_deleted();

-- Folds the deltas of both rollups. Readers see the same sums before and after.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_compact_rollups() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    before bigint;
    after bigint;
    kept bigint;
BEGIN
    -- One at a time: two would delete the same rows and the second would wait for nothing.
    IF NOT pg_try_advisory_xact_lock(hashtext('ibutsu_compact_rollups')) THEN
        RETURN 0;
    END IF;
    -- Only hours that hold more than one row of a kind: what is folded already stays untouched, and its page clean.
    WITH many AS MATERIALIZED (
             SELECT project_id, bucket FROM result_tally GROUP BY 1, 2
             HAVING count(*) > count(DISTINCT (result, component, env, source))),
         gone AS (DELETE FROM result_tally t USING many m
                   WHERE t.bucket = m.bucket AND t.project_id IS NOT DISTINCT FROM m.project_id RETURNING t.*),
         put AS (INSERT INTO result_tally (project_id, bucket, result, component, env, source, n)
                 SELECT project_id, bucket, result, component, env, source, sum(n) FROM gone
                  GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0 RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM put) INTO before, after;
    kept := before - after;
    WITH many AS MATERIALIZED (SELECT project_id FROM project_versions GROUP BY 1 HAVING count(*) > 1),
         gone AS (DELETE FROM project_versions v USING many m WHERE v.project_id IS NOT DISTINCT FROM m.project_id RETURNING v.*),
         put AS (INSERT INTO project_versions (project_id, n) SELECT project_id, sum(n) FROM gone GROUP BY 1 RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM put) INTO before, after;
    RETURN kept + before - after;
END
$$;
-- +goose StatementEnd

-- Makes result_tally anew from the results; writers wait while it runs. Returns how many of its sums were wrong.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_rebuild_rollups() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    wrong bigint;
BEGIN
    LOCK TABLE results IN SHARE ROW EXCLUSIVE MODE;
    CREATE TEMPORARY TABLE recount ON COMMIT DROP AS
        SELECT project_id, date_trunc('hour', start_time) AS bucket, result, component, env, source, count(*) AS n
          FROM results GROUP BY 1, 2, 3, 4, 5, 6;
    SELECT count(*) INTO wrong FROM (
        SELECT project_id, bucket, result, component, env, source, sum(n)
          FROM (SELECT project_id, bucket, result, component, env, source, n FROM recount
                UNION ALL SELECT project_id, bucket, result, component, env, source, -n FROM result_tally) d
         GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0) differences;
    IF wrong > 0 THEN
        DELETE FROM result_tally;
        INSERT INTO result_tally (project_id, bucket, result, component, env, source, n)
        SELECT project_id, bucket, result, component, env, source, n FROM recount ORDER BY project_id, bucket;
        INSERT INTO project_versions (project_id, n) SELECT id, 1 FROM projects UNION ALL SELECT NULL, 1;
    END IF;
    DROP TABLE recount;
    RETURN wrong;
END
$$;
-- +goose StatementEnd

-- What an adopted database already holds.
SELECT ibutsu_rebuild_rollups();
