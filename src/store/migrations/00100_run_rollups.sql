-- +goose Up
-- What the runs of a project came to, by day and by build, so that a widget reads as much where there are a million runs as where
-- there are a few hundred. They hold minima and maxima too, so signed deltas would not do: whoever changes a run notes in its
-- transaction which of them it touched, readers take those from the runs themselves, and a job counts them anew.

-- Days and builds that are not as the rollups have them. Commits become visible whole, so what is not noted here is counted.
-- Nothing to rebuild: a note too many costs time alone.
CREATE TABLE runs_changed (
    project_id uuid NOT NULL,
    day timestamp without time zone, -- null for a note of a build alone
    job_name text, -- null, as the next, for a run that belongs to no build
    build_number text
);
CREATE INDEX ix_runs_changed_project ON runs_changed (project_id);

-- The sums of the counters of a project's runs that started on a day and have a value in a field; all of the day in the field 'all',
-- whose value is ''. oldest is when the first of them started. Rebuilt by ibutsu_rebuild_rollups().
CREATE TABLE run_days (
    project_id uuid NOT NULL,
    day timestamp without time zone NOT NULL,
    field text NOT NULL CHECK (field IN ('all', 'component', 'env', 'source', 'job_name')),
    value text NOT NULL,
    oldest timestamp without time zone NOT NULL,
    tests bigint NOT NULL,
    errors bigint NOT NULL,
    failures bigint NOT NULL,
    skips bigint NOT NULL,
    xfailures bigint NOT NULL,
    xpasses bigint NOT NULL
);
CREATE INDEX ix_run_days_project_field_day ON run_days (project_id, field, day);

-- The builds of CI jobs: all runs of a project that name the same job and number. first and last are when the first and the last of
-- them started, longest is their longest duration and execution the sum of all, in seconds, null where none has one. Of
-- several environments, sources and addresses it has the first in the order of bytes. Rebuilt by ibutsu_rebuild_rollups().
CREATE TABLE jenkins_builds (
    project_id uuid NOT NULL,
    job_name text NOT NULL,
    build_number text NOT NULL,
    first timestamp without time zone NOT NULL,
    last timestamp without time zone NOT NULL,
    longest double precision,
    execution double precision,
    env text,
    source text,
    url text,
    tests bigint NOT NULL,
    errors bigint NOT NULL,
    failures bigint NOT NULL,
    skips bigint NOT NULL,
    xfailures bigint NOT NULL,
    xpasses bigint NOT NULL
);
CREATE INDEX ix_jenkins_builds_project_last ON jenkins_builds (project_id, last DESC, job_name, build_number);
CREATE INDEX ix_jenkins_builds_project_job ON jenkins_builds (project_id, job_name, build_number);

