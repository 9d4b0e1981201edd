-- name: InsertTask :exec
INSERT INTO tasks (id, user_id, state, request) VALUES ($1, $2, 'PENDING', $3);

-- name: GetTask :one
SELECT id, user_id, state, request, answer, error, created FROM tasks WHERE id = $1;

-- name: StartTask :execrows
UPDATE tasks SET state = 'STARTED' WHERE id = $1 AND state IN ('PENDING', 'RETRY', 'STARTED');

-- name: FinishTask :execrows
UPDATE tasks SET state = $2, answer = $3, error = $4 WHERE id = $1;

-- name: DeleteTasksBefore :execrows
DELETE FROM tasks WHERE created < $1;
