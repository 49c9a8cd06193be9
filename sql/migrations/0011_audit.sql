-- Who changed what: a row for every call that changes something, and for every event of a key.
--
-- Append-only: the application adds rows and reads them, nothing else; it cannot say when they
-- were written.  Rows end by audit_prune(), which is maintenance's.

CREATE TABLE such_market.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    key_id bigint,                 -- null: no key, or the command line
    actor text,                    -- the key's name, or the user of the operating system; null: nobody known
    client text,                   -- address; null: the command line
    method text NOT NULL,          -- of HTTP, or 'command'
    route text NOT NULL,           -- pattern of the route table, or the word of the command line
    target text NOT NULL,          -- path, or name of the key
    digest bytea CHECK (octet_length(digest) = 32), -- SHA-256 of query, NUL and body
    outcome text NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    status smallint,               -- of HTTP
    request_id text,
    skipped bigint NOT NULL DEFAULT 0 CHECK (skipped >= 0) -- refused calls of the machine before this one without a row
);
CREATE INDEX audit_log_at ON such_market.audit_log (at, id);
CREATE INDEX audit_log_key ON such_market.audit_log (key_id, at, id) WHERE key_id IS NOT NULL;
CREATE INDEX audit_log_outcome ON such_market.audit_log (outcome, at, id);
-- outbox: not such_market.audit_log: read by administrators, never kept

-- Forgets rows older than keep, the oldest first, at most so many; returns how many went.
CREATE FUNCTION such_market.audit_prune(keep interval, most bigint DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    IF keep < interval '1 day' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'audit rows are kept for a day at least';
    END IF;
    DELETE FROM audit_log WHERE id = ANY (array(SELECT a.id FROM audit_log AS a
        WHERE a.at < clock_timestamp() - keep ORDER BY a.at, a.id LIMIT most));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

REVOKE ALL ON FUNCTION such_market.audit_prune(interval, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION such_market.audit_prune(interval, bigint) TO :maintenance_role;
GRANT SELECT ON such_market.audit_log TO :app_role, :maintenance_role;
GRANT INSERT (key_id, actor, client, method, route, target, digest, outcome, status, request_id, skipped)
    ON such_market.audit_log TO :app_role;
