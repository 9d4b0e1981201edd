-- +goose Up
-- What a failure says, to be searched: exception, message and traceback, of these no more than a person would scroll through.
CREATE FUNCTION ibutsu_failure_text(data jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN left(coalesce((data ->> 'exception_name') || E'\n', '') || coalesce((data ->> 'message') || E'\n', '')
        || coalesce((data ->> 'short_tb') || E'\n', '') || coalesce((data ->> 'traceback') || E'\n', '')
        || coalesce((data ->> 'fail_reason') || E'\n', '') || coalesce(data ->> 'reason', ''), 65536);

-- The words of a text in their places. Names of modules, paths and addresses fall into their parts: who looks for Timeout means
-- requests.exceptions.Timeout too, which the parser of text search alone would take for the name of a host.
CREATE FUNCTION ibutsu_words(said text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('simple'::regconfig, translate(said, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)));
