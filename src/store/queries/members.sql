-- The owner of a project need not be listed.
-- name: CountProjectMembers :one
SELECT count(*) FROM (
    SELECT m.user_id FROM users_projects m WHERE m.project_id = sqlc.arg(project_id)
    UNION SELECT p.owner_id FROM projects p WHERE p.id = sqlc.arg(project_id) AND p.owner_id IS NOT NULL) AS everybody;

-- name: ListProjectMembers :many
SELECT u.id, u.email, u.name, u.is_superadmin, u.is_active, u.group_id,
       (CASE WHEN p.owner_id = u.id THEN 'owner' ELSE coalesce(m.role, 'member') END)::text AS role,
       (m.user_id IS NOT NULL)::boolean AS listed
  FROM projects p
  JOIN users u ON u.id = p.owner_id OR u.id IN (SELECT l.user_id FROM users_projects l WHERE l.project_id = p.id)
  LEFT JOIN users_projects m ON m.project_id = p.id AND m.user_id = u.id
 WHERE p.id = sqlc.arg(project_id) ORDER BY u.email, u.id LIMIT sqlc.arg(most)::bigint OFFSET sqlc.arg(skip)::bigint;

-- name: SetMember :exec
INSERT INTO users_projects (user_id, project_id, role) VALUES ($1, $2, $3)
ON CONFLICT (user_id, project_id) DO UPDATE SET role = EXCLUDED.role WHERE users_projects.role <> EXCLUDED.role;

-- name: DeleteMember :execrows
DELETE FROM users_projects WHERE user_id = $1 AND project_id = $2;
