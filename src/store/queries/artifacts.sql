-- name: ArtifactContent :one
SELECT coalesce(content, ''::bytea)::bytea AS content FROM artifacts WHERE id = $1;

-- name: ArtifactSlice :one
SELECT coalesce(substring(content FROM sqlc.arg(first)::int FOR sqlc.arg(length)::int), ''::bytea)::bytea AS part
  FROM artifacts WHERE id = sqlc.arg(id);

-- name: DeleteArtifact :execrows
DELETE FROM artifacts WHERE id = $1;