-- What run_days should have of a day. Plain SQL, so that it becomes part of the statement that asks.
CREATE FUNCTION ibutsu_count_run_day(project uuid, day timestamp) RETURNS TABLE (field text, value text, oldest timestamp,
        tests bigint, errors bigint, failures bigint, skips bigint, xfailures bigint, xpasses bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT f.field, f.value, min(r.start_time),
           sum(r.tests), sum(r.errors), sum(r.failures), sum(r.skips), sum(r.xfailures), sum(r.xpasses)
      FROM runs r
     CROSS JOIN LATERAL (VALUES ('all', ''), ('component', r.component), ('env', r.env), ('source', r.source), ('job_name', r.job_name)) f (field, value)
     WHERE r.project_id = project AND r.start_time >= ibutsu_count_run_day.day AND r.start_time < ibutsu_count_run_day.day + interval '1 day'
       AND f.value IS NOT NULL
     GROUP BY 1, 2
    $$;

-- What jenkins_builds should have of a build; no row where no run is left. The conditions are spelled as the index of runs has them.
CREATE FUNCTION ibutsu_count_build(project uuid, job text, build text) RETURNS TABLE (first timestamp, last timestamp,
        longest double precision, execution double precision, env text, source text, url text,
        tests bigint, errors bigint, failures bigint, skips bigint, xfailures bigint, xpasses bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT min(start_time), max(start_time), max(duration), sum(duration ORDER BY id),
           min(env COLLATE "C"), min(source COLLATE "C"), min((data -> 'jenkins' ->> 'build_url') COLLATE "C"),
           sum(tests), sum(errors), sum(failures), sum(skips), sum(xfailures), sum(xpasses)
      FROM runs
     WHERE project_id = project AND (data -> 'jenkins' ->> 'job_name') = job AND (data -> 'jenkins' ->> 'build_number') = build
    HAVING count(*) > 0
    $$;

-- +goose StatementBegin
CREATE FUNCTION ibutsu_runs_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO runs_changed (project_id, day, job_name, build_number)
        SELECT DISTINCT project_id, date_trunc('day', start_time), job_name, build_number FROM new_rows WHERE project_id IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO runs_changed (project_id, day, job_name, build_number)
        SELECT DISTINCT project_id, date_trunc('day', start_time), job_name, build_number FROM old_rows WHERE project_id IS NOT NULL;
    ELSE
        INSERT INTO runs_changed (project_id, day, job_name, build_number)
        SELECT project_id, date_trunc('day', start_time), job_name, build_number FROM new_rows WHERE project_id IS NOT NULL
        UNION
        SELECT project_id, date_trunc('day', start_time), job_name, build_number FROM old_rows WHERE project_id IS NOT NULL;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER ibutsu_runs_changed_inserted AFTER INSERT ON runs
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_runs_changed();
CREATE TRIGGER ibutsu_runs_changed_updated AFTER UPDATE ON runs
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_runs_changed();
CREATE TRIGGER ibutsu_runs_changed_deleted AFTER DELETE ON runs
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_runs_changed();

-- Counts anew what is noted, and takes the notes away: one statement, so that all of it sees the same runs. What is written
-- meanwhile brings a note that this one does not see. Returns how many notes there were.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_fold_runs() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    folded bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('ibutsu_fold_runs')) THEN
        RETURN 0;
    END IF;
    WITH gone AS (DELETE FROM runs_changed RETURNING *),
         days AS MATERIALIZED (SELECT DISTINCT project_id, day FROM gone WHERE day IS NOT NULL),
         builds AS MATERIALIZED (
             SELECT DISTINCT project_id, job_name, build_number FROM gone WHERE job_name IS NOT NULL AND build_number IS NOT NULL),
         old_days AS (DELETE FROM run_days r USING days d WHERE r.project_id = d.project_id AND r.day = d.day),
         new_days AS (
             INSERT INTO run_days (project_id, day, field, value, oldest, tests, errors, failures, skips, xfailures, xpasses)
             SELECT d.project_id, d.day, c.* FROM days d CROSS JOIN LATERAL ibutsu_count_run_day(d.project_id, d.day) c ORDER BY d.project_id, c.field, d.day),
         old_builds AS (
             DELETE FROM jenkins_builds j USING builds b
              WHERE j.project_id = b.project_id AND j.job_name = b.job_name AND j.build_number = b.build_number),
         new_builds AS (
             INSERT INTO jenkins_builds (project_id, job_name, build_number, first, last, longest, execution, env, source, url,
                    tests, errors, failures, skips, xfailures, xpasses)
             SELECT b.project_id, b.job_name, b.build_number, c.*
               FROM builds b CROSS JOIN LATERAL ibutsu_count_build(b.project_id, b.job_name, b.build_number) c
              ORDER BY b.project_id, b.job_name, c.last)
    SELECT count(*) INTO folded FROM gone;
    RETURN folded;
END
$$;
-- +goose StatementEnd

-- Finds what is neither noted nor as the runs have it, and counts that anew. Nobody waits meanwhile. Returns how many days
-- and builds were wrong.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_rebuild_runs() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    wrong_days bigint;
    wrong_builds bigint;
BEGIN
    WITH counted AS MATERIALIZED (
             SELECT d.project_id, d.day, c.*
               FROM (SELECT DISTINCT project_id, date_trunc('day', start_time) AS day FROM runs WHERE project_id IS NOT NULL) d
              CROSS JOIN LATERAL ibutsu_count_run_day(d.project_id, d.day) c),
         wrong AS (
             SELECT project_id, day FROM (TABLE counted EXCEPT ALL TABLE run_days) missing
             UNION SELECT project_id, day FROM (TABLE run_days EXCEPT ALL TABLE counted) surplus
             EXCEPT SELECT project_id, day FROM runs_changed),
         moved AS (INSERT INTO project_versions (project_id, n) SELECT DISTINCT project_id, 1 FROM wrong)
    INSERT INTO runs_changed (project_id, day) SELECT project_id, day FROM wrong;
    GET DIAGNOSTICS wrong_days = ROW_COUNT;
    WITH counted AS MATERIALIZED (
             SELECT b.project_id, b.job_name, b.build_number, c.*
               FROM (SELECT DISTINCT project_id, job_name, build_number FROM runs
                      WHERE project_id IS NOT NULL AND job_name IS NOT NULL AND build_number IS NOT NULL) b
              CROSS JOIN LATERAL ibutsu_count_build(b.project_id, b.job_name, b.build_number) c),
         wrong AS (
             SELECT project_id, job_name, build_number FROM (TABLE counted EXCEPT ALL TABLE jenkins_builds) missing
             UNION SELECT project_id, job_name, build_number FROM (TABLE jenkins_builds EXCEPT ALL TABLE counted) surplus
             EXCEPT SELECT project_id, job_name, build_number FROM runs_changed),
         moved AS (INSERT INTO project_versions (project_id, n) SELECT DISTINCT project_id, 1 FROM wrong)
    INSERT INTO runs_changed (project_id, job_name, build_number) SELECT project_id, job_name, build_number FROM wrong;
    GET DIAGNOSTICS wrong_builds = ROW_COUNT;
    PERFORM ibutsu_fold_runs();
    RETURN wrong_days + wrong_builds;
END
$$;
-- +goose StatementEnd

CREATE OR REPLACE FUNCTION ibutsu_compact_rollups() RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT ibutsu_compact_tally() + ibutsu_compact_fields() + ibutsu_fold_runs() $$;
CREATE OR REPLACE FUNCTION ibutsu_rebuild_rollups() RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT ibutsu_rebuild_tally() + ibutsu_rebuild_fields() + ibutsu_rebuild_failures() + ibutsu_rebuild_runs() $$;

-- What an adopted database already holds. The names of its jobs are in columns since 00020.
INSERT INTO runs_changed (project_id, day, job_name, build_number)
SELECT DISTINCT project_id, date_trunc('day', start_time), job_name, build_number FROM runs WHERE project_id IS NOT NULL;
SELECT ibutsu_fold_runs();
