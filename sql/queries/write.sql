-- Writes.  A statement of this folder that changes what answers are made of is called write_…: it runs
-- inside cache_write() (tools/commits.sh).

-- name: write_begin
-- $1 key, $2 name for people, $3 digest -> state (new, replay), the transaction that did it before
SELECT b.state, b.xid FROM such_market.idempotency_begin($1, false, $2, $3) AS b;

-- name: write_mine
-- $1 transactions before this one, or null -> history, how often all copies were cleared; transaction, tags
-- one a line (both null: none), source: a row an event that this transaction or one of those has emitted
SELECT h.history, h.cleared, e.xid, array_to_string(e.tags, E'\n'), e.source
FROM (SELECT such_market.cache_history(), c.cleared FROM such_market.cache_clear AS c) AS h (history, cleared)
LEFT JOIN such_market.cache_events AS e
    ON e.xid = ANY (pg_current_xact_id_if_assigned() || $1::xid8[]);

-- name: write_since
-- $1 a snapshot -> as write_mine, of all that was committed since
SELECT h.history, h.cleared, e.xid, array_to_string(e.tags, E'\n'), e.source
FROM (SELECT such_market.cache_history(), c.cleared FROM such_market.cache_clear AS c) AS h (history, cleared)
LEFT JOIN (
    SELECT xid, tags, source FROM such_market.cache_events
    WHERE xid >= pg_snapshot_xmax($1::pg_snapshot) AND xid < pg_snapshot_xmax(pg_current_snapshot())
    UNION ALL
    SELECT o.xid, o.tags, o.source FROM pg_snapshot_xip($1::pg_snapshot) AS x (xid)
    JOIN such_market.cache_events AS o ON o.xid = x.xid) AS e ON true;

-- name: write_transfers
-- $1 key, $2 whether the client chose it, $3 route, $4 digest of the request, $5 contract, $6 transfers (see
-- transfer_moves) -> outcome, place, held, answer, transactions before this one
SELECT w.outcome, w.place, w.held, w.answer, w.earlier
FROM such_market.record_transfers_once($1, $2, $3, $4, $5, $6::json) AS w;

-- name: write_key_create
-- $1 name, $2 role, $3 digest, $4 hint, $5 the user who asks -> id; with its audit row
WITH made AS (
    INSERT INTO such_market.api_keys (name, role, digest, hint) VALUES ($1, $2, $3, $4)
    RETURNING id, name, role),
noted AS (
    INSERT INTO such_market.audit_log (actor, method, route, target, outcome)
    SELECT $5, 'command', 'key create', m.name || ' (' || m.role || ')', 'done' FROM made AS m)
SELECT m.id FROM made AS m;

-- name: write_key_revoke
-- $1 name, $2 the user who asks -> id; no row: no such key that is not revoked already
WITH gone AS (
    UPDATE such_market.api_keys SET revoked_at = now()
    WHERE name = $1 AND revoked_at IS NULL
    RETURNING id, name, role),
noted AS (
    INSERT INTO such_market.audit_log (actor, method, route, target, outcome)
    SELECT $2, 'command', 'key revoke', g.name || ' (' || g.role || ')', 'done' FROM gone AS g)
SELECT g.id FROM gone AS g;

-- By hand, for administrators: events like any other.

-- name: write_invalidate
-- $1 tags, one a line -> event
SELECT such_market.cache_invalidate(string_to_array($1, E'\n'));

-- name: write_clear_all
-- -> event
SELECT such_market.cache_clear_all();

-- name: write_retry
-- $1 event -> outcome (see cache_retry), the event that emits its tags again
SELECT r.outcome, r.retry FROM such_market.cache_retry($1) AS r;
