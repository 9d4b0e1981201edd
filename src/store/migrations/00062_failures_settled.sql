-- +goose Up
-- Whoever writes results only notes which failures to look at; what is known of them is made soon after by the scheduler, or by who
-- asks first (ibutsu_settle_failures, before each answer). Reading what a failure says costs more than writing it.

-- Results that came, changed or went as failures, since they were last looked at. Rows are only ever added, so a writer waits for
-- nobody. Nothing to rebuild: ibutsu_rebuild_failures() looks at all of them.
CREATE TABLE failures_changed (
    project_id uuid NOT NULL,
    result_id uuid NOT NULL
);
CREATE INDEX ix_failures_changed_project ON failures_changed (project_id);

-- Tests of results that were written, since project_tests was last filled; for each statement and project one row. To be rebuilt
-- like project_tests. Not compressed: rows live for a second.
CREATE TABLE tests_written (
    project_id uuid NOT NULL,
    tests text[] NOT NULL
);
ALTER TABLE tests_written ALTER COLUMN tests SET STORAGE EXTERNAL;
CREATE INDEX ix_tests_written_project ON tests_written (project_id);

-- Every test that a project has, to be searched by parts of its id: some thousand names instead of millions of results. One whose
-- results are all gone may be among them for a while. Rebuilt by ibutsu_rebuild_failures().
CREATE TABLE project_tests (
    project_id uuid NOT NULL,
    test_id text NOT NULL,
    PRIMARY KEY (project_id, test_id)
);

-- Failures whose words are not in failure_words yet: a search reads these themselves. Rebuilt by ibutsu_rebuild_failures().
CREATE TABLE failures_unread (
    project_id uuid NOT NULL,
    result_id uuid NOT NULL
);
CREATE INDEX ix_failures_unread_project ON failures_unread (project_id);

-- The words of what failures say. Not in result_failures, which counting reads and has to stay narrow. To make it anew:
-- TRUNCATE failure_words; SELECT ibutsu_rebuild_failures().
CREATE TABLE failure_words (
    result_id uuid PRIMARY KEY,
    project_id uuid NOT NULL,
    start_time timestamp without time zone NOT NULL,
    words tsvector NOT NULL
);
-- Found by what is rare, or else by going through the newest.
CREATE INDEX ix_failure_words_words ON failure_words USING gin (words) WITH (gin_pending_list_limit = 1024);
CREATE INDEX ix_failure_words_project_start ON failure_words (project_id, start_time DESC, result_id DESC);

-- Failures of no project: nobody can ask about them.
DELETE FROM result_failures WHERE project_id IS NULL;
ALTER TABLE result_failures ALTER COLUMN project_id SET NOT NULL;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ibutsu_failures_inserted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO failures_changed (project_id, result_id)
    SELECT project_id, id FROM new_rows WHERE result IN ('failed', 'error') AND project_id IS NOT NULL;
    INSERT INTO tests_written (project_id, tests)
    SELECT project_id, array_agg(test_id) FROM new_rows WHERE project_id IS NOT NULL AND test_id IS NOT NULL GROUP BY project_id;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- All that ibutsu_failure and ibutsu_failure_text read of a result's data.
