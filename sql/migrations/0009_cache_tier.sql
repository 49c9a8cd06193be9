-- Answers that cost more to make than to find (docs/design/coherence.md, The database tier).  They are
-- copies, like those in Redis: nothing is lost with them, so the table is UNLOGGED.  Crash recovery empties
-- it, standbys do not have it.
CREATE UNLOGGED TABLE such_market.cache_answers (
    key text PRIMARY KEY CHECK (length(key) <= 512),
    epoch text NOT NULL CHECK (length(epoch) = 16),
    label xid8 NOT NULL,
    value bytea NOT NULL,   -- as in Redis: stamp, then entry (src/cache/travel.h)
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70);
ALTER TABLE such_market.cache_answers ALTER COLUMN value SET STORAGE EXTERNAL; -- large ones are compressed already
CREATE INDEX cache_answers_made ON such_market.cache_answers (made_at);
-- outbox: not such_market.cache_answers: copies themselves

-- Removes copies of other epochs, those older than keep, and then the oldest until what is left has at most
-- `most` bytes.  Returns how many went.
CREATE FUNCTION such_market.cache_answers_prune(now_epoch text, keep interval, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
    WITH kept AS (
        SELECT a.key, a.epoch, a.made_at, sum(octet_length(a.value)) OVER (ORDER BY a.made_at DESC, a.key) AS bytes
        FROM cache_answers AS a),
    gone AS (
        DELETE FROM cache_answers AS a USING kept AS k
        WHERE k.key = a.key AND (k.epoch <> now_epoch OR k.made_at < clock_timestamp() - keep OR k.bytes > most)
        RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- A pattern of LIKE that matches whatever a glob does (src/base/glob.h): a class, and a character after a
-- \, are any one character.
CREATE FUNCTION such_market.like_of_glob(glob text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = such_market, pg_temp AS $$
    SELECT translate(regexp_replace(regexp_replace(glob, '\\(.|$)|\[\^?(\\.|[^\]\\])*\]', '?', 'g'),
        '([%_])', '\\\1', 'g'), '*?', '%_')
$$;

CREATE FUNCTION such_market.any_glob(tags text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = such_market, pg_temp AS $$
    SELECT EXISTS (SELECT FROM unnest(tags) AS t (tag) WHERE t.tag LIKE '~%')
$$;
CREATE INDEX cache_events_globs ON such_market.cache_events (xid) WHERE kind = 'cache_cleared' AND such_market.any_glob(tags);

-- Nobody has a tag that begins with ~: what its glob may mean goes with the event's own transaction, since
-- a copy that stayed would come back to the memories that relays walk.  Then comes answers_put(), which sees
-- the event and leaves out what was made before it.
--
-- One is after the other by 64 advisory locks of the table: a glob shares all of them with other globs until it
-- has ended, and waits for the puts under way; a put has that of its key alone, or is left out.  So none waits
-- for a glob, however long its transaction stays open; and no lock of the table stands in vacuum's way.
CREATE FUNCTION such_market.answers_forget() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE feature_not_supported USING
            MESSAGE = 'a glob cannot be cleared in a transaction that sees nothing of what came since it began',
            HINT = 'BEGIN ISOLATION LEVEL READ COMMITTED';
    END IF;
    PERFORM pg_advisory_xact_lock_shared('cache_answers'::regclass::oid::integer, b)
        FROM generate_series(0, 63) AS b;
    DELETE FROM cache_answers AS a USING unnest(NEW.tags) AS t (tag)
        WHERE t.tag LIKE '~%' AND a.key LIKE like_of_glob(substr(t.tag, 2));
    RETURN NULL;
END $$;
CREATE TRIGGER answers_forget AFTER INSERT ON such_market.cache_events
    FOR EACH ROW WHEN (NEW.kind = 'cache_cleared' AND such_market.any_glob(NEW.tags))
    EXECUTE FUNCTION such_market.answers_forget();
ALTER TABLE such_market.cache_events ENABLE ALWAYS TRIGGER answers_forget;

-- $1 key, $2 epoch, $3 label, $4 value -> whether it is there.  A later copy of the same epoch stays; nothing comes
-- that was made before a glob that means its key was cleared, or while one is being cleared.  The lock comes first:
-- the next statement sees whatever was committed before it.
CREATE FUNCTION such_market.answers_put(text, text, xid8, bytea) RETURNS boolean
LANGUAGE plpgsql AS $$ -- without SET, which would cost more than the rest
BEGIN
    IF NOT pg_try_advisory_xact_lock('such_market.cache_answers'::regclass::oid::integer, hashtext($1) & 63) THEN
        RETURN false;
    END IF;
    INSERT INTO such_market.cache_answers AS a (key, epoch, label, value)
        SELECT $1, $2, $3, $4 WHERE NOT EXISTS (
            SELECT FROM such_market.cache_events AS e, unnest(e.tags) AS t (tag)
            WHERE e.kind = 'cache_cleared' AND such_market.any_glob(e.tags) AND e.xid >= $3
                AND t.tag LIKE '~%' AND $1 LIKE such_market.like_of_glob(substr(t.tag, 2)))
        ON CONFLICT (key) DO UPDATE SET epoch = excluded.epoch, label = excluded.label, value = excluded.value,
            made_at = excluded.made_at
        WHERE a.epoch <> excluded.epoch OR a.label < excluded.label;
    RETURN FOUND;
END $$;

REVOKE ALL ON FUNCTION such_market.cache_answers_prune(text, interval, bigint),
    such_market.answers_put(text, text, xid8, bytea) FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON such_market.cache_answers TO :app_role;
GRANT SELECT ON such_market.cache_answers TO :maintenance_role;
GRANT EXECUTE ON FUNCTION such_market.cache_answers_prune(text, interval, bigint) TO :app_role, :maintenance_role;
GRANT EXECUTE ON FUNCTION such_market.answers_put(text, text, xid8, bytea) TO :app_role;
