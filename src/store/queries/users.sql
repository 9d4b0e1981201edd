-- name: GetUser :one
SELECT id, email, name, is_superadmin, is_active, group_id FROM users WHERE id = $1;

-- name: GetAccount :one
SELECT id, email, _password, name, activation_code, is_superadmin, is_active, group_id FROM users WHERE id = $1;

-- name: GetAccountByEmail :one
SELECT id, email, _password, name, activation_code, is_superadmin, is_active, group_id FROM users WHERE email = $1;

-- name: GetAccountByCode :one
SELECT id, email, _password, name, activation_code, is_superadmin, is_active, group_id FROM users WHERE activation_code = $1 LIMIT 1;

-- name: LockAccount :one
SELECT id, email, _password, name, activation_code, is_superadmin, is_active, group_id FROM users WHERE id = $1 FOR NO KEY UPDATE;

-- name: InsertAccount :exec
INSERT INTO users (id, email, _password, name, activation_code, is_superadmin, is_active, group_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: InsertNewAccount :execrows
INSERT INTO users (id, email, _password, name, activation_code, is_superadmin, is_active, group_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING;

-- name: UpdateAccount :exec
UPDATE users SET email = $2, _password = $3, name = $4, activation_code = $5, is_superadmin = $6, is_active = $7, group_id = $8
 WHERE id = $1;

-- name: PromoteUser :one
UPDATE users SET is_superadmin = true WHERE email = $1 AND NOT is_superadmin RETURNING id;

-- name: LockUser :one
SELECT (is_superadmin AND is_active)::boolean AS governs FROM users WHERE id = $1 FOR UPDATE;

-- Two administrators who demote or delete each other at the same moment must not both succeed.
-- name: LockSuperadmins :exec
SELECT pg_advisory_xact_lock(hashtextextended('ibutsu superadmins', 0));

-- name: OtherSuperadmins :one
SELECT count(*) FROM users WHERE is_superadmin AND is_active AND id <> $1;

-- name: DeleteMembershipsOfUser :exec
DELETE FROM users_projects WHERE user_id = $1;

-- name: DeleteTokensOfUser :exec
DELETE FROM tokens WHERE user_id = $1;

-- name: HandOverProjects :exec
UPDATE projects SET owner_id = sqlc.arg(heir)::uuid WHERE owner_id = sqlc.arg(id)::uuid;

-- name: HandOverDashboards :exec
UPDATE dashboards SET user_id = sqlc.arg(heir)::uuid WHERE user_id = sqlc.arg(id)::uuid;

-- name: DeleteUser :execrows
DELETE FROM users WHERE id = $1;

-- What a request is judged by, in one round trip. An owner by role owns as the project's owner does.
-- name: GetCaller :one
SELECT u.id, u.email, u.name, u.is_superadmin, u.is_active, u.group_id,
       ARRAY(SELECT m.project_id FROM users_projects m WHERE m.user_id = u.id ORDER BY m.project_id)::uuid[] AS member,
       ARRAY(SELECT p.id FROM projects p WHERE p.owner_id = u.id
             UNION SELECT m.project_id FROM users_projects m WHERE m.user_id = u.id AND m.role = 'owner' ORDER BY 1)::uuid[] AS owned,
       ARRAY(SELECT m.project_id FROM users_projects m WHERE m.user_id = u.id AND m.role = 'reader' ORDER BY m.project_id)::uuid[] AS reads,
       coalesce((SELECT t.id FROM tokens t WHERE t.user_id = u.id AND t.token IN (sqlc.arg(token)::text, sqlc.arg(hashed)::text) LIMIT 1),
                '00000000-0000-0000-0000-000000000000')::uuid AS token_id,
       s.id AS session_id, (s.revoked IS NOT NULL)::boolean AS revoked, c.at AS cut
  FROM users u
  LEFT JOIN sessions s ON s.token_hash = sqlc.arg(hash)::bytea AND s.user_id = u.id
  LEFT JOIN session_cuts c ON c.user_id = u.id
 WHERE u.id = sqlc.arg(id);
