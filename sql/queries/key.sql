-- API keys: stored as SHA-256, never deleted, revoked once.

-- name: key_create
-- $1 name, $2 role, $3 digest, $4 hint, $5 the user who asks -> id; with its audit row
WITH made AS (
    INSERT INTO such_market.api_keys (name, role, digest, hint) VALUES ($1, $2, $3, $4)
    RETURNING id, name, role),
noted AS (
    INSERT INTO such_market.audit_log (actor, method, route, target, outcome)
    SELECT $5, 'command', 'key create', m.name || ' (' || m.role || ')', 'done' FROM made AS m)
SELECT m.id FROM made AS m;

-- name: key_find
-- $1 digest -> id, role, name; no row: unknown or revoked
SELECT k.id, k.role, k.name FROM such_market.api_keys k WHERE k.digest = $1 AND k.revoked_at IS NULL;

-- name: key_all
-- -> id, role, name, digest (0x…) of the keys in use; one more than KEYRING_MAX at most
SELECT k.id, k.role, k.name, '0x' || encode(k.digest, 'hex') FROM such_market.api_keys k
WHERE k.revoked_at IS NULL
ORDER BY k.name LIMIT 1025;

-- name: key_list
-- -> id, name, role, hint, created, revoked (microseconds since 1970)
SELECT k.id, k.name, k.role, k.hint,
    (extract(epoch FROM k.created_at) * 1000000)::int8,
    (extract(epoch FROM k.revoked_at) * 1000000)::int8
FROM such_market.api_keys k
ORDER BY k.id;

-- name: key_revoke
-- $1 name, $2 the user who asks -> id; no row: no such key that is not revoked already
WITH gone AS (
    UPDATE such_market.api_keys SET revoked_at = now()
    WHERE name = $1 AND revoked_at IS NULL
    RETURNING id, name, role),
noted AS (
    INSERT INTO such_market.audit_log (actor, method, route, target, outcome)
    SELECT $2, 'command', 'key revoke', g.name || ' (' || g.role || ')', 'done' FROM gone AS g)
SELECT g.id FROM gone AS g;
