-- name: InsertSession :exec
INSERT INTO sessions (id, user_id, token_hash, method, created, expires, last_used, client, agent)
VALUES ($1, $2, $3, $4, $5, $6, $5, $7, $8);

-- A token that no row is there for was made elsewhere; the user may be gone meanwhile.
-- name: TouchSessions :exec
INSERT INTO sessions (id, user_id, token_hash, created, expires, last_used, client, agent)
SELECT t.id, t.user_id, decode(t.hash, 'hex'), t.created, t.expires, t.used, t.client, t.agent
  FROM (SELECT unnest(sqlc.arg(ids)::uuid[]) AS id, unnest(sqlc.arg(users)::uuid[]) AS user_id, unnest(sqlc.arg(hashes)::text[]) AS hash,
               unnest(sqlc.arg(created)::timestamp[]) AS created, unnest(sqlc.arg(expires)::timestamp[]) AS expires,
               unnest(sqlc.arg(used)::timestamp[]) AS used, unnest(sqlc.arg(clients)::text[]) AS client, unnest(sqlc.arg(agents)::text[]) AS agent) t
  JOIN users u ON u.id = t.user_id
 ORDER BY t.hash
ON CONFLICT (token_hash) DO UPDATE SET last_used = EXCLUDED.last_used,
       client = coalesce(nullif(EXCLUDED.client, ''), sessions.client), agent = coalesce(nullif(EXCLUDED.agent, ''), sessions.agent)
 WHERE sessions.last_used < EXCLUDED.last_used;

-- name: TouchTokens :exec
INSERT INTO token_uses (token_id, last_used, client, agent)
SELECT t.id, t.used, t.client, t.agent
  FROM (SELECT unnest(sqlc.arg(ids)::uuid[]) AS id, unnest(sqlc.arg(used)::timestamp[]) AS used,
               unnest(sqlc.arg(clients)::text[]) AS client, unnest(sqlc.arg(agents)::text[]) AS agent) t
  JOIN tokens k ON k.id = t.id
 ORDER BY t.id
ON CONFLICT (token_id) DO UPDATE SET last_used = EXCLUDED.last_used, client = EXCLUDED.client, agent = EXCLUDED.agent
 WHERE token_uses.last_used IS NULL OR token_uses.last_used < EXCLUDED.last_used;

-- name: InsertTokenUse :exec
INSERT INTO token_uses (token_id, created) VALUES ($1, now() AT TIME ZONE 'UTC') ON CONFLICT DO NOTHING;

-- name: GetTokenUses :many
SELECT token_id, created, last_used, client, agent FROM token_uses WHERE token_id = ANY(sqlc.arg(ids)::uuid[]);

-- name: CountSessions :one
SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked IS NULL AND (expires IS NULL OR expires > sqlc.arg(now)::timestamp);

-- name: ListSessions :many
SELECT id, user_id, token_hash, method, created, expires, last_used, client, agent FROM sessions
 WHERE user_id = $1 AND revoked IS NULL AND (expires IS NULL OR expires > sqlc.arg(now)::timestamp)
 ORDER BY last_used DESC, id LIMIT sqlc.arg(most)::bigint OFFSET sqlc.arg(skip)::bigint;

-- name: RevokeSession :execrows
UPDATE sessions SET revoked = sqlc.arg(now)::timestamp WHERE id = sqlc.arg(id) AND user_id = sqlc.arg(user_id) AND revoked IS NULL;

-- name: RevokeToken :execrows
UPDATE sessions SET revoked = sqlc.arg(now)::timestamp WHERE token_hash = sqlc.arg(hash)::bytea AND user_id = sqlc.arg(user_id) AND revoked IS NULL;

-- name: RevokeSessions :execrows
UPDATE sessions SET revoked = sqlc.arg(now)::timestamp
 WHERE user_id = sqlc.arg(user_id) AND revoked IS NULL AND (expires IS NULL OR expires > sqlc.arg(now)::timestamp)
   AND token_hash <> sqlc.arg(but)::bytea;

-- name: CutSessions :exec
INSERT INTO session_cuts (user_id, at) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET at = EXCLUDED.at;

-- name: PruneSessions :execrows
DELETE FROM sessions WHERE expires < sqlc.arg(now)::timestamp;

-- name: PruneTickets :execrows
DELETE FROM sign_in_tickets WHERE created < sqlc.arg(before)::timestamp;

-- name: InsertTicket :exec
INSERT INTO sign_in_tickets (hash, user_id, method, challenge, created) VALUES ($1, $2, $3, $4, $5);

-- name: TakeTicket :one
DELETE FROM sign_in_tickets WHERE hash = $1 RETURNING user_id, method, challenge, created;

-- name: GetIdentity :one
SELECT user_id FROM identities WHERE provider = $1 AND subject = $2;

-- name: PutIdentity :exec
INSERT INTO identities (provider, subject, user_id, created, last_used) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (provider, subject) DO UPDATE SET last_used = EXCLUDED.last_used;
