-- +goose Up
-- What failures and fields cost those who write results. Nothing that is stored changes.

-- ibutsu_failure as before, word for word, but each pattern is only tried on a text that has what it looks for, and lines are found
-- without one: the patterns were a tenth of what writing a batch took. NULL-safe as before: without a message nothing matches.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ibutsu_failure(result text, data jsonb, OUT exception text, OUT message text, OUT fingerprint uuid)
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
    -- A message comes first; of a trace no more than a person would scroll through.
    told text := replace(left(nullif(btrim(data ->> 'message'), ''), 4000), E'\r', '');
    trace text := replace(left(coalesce(nullif(data ->> 'short_tb', ''), nullif(data ->> 'traceback', ''), nullif(data ->> 'fail_reason', ''),
                                        data ->> 'reason', ''), 65536), E'\r', '');
    -- The first line that may be one of pytest's with an E.
    at integer := strpos(E'\n' || coalesce(told, trace), E'\nE');
    common text;
BEGIN
    exception := coalesce(btrim(left(data ->> 'exception_name', 200)), '');
    IF at > 0 THEN
        message := substring(substr(coalesce(told, trace), at) FROM '(?n)^E[ \t]+(\S.*)$');
    END IF;
    IF message IS NULL AND told IS NOT NULL THEN
        message := split_part(told, E'\n', 1);
    ELSIF message IS NULL AND strpos(trace, 'at ') > 0 AND trace ~ '\n[ \t]+at [A-Za-z]' THEN
        message := split_part(btrim(trace, E' \t\n'), E'\n', 1);
    ELSIF message IS NULL THEN
        message := split_part(btrim(trace, E' \t\n'), E'\n', -1);
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
    IF common LIKE '%-____-____-____-%' THEN
        common := regexp_replace(common, '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}', '<id>', 'g');
    END IF;
    IF strpos(common, '://') > 0 THEN
        common := regexp_replace(common, '[a-z][a-z0-9+.]*://[^[:space:]''"<>)]+', '<url>', 'g');
    END IF;
    IF common LIKE '%-__-__%' THEN
        common := regexp_replace(common, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?', '<time>', 'g');
    END IF;
    IF common LIKE '%.%.%.%' THEN
        common := regexp_replace(common, '([0-9]{1,3}\.){3}[0-9]{1,3}(:[0-9]+)?', '<address>', 'g');
    END IF;
    IF strpos(common, '0x') > 0 THEN
        common := regexp_replace(common, '0x[0-9a-fA-F]+', '<address>', 'g');
    END IF;
    IF strpos(common, '/') > 0 OR strpos(common, ':\') > 0 THEN
        common := regexp_replace(common, '(^|[[:space:]''"(=,:\[])(~?/|\.{1,2}/|[A-Za-z]:\\)[A-Za-z0-9_.@~+\\/-]*', '\1<path>', 'g');
    END IF;
    IF common <> translate(common, '0123456789', '') THEN
        common := regexp_replace(common, '\m(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}\M', '<id>', 'g');
        common := regexp_replace(common, '[0-9]+([.,][0-9]+)*', '<n>', 'g');
    END IF;
    IF strpos(common, '  ') > 0 OR common <> translate(common, E'\t\n\v\f\r', '') OR octet_length(common) > length(common) THEN
        common := regexp_replace(common, '[[:space:]]+', ' ', 'g');
    END IF;
    IF common = '' OR common LIKE 'assert %' AND common IN ('assert True', 'assert False', 'assert None') THEN
        -- A failure without a word of its own is told by where it is.
        common := common || E'\n' || left(coalesce(data ->> 'fspath', ''), 500);
    END IF;
    fingerprint := md5(exception || E'\n' || common)::uuid;
END
$$;
-- +goose StatementEnd

-- As before, but each value is taken out of the metadata once.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ibutsu_fields_inserted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO field_tally (project_id, field, bucket, value, n)
    SELECT project_id, field, bucket, value, count(*)
      FROM (SELECT r.project_id, f.field, date_trunc('hour', r.start_time) AS bucket, r.data #>> f.path AS value
              FROM new_rows r CROSS JOIN tallied_fields f OFFSET 0) v
     WHERE value IS NOT NULL
     GROUP BY 1, 2, 3, 4;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
