-- name: GetGroup :one
SELECT id, name, data FROM groups WHERE id = $1;

-- name: LockGroup :one
SELECT id, name, data FROM groups WHERE id = $1 FOR NO KEY UPDATE;

-- name: CountGroups :one
SELECT count(*) FROM groups;

-- name: ListGroups :many
SELECT id, name, data FROM groups ORDER BY name, id LIMIT sqlc.arg(most)::bigint OFFSET sqlc.arg(skip)::bigint;

-- name: InsertGroup :exec
INSERT INTO groups (id, name, data) VALUES ($1, $2, $3);

-- name: UpdateGroup :exec
UPDATE groups SET name = $2, data = $3 WHERE id = $1;
