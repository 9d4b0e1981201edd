-- +goose Up
-- What failures have in common, so that three hundred of them are read as the ten things that went wrong.

-- The exception and the message of a failure, and a fingerprint that is the same for all that differ only in numbers, ids,
-- addresses, times and paths. message is the line that says what went wrong: pytest's first line with an E, the first of a Java
-- trace, the last of any other.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_failure(result text, data jsonb, OUT exception text, OUT message text, OUT fingerprint uuid)
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
    -- A message comes first; of a trace no more than a person would scroll through.
    told text := replace(left(nullif(btrim(data ->> 'message'), ''), 4000), E'\r', '');
    trace text := replace(left(coalesce(nullif(data ->> 'short_tb', ''), nullif(data ->> 'traceback', ''), nullif(data ->> 'fail_reason', ''),
                                        data ->> 'reason', ''), 65536), E'\r', '');
    common text;
BEGIN
    exception := coalesce(btrim(left(data ->> 'exception_name', 200)), '');
    IF told IS NOT NULL THEN
        message := coalesce(substring(told FROM '(?n)^E[ \t]+(\S.*)$'), split_part(told, E'\n', 1));
    ELSE
        message := substring(trace FROM '(?n)^E[ \t]+(\S.*)$');
        IF message IS NULL AND trace ~ '\n[ \t]+at [A-Za-z]' THEN
            message := split_part(btrim(trace, E' \t\n'), E'\n', 1);
        ELSIF message IS NULL THEN
            message := substring(btrim(trace, E' \t\n') FROM '[^\n]*$');
        END IF;
    END IF;
    message := btrim(left(message, 500), E' \t');
    IF exception = '' THEN
        exception := coalesce(substring(message FROM '^(?:[A-Za-z_][A-Za-z0-9_]*\.)*([A-Za-z_][A-Za-z0-9_]*(?:Error|Exception|Failure|Timeout|Warning|Interrupt|Exit))(?::|$)'),
                              CASE WHEN message LIKE 'assert %' THEN 'AssertionError' WHEN result = 'error' THEN 'Error' ELSE 'Failure' END);
    END IF;
    -- "requests.exceptions.Timeout: it took" says its exception once more.
    IF split_part(message, ':', 1) = exception OR right(split_part(message, ':', 1), length(exception) + 1) = '.' || exception THEN
        message := btrim(substr(message, strpos(message || ':', ':') + 1), E' \t');
    END IF;
    common := message;
    common := regexp_replace(common, '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}', '<id>', 'g');
    common := regexp_replace(common, '[a-z][a-z0-9+.]*://[^[:space:]''"<>)]+', '<url>', 'g');
    common := regexp_replace(common, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?', '<time>', 'g');
    common := regexp_replace(common, '([0-9]{1,3}\.){3}[0-9]{1,3}(:[0-9]+)?', '<address>', 'g');
    common := regexp_replace(common, '0x[0-9a-fA-F]+', '<address>', 'g');
    common := regexp_replace(common, '(^|[[:space:]''"(=,:\[])(~?/|\.{1,2}/|[A-Za-z]:\\)[A-Za-z0-9_.@~+\\/-]*', '\1<path>', 'g');
    common := regexp_replace(common, '\m(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}\M', '<id>', 'g');
    common := regexp_replace(common, '[0-9]+([.,][0-9]+)*', '<n>', 'g');
    common := regexp_replace(common, '[[:space:]]+', ' ', 'g');
    IF common = '' OR common ~ '^assert (True|False|None)$' THEN
        -- A failure without a word of its own is told by where it is.
        common := common || E'\n' || left(coalesce(data ->> 'fspath', ''), 500);
    END IF;
    fingerprint := md5(exception || E'\n' || common)::uuid;
END
$$;
-- +goose StatementEnd

-- One narrow row for each result that failed, kept by triggers in the transaction of the results, whoever writes: grouping reads
-- these and takes no metadata apart. Rebuilt by ibutsu_rebuild_failures().
CREATE TABLE result_failures (
    result_id uuid PRIMARY KEY,
    project_id uuid,
    run_id uuid,
    test_id text,
    start_time timestamp without time zone NOT NULL,
    fingerprint uuid NOT NULL
);
CREATE INDEX ix_result_failures_project_start ON result_failures (project_id, start_time DESC) INCLUDE (fingerprint);
CREATE INDEX ix_result_failures_project_fingerprint_start ON result_failures (project_id, fingerprint, start_time DESC);
CREATE INDEX ix_result_failures_run ON result_failures (run_id);

-- +goose StatementBegin
CREATE FUNCTION ibutsu_failures_inserted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO result_failures (result_id, project_id, run_id, test_id, start_time, fingerprint)
    SELECT id, project_id, run_id, test_id, start_time, (ibutsu_failure(result, data)).fingerprint
      FROM new_rows WHERE result IN ('failed', 'error');
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ibutsu_failures_updated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM result_failures f USING old_rows o WHERE f.result_id = o.id AND o.result IN ('failed', 'error');
    INSERT INTO result_failures (result_id, project_id, run_id, test_id, start_time, fingerprint)
    SELECT id, project_id, run_id, test_id, start_time, (ibutsu_failure(result, data)).fingerprint
      FROM new_rows WHERE result IN ('failed', 'error');
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ibutsu_failures_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM result_failures f USING old_rows o WHERE f.result_id = o.id AND o.result IN ('failed', 'error');
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER ibutsu_failures_inserted AFTER INSERT ON results
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_failures_inserted();
CREATE TRIGGER ibutsu_failures_updated AFTER UPDATE ON results
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_failures_updated();
CREATE TRIGGER ibutsu_failures_deleted AFTER DELETE ON results
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ibutsu_failures_deleted();

-- Puts right what differs from the results; writers wait while it runs. Returns how many rows did.
-- +goose StatementBegin
CREATE FUNCTION ibutsu_rebuild_failures() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    wrong bigint;
    missing bigint;
BEGIN
    LOCK TABLE results IN SHARE ROW EXCLUSIVE MODE;
    CREATE TEMPORARY TABLE failures_anew ON COMMIT DROP AS
        SELECT id AS result_id, project_id, run_id, test_id, start_time, (ibutsu_failure(result, data)).fingerprint AS fingerprint
          FROM results WHERE result IN ('failed', 'error');
    DELETE FROM result_failures f
     WHERE NOT EXISTS (SELECT 1 FROM failures_anew a
                        WHERE a.result_id = f.result_id
                          AND (a.project_id, a.run_id, a.test_id, a.start_time, a.fingerprint)
                              IS NOT DISTINCT FROM (f.project_id, f.run_id, f.test_id, f.start_time, f.fingerprint));
    GET DIAGNOSTICS wrong = ROW_COUNT;
    INSERT INTO result_failures (result_id, project_id, run_id, test_id, start_time, fingerprint)
    SELECT result_id, project_id, run_id, test_id, start_time, fingerprint FROM failures_anew
        ON CONFLICT (result_id) DO NOTHING;
    GET DIAGNOSTICS missing = ROW_COUNT;
    DROP TABLE failures_anew;
    RETURN greatest(wrong, missing);
END
$$;
-- +goose StatementEnd

-- The job that proves the other rollups proves this one too.
CREATE OR REPLACE FUNCTION ibutsu_rebuild_rollups() RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT ibutsu_rebuild_tally() + ibutsu_rebuild_fields() + ibutsu_rebuild_failures() $$;

-- What an adopted database already holds.
SELECT ibutsu_rebuild_failures();
