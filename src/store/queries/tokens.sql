-- name: GetToken :one
SELECT id, name, token, expires, user_id FROM tokens WHERE id = $1;

-- name: CountTokens :one
SELECT count(*) FROM tokens WHERE user_id = sqlc.arg(user_id)::uuid AND name <> 'login-token';

-- name: ListTokens :many
SELECT id, name, token, expires, user_id FROM tokens WHERE user_id = sqlc.arg(user_id)::uuid AND name <> 'login-token'
 ORDER BY name, id LIMIT sqlc.arg(most)::bigint OFFSET sqlc.arg(skip)::bigint;

-- name: InsertToken :exec
INSERT INTO tokens (id, name, token, expires, user_id) VALUES ($1, $2, $3, $4, $5);

-- name: DeleteToken :execrows
DELETE FROM tokens WHERE id = $1;

-- name: UpdateLoginToken :execrows
UPDATE tokens SET token = sqlc.arg(token), expires = NULL WHERE user_id = sqlc.arg(user_id)::uuid AND name = 'login-token';
