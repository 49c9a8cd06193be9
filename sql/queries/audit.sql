-- The audit log.  $1 … $3 and $4, $5 of the lists: since (microseconds since 1970), time and id of
-- the last row before the page -> id, time (microseconds since 1970), key id, actor, client, method,
-- route, target, digest, outcome, status, request id, skipped; newest first

-- name: audit_add
-- $1 key id, $2 actor, $3 client, $4 method, $5 route, $6 target, $7 digest, $8 outcome, $9 status,
-- $10 request id, $11 refused calls before it without a row -> the transaction
INSERT INTO such_market.audit_log (key_id, actor, client, method, route, target, digest, outcome, status,
    request_id, skipped)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING pg_current_xact_id();

-- name: audit_list
-- $4 rows
SELECT a.id, (extract(epoch FROM a.at) * 1000000)::int8, a.key_id, a.actor, a.client, a.method, a.route,
    a.target, encode(a.digest, 'hex'), a.outcome, a.status, a.request_id, a.skipped
FROM such_market.audit_log a
WHERE a.at >= timestamptz 'epoch' + $1::int8 * interval '1us'
    AND (a.at, a.id) < (timestamptz 'epoch' + $2::int8 * interval '1us', $3::int8)
ORDER BY a.at DESC, a.id DESC LIMIT $4::int8;

-- name: audit_list_outcome
-- $4 rows, $5 outcome
SELECT a.id, (extract(epoch FROM a.at) * 1000000)::int8, a.key_id, a.actor, a.client, a.method, a.route,
    a.target, encode(a.digest, 'hex'), a.outcome, a.status, a.request_id, a.skipped
FROM such_market.audit_log a
WHERE a.outcome = $5 AND a.at >= timestamptz 'epoch' + $1::int8 * interval '1us'
    AND (a.at, a.id) < (timestamptz 'epoch' + $2::int8 * interval '1us', $3::int8)
ORDER BY a.at DESC, a.id DESC LIMIT $4::int8;

-- name: audit_list_key
-- $4 rows, $5 key id, $6 outcome or null: any
SELECT a.id, (extract(epoch FROM a.at) * 1000000)::int8, a.key_id, a.actor, a.client, a.method, a.route,
    a.target, encode(a.digest, 'hex'), a.outcome, a.status, a.request_id, a.skipped
FROM such_market.audit_log a
WHERE a.key_id = $5::int8 AND ($6::text IS NULL OR a.outcome = $6)
    AND a.at >= timestamptz 'epoch' + $1::int8 * interval '1us'
    AND (a.at, a.id) < (timestamptz 'epoch' + $2::int8 * interval '1us', $3::int8)
ORDER BY a.at DESC, a.id DESC LIMIT $4::int8;

-- name: audit_prune
-- $1 seconds that rows are kept, $2 how many may go -> how many went; the maintenance role's
SELECT such_market.audit_prune($1::int8 * interval '1s', $2::int8);
