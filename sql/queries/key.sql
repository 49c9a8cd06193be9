-- API keys: stored as SHA-256, never deleted, revoked once.

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
