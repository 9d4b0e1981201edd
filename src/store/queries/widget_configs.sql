-- name: GetWidgetConfig :one
SELECT w.id, w.project_id, w.dashboard_id, w.title, w.type, w.widget, w.weight, w.params, w.navigable, d.project_id AS dashboard_project_id
  FROM widget_configs w LEFT JOIN dashboards d ON d.id = w.dashboard_id WHERE w.id = $1;

-- name: LockWidgetConfig :one
SELECT w.id, w.project_id, w.dashboard_id, w.title, w.type, w.widget, w.weight, w.params, w.navigable, d.project_id AS dashboard_project_id
  FROM widget_configs w LEFT JOIN dashboards d ON d.id = w.dashboard_id WHERE w.id = $1 FOR NO KEY UPDATE OF w;

-- name: InsertWidgetConfig :exec
INSERT INTO widget_configs (id, project_id, dashboard_id, title, type, widget, weight, params, navigable)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: UpdateWidgetConfig :exec
UPDATE widget_configs SET project_id = $2, dashboard_id = $3, title = $4, type = $5, widget = $6, weight = $7, params = $8, navigable = $9
 WHERE id = $1;

-- name: DeleteWidgetConfig :execrows
DELETE FROM widget_configs WHERE id = $1;
