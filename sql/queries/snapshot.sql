-- Snapshots of the counters.

-- name: snapshot_prune
-- $1 seconds that they are kept, $2 how many may go -> how many went; the maintenance role's
WITH old AS (
    SELECT s.id FROM such_market.analytics_snapshots AS s
    WHERE s.saved_at < clock_timestamp() - $1::int8 * interval '1s' ORDER BY s.saved_at LIMIT $2::int8),
gone AS (
    DELETE FROM such_market.analytics_snapshots AS s USING old AS o WHERE s.id = o.id RETURNING 1)
SELECT count(*) FROM gone;
