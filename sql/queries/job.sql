-- Jobs: who takes which, and how it ends.

-- Arguments: $1 kind, $2 subject, $3 arguments, $4 machine or null, $5 exclusive, $6 most attempts
-- -> id, whether it is new; the same one may be waiting already
-- name: job_enqueue
WITH made AS (
    INSERT INTO such_market.jobs (kind, subject, arguments, machine, exclusive, most_attempts)
    VALUES ($1, $2, $3::json, $4, $5::boolean, $6::integer)
    ON CONFLICT (kind, subject, coalesce(machine, '')) WHERE state = 'queued' AND attempts = 0
        DO NOTHING
    RETURNING id)
SELECT m.id, true FROM made AS m
UNION ALL
SELECT j.id, false FROM such_market.jobs AS j
WHERE j.state = 'queued' AND j.attempts = 0 AND j.kind = $1 AND j.subject = $2 AND coalesce(j.machine, '') = coalesce($4, '')
    AND NOT EXISTS (SELECT FROM made);

-- $1 kinds, $2 machine, $3 process, $4 lease in milliseconds -> a row as job_list
-- name: job_claim
UPDATE such_market.jobs AS j SET state = 'running', attempts = j.attempts + 1, holder = $2,
    holder_pid = $3::integer, lease_until = clock_timestamp() + $4::bigint * interval '1ms',
    started_at = coalesce(j.started_at, clock_timestamp()), progress = NULL
WHERE j.id = (
    SELECT q.id FROM such_market.jobs AS q
    WHERE q.state = 'queued' AND q.not_before <= clock_timestamp() AND q.kind = ANY ($1::text[])
        AND (q.machine IS NULL OR q.machine = $2)
        AND NOT (q.exclusive AND EXISTS (SELECT FROM such_market.jobs AS r
            WHERE r.state = 'running' AND r.exclusive AND r.kind = q.kind
                AND coalesce(r.machine, '') = coalesce(q.machine, '')))
    ORDER BY q.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING j.id, j.kind, j.subject, j.arguments, j.machine, j.state, j.attempts, j.most_attempts, j.cancelling,
    j.progress, j.result, j.error, (extract(epoch FROM j.created_at) * 1000000)::int8,
    (extract(epoch FROM j.started_at) * 1000000)::int8, (extract(epoch FROM j.finished_at) * 1000000)::int8;

-- The job is still this one's: its lease is renewed.
-- $1 id, $2 machine, $3 attempt, $4 lease in milliseconds, $5 progress or null -> whether to stop; no row: it is
-- another's
-- name: job_hold
UPDATE such_market.jobs AS j SET lease_until = clock_timestamp() + $4::bigint * interval '1ms',
    progress = coalesce($5::json, j.progress)
WHERE j.id = $1::bigint AND j.state = 'running' AND j.holder = $2 AND j.attempts = $3::integer
RETURNING j.cancelling;

-- $1 id, $2 machine, $3 attempt, $4 'done', 'failed' or 'cancelled', $5 result or null, $6 error or null -> id; no
-- row: it is another's
-- name: job_finish
UPDATE such_market.jobs AS j SET state = $4, result = $5::json, error = $6, lease_until = NULL,
    finished_at = clock_timestamp()
WHERE j.id = $1::bigint AND j.state = 'running' AND j.holder = $2 AND j.attempts = $3::integer
RETURNING j.id;

-- $1 id, $2 machine, $3 attempt, $4 milliseconds until the next attempt, $5 error or null, $6 whether this one
-- counts -> id; no row: it is another's, or asked to stop
-- name: job_put_back
UPDATE such_market.jobs AS j SET state = 'queued', error = $5, lease_until = NULL,
    not_before = clock_timestamp() + $4::bigint * interval '1ms',
    most_attempts = j.most_attempts + (NOT $6::boolean)::integer
WHERE j.id = $1::bigint AND j.state = 'running' AND j.holder = $2 AND j.attempts = $3::integer
    AND NOT j.cancelling
RETURNING j.id;

-- Jobs whose runner is gone: its lease ended, or it is one of $1, processes of machine $2 that have ended -> id,
-- kind, state now
-- name: job_recover
UPDATE such_market.jobs AS j SET lease_until = NULL, state = n.state,
    finished_at = CASE WHEN n.state <> 'queued' THEN clock_timestamp() END,
    error = CASE WHEN n.state <> 'cancelled' THEN 'its runner was lost' END
FROM (SELECT l.id, CASE WHEN l.cancelling THEN 'cancelled'
          WHEN l.attempts >= l.most_attempts THEN 'failed' ELSE 'queued' END AS state
      FROM such_market.jobs AS l
      WHERE l.state = 'running' AND (l.lease_until < clock_timestamp()
          OR (l.holder = $2 AND l.holder_pid = ANY ($1::integer[])))
      FOR UPDATE SKIP LOCKED) AS n
WHERE j.id = n.id
RETURNING j.id, j.kind, j.state;

-- $1 machine -> processes that have running jobs of it
-- name: job_holders
SELECT j.holder_pid FROM such_market.jobs AS j WHERE j.state = 'running' AND j.holder = $1;

-- $1 id -> state now; no row: there is none, or it has ended
-- name: job_cancel
UPDATE such_market.jobs AS j SET cancelling = true,
    state = CASE WHEN j.state = 'queued' THEN 'cancelled' ELSE j.state END,
    finished_at = CASE WHEN j.state = 'queued' THEN clock_timestamp() END
WHERE j.id = $1::bigint AND j.state IN ('queued', 'running')
RETURNING j.state;

-- $1 id -> a row as job_list
-- name: job_read
SELECT j.id, j.kind, j.subject, j.arguments, j.machine, j.state, j.attempts, j.most_attempts, j.cancelling,
    j.progress, j.result, j.error, (extract(epoch FROM j.created_at) * 1000000)::int8,
    (extract(epoch FROM j.started_at) * 1000000)::int8, (extract(epoch FROM j.finished_at) * 1000000)::int8
FROM such_market.jobs AS j WHERE j.id = $1::bigint;

-- $1 kind, $2 only jobs before this id, or null, $3 how many -> newest first: id, kind, subject, arguments, machine,
-- state, attempts, most attempts, cancelling, progress, result, error, created, started, finished (microseconds since 1970)
-- name: job_list
SELECT j.id, j.kind, j.subject, j.arguments, j.machine, j.state, j.attempts, j.most_attempts, j.cancelling,
    j.progress, j.result, j.error, (extract(epoch FROM j.created_at) * 1000000)::int8,
    (extract(epoch FROM j.started_at) * 1000000)::int8, (extract(epoch FROM j.finished_at) * 1000000)::int8
FROM such_market.jobs AS j
WHERE j.kind = $1 AND j.id < coalesce($2::bigint, 9223372036854775807)
ORDER BY j.id DESC LIMIT $3::bigint;

-- $1 kind -> how many jobs of it, ended, went
-- name: job_forget
SELECT such_market.job_forget($1);

-- $1 milliseconds that ended jobs are kept, $2 how many may go -> how many went
-- name: job_prune
SELECT such_market.job_prune($1::bigint * interval '1ms', $2::bigint);
