-- name: GetProject :one
SELECT id, name, title, owner_id, group_id, default_dashboard_id FROM projects WHERE id = $1;

-- name: LockProject :one
SELECT id, name, title, owner_id, group_id, default_dashboard_id FROM projects WHERE id = $1 FOR NO KEY UPDATE;

-- name: GetProjectsNamed :many
SELECT id, name, title, owner_id, group_id, default_dashboard_id FROM projects WHERE name = $1 ORDER BY id LIMIT 1000;

-- name: InsertProject :exec
INSERT INTO projects (id, name, title, owner_id, group_id, default_dashboard_id) VALUES ($1, $2, $3, $4, $5, $6);

-- name: UpdateProject :exec
UPDATE projects SET name = $2, title = $3, owner_id = $4, group_id = $5, default_dashboard_id = $6 WHERE id = $1;

-- name: OwnProjectNamed :execrows
UPDATE projects SET owner_id = sqlc.arg(owner_id)::uuid WHERE id = (SELECT p.id FROM projects p WHERE p.name = sqlc.arg(name)::text ORDER BY p.id LIMIT 1);

-- name: AddMembers :exec
INSERT INTO users_projects (user_id, project_id)
SELECT DISTINCT u.id, sqlc.arg(project_id)::uuid FROM unnest(sqlc.arg(users)::uuid[]) AS u(id)
ON CONFLICT DO NOTHING;

-- name: AddMembersByEmail :exec
INSERT INTO users_projects (user_id, project_id)
SELECT u.id, sqlc.arg(project_id)::uuid FROM users u WHERE u.email = ANY(sqlc.arg(emails)::text[])
ON CONFLICT DO NOTHING;

-- name: LeaveOtherProjects :exec
DELETE FROM users_projects WHERE user_id = sqlc.arg(user_id) AND project_id <> ALL(sqlc.arg(projects)::uuid[]);

-- name: JoinProjects :exec
INSERT INTO users_projects (user_id, project_id)
SELECT DISTINCT sqlc.arg(user_id)::uuid, p.id FROM unnest(sqlc.arg(projects)::uuid[]) AS p(id)
ON CONFLICT DO NOTHING;

-- name: GetMembers :many
SELECT m.project_id, u.id, u.email, u.name, u.is_superadmin, u.is_active, u.group_id
  FROM users_projects m JOIN users u ON u.id = m.user_id
 WHERE m.project_id = ANY(sqlc.arg(projects)::uuid[]) ORDER BY u.email, u.id;

-- name: GetUsers :many
SELECT id, email, name, is_superadmin, is_active, group_id FROM users WHERE id = ANY(sqlc.arg(ids)::uuid[]);

-- name: GetProjectsOfUsers :many
SELECT m.user_id, p.id, p.name, p.title, p.owner_id, p.group_id, p.default_dashboard_id
  FROM users_projects m JOIN projects p ON p.id = m.project_id
 WHERE m.user_id = ANY(sqlc.arg(users)::uuid[]) ORDER BY p.name, p.id;

-- name: GetDashboards :many
SELECT id, title, description, filters, project_id, user_id FROM dashboards WHERE id = ANY(sqlc.arg(ids)::uuid[]);

-- name: DeleteResultsOfProject :execrows
WITH gone AS MATERIALIZED (SELECT r.id FROM results r WHERE r.project_id = sqlc.arg(project_id)::uuid LIMIT sqlc.arg(most)::int),
     files AS (DELETE FROM artifacts a USING gone WHERE a.result_id = gone.id)
DELETE FROM results r USING gone WHERE r.id = gone.id;

-- An imported result may have a project through its run alone.
-- name: DeleteResultsOfRunsOfProject :execrows
WITH gone AS MATERIALIZED (SELECT r.id FROM results r JOIN runs w ON w.id = r.run_id
                            WHERE w.project_id = sqlc.arg(project_id)::uuid AND r.project_id IS NULL LIMIT sqlc.arg(most)::int),
     files AS (DELETE FROM artifacts a USING gone WHERE a.result_id = gone.id)
DELETE FROM results r USING gone WHERE r.id = gone.id;

-- Results that another project has in a run of this one stay there.
-- name: ReleaseResultsOfRunsOfProject :execrows
UPDATE results SET run_id = NULL WHERE id IN (
    SELECT r.id FROM results r JOIN runs w ON w.id = r.run_id
     WHERE w.project_id = sqlc.arg(project_id)::uuid AND r.project_id <> sqlc.arg(project_id)::uuid LIMIT sqlc.arg(most)::int);

-- name: DeleteRunsOfProject :execrows
WITH gone AS MATERIALIZED (SELECT w.id FROM runs w WHERE w.project_id = sqlc.arg(project_id)::uuid LIMIT sqlc.arg(most)::int),
     files AS (DELETE FROM artifacts a USING gone WHERE a.run_id = gone.id)
DELETE FROM runs w USING gone WHERE w.id = gone.id;

-- name: DeleteImportsOfProject :exec
DELETE FROM imports WHERE data ->> 'project_id' = sqlc.arg(project_id)::uuid::text;

-- name: LockProjectForDelete :one
SELECT id FROM projects WHERE id = $1 FOR UPDATE;

-- name: ClearDefaultDashboards :exec
UPDATE projects SET default_dashboard_id = NULL
 WHERE default_dashboard_id IN (SELECT d.id FROM dashboards d WHERE d.project_id = sqlc.arg(project_id)::uuid);

-- name: DeleteWidgetsOfProject :exec
DELETE FROM widget_configs
 WHERE project_id = sqlc.arg(project_id)::uuid
    OR dashboard_id IN (SELECT d.id FROM dashboards d WHERE d.project_id = sqlc.arg(project_id)::uuid);

-- name: DeleteDashboardsOfProject :exec
DELETE FROM dashboards WHERE project_id = sqlc.arg(project_id)::uuid;

-- name: DeleteMembershipsOfProject :exec
DELETE FROM users_projects WHERE project_id = $1;

-- name: DeleteProject :execrows
DELETE FROM projects WHERE id = $1;