CREATE FUNCTION ibutsu_failure_parts(data jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY[data ->> 'exception_name', data ->> 'message', data ->> 'short_tb', data ->> 'traceback', data ->> 'fail_reason',
                 data ->> 'reason', data ->> 'fspath'];

-- Who classifies three hundred failures, or writes a note, changes nothing of what is known of them.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ibutsu_failures_updated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH changed AS (
        SELECT o.project_id AS old_project, o.id AS old_id, o.result AS old_result, n.project_id, n.id, n.result
          FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
         WHERE (o.result IN ('failed', 'error') OR n.result IN ('failed', 'error'))
           AND ((n.id, n.project_id, n.run_id, n.test_id, n.start_time, n.result)
                IS DISTINCT FROM (o.id, o.project_id, o.run_id, o.test_id, o.start_time, o.result)
                OR ibutsu_failure_parts(n.data) IS DISTINCT FROM ibutsu_failure_parts(o.data)))
    INSERT INTO failures_changed (project_id, result_id)
    SELECT old_project, old_id FROM changed WHERE old_project IS NOT NULL AND old_result IN ('failed', 'error')
     UNION
    SELECT project_id, id FROM changed WHERE project_id IS NOT NULL AND result IN ('failed', 'error');
    INSERT INTO tests_written (project_id, tests)
    SELECT n.project_id, array_agg(DISTINCT n.test_id)
      FROM new_rows n
      LEFT JOIN old_rows o ON o.id = n.id AND o.project_id = n.project_id AND o.test_id = n.test_id
     WHERE o.id IS NULL AND n.project_id IS NOT NULL AND n.test_id IS NOT NULL
     GROUP BY n.project_id;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ibutsu_failures_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO failures_changed (project_id, result_id)
    SELECT project_id, id FROM old_rows WHERE result IN ('failed', 'error') AND project_id IS NOT NULL;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- Looks at so many changed failures of a project (null: of any) as they are now, and returns at how many; fewer mean that none is left.
-- One at a time: of two, the one that began earlier could end later, with what it read before the other.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_settle_failures(project uuid, most integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    ids uuid[];
    looked bigint;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM failures_changed WHERE project IS NULL)
       AND NOT EXISTS (SELECT 1 FROM failures_changed WHERE project_id = project) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ibutsu_settle_failures'));
    IF project IS NULL THEN
        WITH taken AS (DELETE FROM failures_changed
                        WHERE ctid = ANY (ARRAY(SELECT ctid FROM failures_changed LIMIT most)) RETURNING result_id)
        SELECT array_agg(DISTINCT result_id), count(*) INTO ids, looked FROM taken;
    ELSE
        WITH taken AS (DELETE FROM failures_changed
                        WHERE ctid = ANY (ARRAY(SELECT ctid FROM failures_changed WHERE project_id = project LIMIT most)) RETURNING result_id)
        SELECT array_agg(DISTINCT result_id), count(*) INTO ids, looked FROM taken;
    END IF;
    DELETE FROM failure_words WHERE result_id = ANY (ids);
    DELETE FROM result_failures f
     WHERE f.result_id = ANY (ids)
       AND NOT EXISTS (SELECT 1 FROM results r WHERE r.id = f.result_id AND r.result IN ('failed', 'error') AND r.project_id IS NOT NULL);
    WITH put AS (
        INSERT INTO result_failures AS f (result_id, project_id, run_id, test_id, start_time, fingerprint)
        SELECT id, project_id, run_id, test_id, start_time, (ibutsu_failure(result, data)).fingerprint
          FROM results WHERE id = ANY (ids) AND result IN ('failed', 'error') AND project_id IS NOT NULL
            ON CONFLICT (result_id) DO UPDATE
           SET project_id = excluded.project_id, run_id = excluded.run_id, test_id = excluded.test_id, start_time = excluded.start_time,
               fingerprint = excluded.fingerprint
        RETURNING f.project_id, f.result_id)
    INSERT INTO failures_unread (project_id, result_id) SELECT project_id, result_id FROM put;
    RETURN looked;
END
$$;
-- +goose StatementEnd

-- Lets searches find so many unread failures by their words, and all tests that were written by their names. Returns how many
-- failures; fewer mean that none is left. Under the same lock as settling, which takes words away.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_index_failures(most integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    ids uuid[];
    looked bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ibutsu_settle_failures'));
    WITH written AS (DELETE FROM tests_written RETURNING project_id, tests)
    INSERT INTO project_tests (project_id, test_id)
    SELECT DISTINCT project_id, unnest(tests) FROM written
        ON CONFLICT DO NOTHING;
    WITH taken AS (DELETE FROM failures_unread WHERE ctid = ANY (ARRAY(SELECT ctid FROM failures_unread LIMIT most)) RETURNING result_id)
    SELECT array_agg(DISTINCT result_id), count(*) INTO ids, looked FROM taken;
    INSERT INTO failure_words (result_id, project_id, start_time, words)
    SELECT f.result_id, f.project_id, f.start_time, ibutsu_words(ibutsu_failure_text(r.data))
      FROM result_failures f JOIN results r ON r.id = f.result_id
     WHERE f.result_id = ANY (ids)
        ON CONFLICT DO NOTHING;
    RETURN looked;
END
$$;
-- +goose StatementEnd

-- Puts right what differs from the results; writers wait while it runs. Returns how many rows did.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ibutsu_rebuild_failures() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    wrong bigint;
    missing bigint;
    tests bigint;
BEGIN
    LOCK TABLE results IN SHARE ROW EXCLUSIVE MODE;
    -- What waits is not wrong.
    WHILE ibutsu_settle_failures(NULL, 10000) > 0 LOOP
    END LOOP;
    PERFORM ibutsu_index_failures(0);
    CREATE TEMPORARY TABLE failures_anew ON COMMIT DROP AS
        SELECT id AS result_id, project_id, run_id, test_id, start_time, (ibutsu_failure(result, data)).fingerprint AS fingerprint
          FROM results WHERE result IN ('failed', 'error') AND project_id IS NOT NULL;
    DELETE FROM result_failures f
     WHERE NOT EXISTS (SELECT 1 FROM failures_anew a
                        WHERE a.result_id = f.result_id
                          AND (a.project_id, a.run_id, a.test_id, a.start_time, a.fingerprint)
                              IS NOT DISTINCT FROM (f.project_id, f.run_id, f.test_id, f.start_time, f.fingerprint));
    GET DIAGNOSTICS wrong = ROW_COUNT;
    DELETE FROM failure_words w WHERE NOT EXISTS (SELECT 1 FROM result_failures f WHERE f.result_id = w.result_id);
    INSERT INTO result_failures (result_id, project_id, run_id, test_id, start_time, fingerprint)
    SELECT result_id, project_id, run_id, test_id, start_time, fingerprint FROM failures_anew
        ON CONFLICT (result_id) DO NOTHING;
    GET DIAGNOSTICS missing = ROW_COUNT;
    DROP TABLE failures_anew;
    INSERT INTO failures_unread (project_id, result_id)
    SELECT project_id, result_id FROM result_failures f
     WHERE NOT EXISTS (SELECT 1 FROM failure_words w WHERE w.result_id = f.result_id)
       AND NOT EXISTS (SELECT 1 FROM failures_unread u WHERE u.result_id = f.result_id);
    -- A name too many is no fault: a search looks whether it has results.
    CREATE TEMPORARY TABLE tests_anew ON COMMIT DROP AS
        SELECT DISTINCT project_id, test_id FROM results WHERE project_id IS NOT NULL AND test_id IS NOT NULL;
    DELETE FROM project_tests t WHERE NOT EXISTS (SELECT 1 FROM tests_anew a WHERE (a.project_id, a.test_id) = (t.project_id, t.test_id));
    INSERT INTO project_tests (project_id, test_id) SELECT project_id, test_id FROM tests_anew ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS tests = ROW_COUNT;
    DROP TABLE tests_anew;
    RETURN greatest(wrong, missing) + tests;
END
$$;
-- +goose StatementEnd

-- What an adopted database already holds. Its words follow within minutes, by the scheduler.
INSERT INTO project_tests (project_id, test_id)
SELECT DISTINCT project_id, test_id FROM results WHERE project_id IS NOT NULL AND test_id IS NOT NULL;
INSERT INTO failures_unread (project_id, result_id) SELECT project_id, result_id FROM result_failures;
