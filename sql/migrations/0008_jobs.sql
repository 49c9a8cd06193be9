-- Work that goes on behind the answers: a row a job, taken up by the runners, one a machine
-- (src/model/jobs.def lists the kinds).

-- Whoever runs a job keeps its lease alive; a job whose lease has ended belongs to nobody any more: it
-- is queued again while it has attempts left, else it has failed.
CREATE TABLE such_market.jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
    subject text NOT NULL DEFAULT '' CHECK (length(subject) <= 200), -- what it is about, for people and to tell jobs apart
    arguments json NOT NULL DEFAULT '{}',
    machine text,                               -- null: any; else only this one's runner takes it
    exclusive boolean NOT NULL,                 -- no two of a kind (and machine) at once
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    attempts integer NOT NULL DEFAULT 0,        -- begun; the number of one tells who still has the job
    most_attempts integer NOT NULL CHECK (most_attempts >= 1),
    not_before timestamptz NOT NULL DEFAULT clock_timestamp(),
    cancelling boolean NOT NULL DEFAULT false,  -- whoever runs it is asked to stop
    holder text,                                -- the machine whose runner has it,
    holder_pid integer,                         -- and the runner
    lease_until timestamptz,
    progress json,
    result json,
    error text,                                 -- of the last attempt that failed
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,                     -- first attempt
    finished_at timestamptz,
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);
-- outbox: not such_market.jobs: never kept

CREATE INDEX jobs_open ON such_market.jobs (id) WHERE state = 'queued';
CREATE INDEX jobs_running ON such_market.jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_kind ON such_market.jobs (kind, id);
CREATE INDEX jobs_finished ON such_market.jobs (finished_at) WHERE finished_at IS NOT NULL;
-- The same job waits once for its first attempt; and what must be alone is.
CREATE UNIQUE INDEX jobs_waiting_once ON such_market.jobs (kind, subject, coalesce(machine, ''))
    WHERE state = 'queued' AND attempts = 0;
CREATE UNIQUE INDEX jobs_alone ON such_market.jobs (kind, coalesce(machine, ''))
    WHERE state = 'running' AND exclusive;

-- Forgets jobs that ended longer ago than keep, the oldest first; returns how many went.
CREATE FUNCTION such_market.job_prune(keep interval, most bigint DEFAULT 1000) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
    WITH gone AS (
        DELETE FROM jobs WHERE id = ANY (array(SELECT id FROM jobs
            WHERE finished_at < clock_timestamp() - keep ORDER BY finished_at LIMIT most)) RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- Forgets the jobs of a kind that have ended; returns how many went.
CREATE FUNCTION such_market.job_forget(of_kind text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
    WITH gone AS (DELETE FROM jobs WHERE kind = of_kind AND finished_at IS NOT NULL RETURNING 1)
    SELECT count(*) FROM gone
$$;

REVOKE ALL ON FUNCTION such_market.job_forget(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION such_market.job_forget(text) TO :app_role;
REVOKE ALL ON FUNCTION such_market.job_prune(interval, bigint) FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON such_market.jobs TO :app_role;
GRANT SELECT ON such_market.jobs TO :maintenance_role;
GRANT EXECUTE ON FUNCTION such_market.job_prune(interval, bigint) TO :app_role, :maintenance_role;
