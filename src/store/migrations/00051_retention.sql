-- +goose Up
-- Runs that no retention rule deletes, nor their results and artifacts. People's own choice: cannot be rebuilt.
CREATE TABLE pinned_runs (
    run_id uuid PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    user_id uuid, -- who pinned it; no reference, so that a user can be deleted
    reason text,
    created timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- How long a project keeps what is its own, in days; 0 for ever, null as the settings say. Administrators' own choice: cannot
-- be rebuilt.
CREATE TABLE retention_policies (
    project_id uuid PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    artifacts integer CHECK (artifacts >= 0),
    results integer CHECK (results >= 0),
    runs integer CHECK (runs >= 0)
);

-- Retention deletes results earlier than their runs, whose summaries are then all that is left of them. Where it says so
-- (ibutsu.keep_summaries), a summary stays what it was, and is the run's own from then on, as a client's is.
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
