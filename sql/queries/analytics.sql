-- What the ticker asks, and snapshots of the counters.

-- name: analytics_save
-- $1 range, $2 report -> id, when (microseconds since 1970)
INSERT INTO such_market.analytics_snapshots (time_range, report) VALUES ($1, $2::jsonb)
RETURNING id, (extract(epoch FROM saved_at) * 1000000)::int8;

-- name: analytics_saved
-- $1 id -> report
SELECT s.report FROM such_market.analytics_snapshots AS s WHERE s.id = $1::int8;

-- The horizon of labels and the outbox.  An event is pending until every relay that was heard of
-- within ten seconds has applied it, or when none was heard of the one that was last; at most 10,000
-- of them are looked at.  Without any relay nobody waits for events.
-- name: analytics_vitals
-- -> the oldest transaction that runs (or the next one), the next one; events: pending, applied by
-- some relays, age of the oldest pending one (ms, null: none), parked
WITH fresh AS MATERIALIZED (SELECT f.position FROM such_market.cache_relays_live AS f),
live AS MATERIALIZED (
    SELECT f.position FROM fresh AS f
    UNION ALL
    (SELECT r.position FROM such_market.cache_relays AS r WHERE NOT EXISTS (SELECT FROM fresh)
        ORDER BY r.seen_at DESC LIMIT 1)),
late AS MATERIALIZED (
    SELECT e.at, (SELECT count(*) FROM live AS l WHERE NOT pg_visible_in_snapshot(e.xid, l.position)) AS missing
    FROM such_market.cache_events AS e
    WHERE e.xid >= (SELECT pg_snapshot_xmin(l.position) FROM live AS l ORDER BY 1 LIMIT 1)
        AND e.failed_at IS NULL
    ORDER BY e.xid LIMIT 10000)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text, pg_snapshot_xmax(pg_current_snapshot())::text,
    count(*) FILTER (WHERE late.missing > 0),
    count(*) FILTER (WHERE late.missing > 0 AND late.missing < (SELECT count(*) FROM live)),
    (extract(epoch FROM clock_timestamp() - min(late.at) FILTER (WHERE late.missing > 0)) * 1000)::int8,
    (SELECT count(*) FROM such_market.cache_events AS f WHERE f.failed_at IS NOT NULL)
FROM late;
