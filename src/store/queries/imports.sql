-- name: GetImport :one
SELECT id, filename, format, data, status, created FROM imports WHERE id = $1;

-- name: InsertImport :exec
INSERT INTO imports (id, filename, format, data, status, created) VALUES ($1, $2, $3, $4, $5, $6);

-- name: DescribeImport :exec
UPDATE imports SET data = $2, uploader = $3, size = $4 WHERE id = $1;

-- name: SetImportState :execrows
-- What an earlier state said of its progress or its fault no longer holds.
UPDATE imports
   SET status = $2, data = (coalesce(CASE WHEN jsonb_typeof(data) = 'object' THEN data END, '{}') - 'progress' - 'error') || $3,
       started = CASE $2 WHEN 'running' THEN clock_timestamp() AT TIME ZONE 'UTC' WHEN 'pending' THEN NULL ELSE started END,
       finished = CASE WHEN $2 IN ('done', 'error') THEN clock_timestamp() AT TIME ZONE 'UTC' END
 WHERE id = $1;

-- name: SetImportProgress :exec
UPDATE imports SET data = data || jsonb_build_object('progress', jsonb_build_object('done', sqlc.arg(done)::bigint, 'total', sqlc.arg(total)::bigint))
 WHERE id = $1 AND status = 'running';

-- name: CancelImport :execrows
UPDATE imports SET cancelled_by = $2 WHERE id = $1 AND status IN ('pending', 'running');

-- name: ImportCancelledBy :one
SELECT coalesce(cancelled_by, 'an administrator') AS name FROM imports WHERE id = $1;

-- name: ReopenImport :one
UPDATE imports SET status = 'pending', data = data - 'progress' - 'error', started = NULL, finished = NULL, cancelled_by = NULL
 WHERE id = $1 AND status = 'error' RETURNING uploader;

-- name: InsertImportChunk :exec
INSERT INTO import_chunks (import_id, seq, content) VALUES ($1, $2, $3);

-- name: GetImportChunk :one
SELECT content FROM import_chunks WHERE import_id = $1 AND seq = $2;

-- name: ImportSize :one
-- -1: neither pieces nor an adopted file.
SELECT coalesce((SELECT sum(length(c.content)) FROM import_chunks c WHERE c.import_id = $1),
                (SELECT max(length(f.content)) FROM import_files f WHERE f.import_id = $1), -1)::bigint AS size;

-- name: GetImportFile :one
SELECT content FROM import_files WHERE import_id = $1 AND content IS NOT NULL LIMIT 1;

-- name: ClearImportChunks :execrows
DELETE FROM import_chunks WHERE import_id = $1;

-- name: ClearImportFile :execrows
UPDATE import_files SET content = NULL WHERE import_id = $1 AND content IS NOT NULL;
