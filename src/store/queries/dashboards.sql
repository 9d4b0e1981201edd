-- name: GetDashboard :one
SELECT id, title, description, filters, project_id, user_id FROM dashboards WHERE id = $1;

-- name: LockDashboard :one
SELECT id, title, description, filters, project_id, user_id FROM dashboards WHERE id = $1 FOR UPDATE;

-- name: InsertDashboard :exec
INSERT INTO dashboards (id, title, description, filters, project_id, user_id) VALUES ($1, $2, $3, $4, $5, $6);

-- name: UpdateDashboard :exec
UPDATE dashboards SET title = $2, description = $3, filters = $4, project_id = $5, user_id = $6 WHERE id = $1;

-- name: UnsetDefaultDashboard :exec
UPDATE projects SET default_dashboard_id = NULL WHERE default_dashboard_id = sqlc.arg(id)::uuid;

-- name: DeleteWidgetsOfDashboard :exec
DELETE FROM widget_configs WHERE dashboard_id = sqlc.arg(id)::uuid;

-- name: DeleteDashboard :exec
DELETE FROM dashboards WHERE id = $1;
