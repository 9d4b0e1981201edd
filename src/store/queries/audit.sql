-- name: InsertAudit :exec
INSERT INTO audit (actor_id, actor, client, request_id, action, object_type, object_id, object_name, project_id, changes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: PruneAudit :execrows
DELETE FROM audit WHERE id IN (SELECT a.id FROM audit a WHERE a.at < sqlc.arg(before)::timestamp LIMIT sqlc.arg(most)::int);
