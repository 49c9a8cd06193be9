-- The outbox, as relays and writers see it; labels and epochs.

-- name: event_label
-- -> transactions below it that committed are in whatever is read from now on
SELECT pg_snapshot_xmin(pg_current_snapshot());

-- name: event_epoch
-- -> history, how often all copies were cleared; primary only
SELECT e.history, e.cleared FROM such_market.cache_epoch() AS e;

-- $1 the snapshot of the poll before, '1:1:' for all events that are kept.  The first row speaks of now: snapshot, history
-- (null: event_epoch must be asked), cleared, pruned, null.  Then an event a row that is visible now and
-- was not then: tags one a line, kind, id, its age in nanoseconds, whether it failed.  What
-- pg_visible_in_snapshot would deny is what is in progress or later there, which the index finds; what is
-- later than now came with a dump of another server.
-- name: event_poll
SELECT pg_current_snapshot()::text, such_market.cache_history(), c.cleared::text, c.pruned::text, NULL,
    NULL::bigint
FROM such_market.cache_clear AS c
UNION ALL
SELECT array_to_string(e.tags, E'\n'), e.kind, e.id::text,
    (extract(epoch FROM clock_timestamp() - e.at) * 1000000000)::bigint::text,
    (e.failed_at IS NOT NULL)::text, e.xid::text::bigint
FROM such_market.cache_events AS e
WHERE e.xid >= pg_snapshot_xmax($1::pg_snapshot) AND e.xid < pg_snapshot_xmax(pg_current_snapshot())
UNION ALL
SELECT array_to_string(e.tags, E'\n'), e.kind, e.id::text,
    (extract(epoch FROM clock_timestamp() - e.at) * 1000000000)::bigint::text,
    (e.failed_at IS NOT NULL)::text, e.xid::text::bigint
FROM pg_snapshot_xip($1::pg_snapshot) AS x (xid)
JOIN such_market.cache_events AS e ON e.xid = x.xid;

-- name: event_park
-- $1 event, $2 why no relay can apply it
SELECT such_market.cache_park($1::bigint, $2::text);

-- name: event_position
-- $1 machine, $2 mapping, $3 epoch, $4 snapshot up to which the machine has applied everything
INSERT INTO such_market.cache_relays AS r (machine, mapping, epoch, position)
VALUES ($1, $2, $3, $4::pg_snapshot)
ON CONFLICT (machine) DO UPDATE SET mapping = excluded.mapping, epoch = excluded.epoch,
    position = excluded.position, seen_at = clock_timestamp();

-- name: event_resume
-- $1 machine, $2 mapping -> epoch, snapshot; no row: nothing is known of this mapping
SELECT r.epoch, r.position FROM such_market.cache_relays AS r WHERE r.machine = $1 AND r.mapping = $2;

-- name: event_prune
-- $1 milliseconds that events are kept, $2 how many may go -> how many went
SELECT such_market.cache_prune($1::bigint * interval '1ms', $2::bigint);
