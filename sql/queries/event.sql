-- The outbox, as relays and writers see it; labels and epochs.

-- name: event_label
-- -> transactions below it that committed are in whatever is read from now on
SELECT pg_snapshot_xmin(pg_current_snapshot());

-- name: event_now
-- -> the snapshot
SELECT pg_current_snapshot();

-- name: event_epoch
-- -> history, how often all copies were cleared; primary only
SELECT e.history, e.cleared FROM such_market.cache_epoch() AS e;

-- name: event_place
-- -> of a standby, line (system identifier / timeline), how much log it has replayed [bytes].  Line
-- is null when it is a standby no more.  Of the two timelines in the control file the later is
-- nearer to the truth; neither is ahead of it.
SELECT CASE WHEN pg_is_in_recovery() THEN concat_ws('/', s.system_identifier,
        lpad(upper(to_hex(greatest(c.timeline_id, r.min_recovery_end_timeline))), 8, '0')) END,
    (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint
FROM pg_control_system() AS s, pg_control_checkpoint() AS c, pg_control_recovery() AS r;

-- $1 the snapshot of the poll before, '1:1:' for all events that are kept.  The first row speaks of now: snapshot, history
-- (null: event_epoch must be asked), cleared, pruned, end of the log [bytes], null.  Then an event a row that is visible now and
-- was not then: tags one a line, kind, id, its age in nanoseconds, whether it failed, its transaction, source.  What
-- pg_visible_in_snapshot would deny is what is in progress or later there, which the index finds; what is
-- later than now came with a dump of another server.
-- name: event_poll
SELECT pg_current_snapshot()::text, such_market.cache_history(), c.cleared::text, c.pruned::text,
    (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint::text, NULL::bigint, NULL
FROM such_market.cache_clear AS c
UNION ALL
SELECT array_to_string(e.tags, E'\n'), e.kind, e.id::text,
    (extract(epoch FROM clock_timestamp() - e.at) * 1000000000)::bigint::text,
    (e.failed_at IS NOT NULL)::text, e.xid::text::bigint, e.source
FROM such_market.cache_events AS e
WHERE e.xid >= pg_snapshot_xmax($1::pg_snapshot) AND e.xid < pg_snapshot_xmax(pg_current_snapshot())
UNION ALL
SELECT array_to_string(e.tags, E'\n'), e.kind, e.id::text,
    (extract(epoch FROM clock_timestamp() - e.at) * 1000000000)::bigint::text,
    (e.failed_at IS NOT NULL)::text, e.xid::text::bigint, e.source
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
-- $1 milliseconds that events are kept, $2 how many may go, $3 a snapshot older than a lease -> how many went
SELECT such_market.cache_prune($1::bigint * interval '1ms', $2::bigint, $3::pg_snapshot);

-- Requests that may be repeated, see 0007.
-- name: event_requests_prune
-- $1 milliseconds that they are kept, $2 how many may go -> how many went
SELECT such_market.idempotency_prune($1::bigint * interval '1ms', $2::bigint);

-- The queue, newest first: id, kind, source, tags one a line, at, attempt, failed at (microseconds since
-- 1970), error, the event that retried it, status.

-- name: event_list
-- $1 ids below it, $2 how many
SELECT e.id, e.kind, e.source, array_to_string(e.tags, E'\n'), (extract(epoch FROM e.at) * 1000000)::int8,
    e.attempt, (extract(epoch FROM e.failed_at) * 1000000)::int8, e.error, e.retried_by,
    such_market.cache_status(e.xid, e.failed_at)
FROM such_market.cache_events AS e
WHERE e.id < $1 ORDER BY e.id DESC LIMIT $2;

-- name: event_list_failed
-- $1 ids below it, $2 how many
SELECT e.id, e.kind, e.source, array_to_string(e.tags, E'\n'), (extract(epoch FROM e.at) * 1000000)::int8,
    e.attempt, (extract(epoch FROM e.failed_at) * 1000000)::int8, e.error, e.retried_by, 'failed'
FROM such_market.cache_events AS e
WHERE e.failed_at IS NOT NULL AND e.id < $1 ORDER BY e.id DESC LIMIT $2;

-- name: event_list_of
-- $1 ids below it, $2 how many, $3 pending, processing or done
SELECT e.id, e.kind, e.source, array_to_string(e.tags, E'\n'), (extract(epoch FROM e.at) * 1000000)::int8,
    e.attempt, NULL::int8, e.error, e.retried_by, $3
FROM such_market.cache_events AS e
WHERE e.id < $1 AND e.failed_at IS NULL AND such_market.cache_status(e.xid, NULL) = $3
    AND ($3 = 'done' OR e.xid >= (SELECT coalesce(min(pg_snapshot_xmin(r.position)), '0'::xid8)
        FROM such_market.cache_relays_live AS r))
ORDER BY e.id DESC LIMIT $2;
