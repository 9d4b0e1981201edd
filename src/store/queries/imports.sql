-- name: GetImport :one
SELECT id, filename, format, data, status, created FROM imports WHERE id = $1;

-- name: InsertImport :one
INSERT INTO imports (id, filename, format, data, status, created) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id, filename, format, data, status, created;

-- name: SetImportState :execrows
-- What an earlier state said of its progress or its fault no longer holds.
UPDATE imports SET status = $2, data = (coalesce(CASE WHEN jsonb_typeof(data) = 'object' THEN data END, '{}') - 'progress' - 'error') || $3
 WHERE id = $1;

-- name: InsertImportChunk :exec
INSERT INTO import_chunks (import_id, seq, content) VALUES ($1, $2, $3);

-- name: GetImportChunk :one
SELECT content FROM import_chunks WHERE import_id = $1 AND seq = $2;

-- name: ImportSize :one
SELECT coalesce((SELECT sum(length(c.content)) FROM import_chunks c WHERE c.import_id = $1),
                (SELECT max(length(f.content)) FROM import_files f WHERE f.import_id = $1))::bigint AS size;

-- name: GetImportFile :one
SELECT content FROM import_files WHERE import_id = $1 AND content IS NOT NULL LIMIT 1;

-- name: ClearImportChunks :execrows
DELETE FROM import_chunks WHERE import_id = $1;

-- name: ClearImportFile :execrows
UPDATE import_files SET content = NULL WHERE import_id = $1 AND content IS NOT NULL;
