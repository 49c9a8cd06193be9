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
-- a copy that stayed would come back to the memories that relays walk.  Whoever puts one there meanwhile waits,
-- sees the event, and leaves out what was made before it (stored_put).
CREATE FUNCTION such_market.answers_forget() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
BEGIN
    LOCK TABLE cache_answers IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM cache_answers AS a USING unnest(NEW.tags) AS t (tag)
        WHERE t.tag LIKE '~%' AND a.key LIKE like_of_glob(substr(t.tag, 2));
    RETURN NULL;
END $$;
CREATE TRIGGER answers_forget AFTER INSERT ON such_market.cache_events
    FOR EACH ROW WHEN (NEW.kind = 'cache_cleared' AND such_market.any_glob(NEW.tags))
    EXECUTE FUNCTION such_market.answers_forget();
ALTER TABLE such_market.cache_events ENABLE ALWAYS TRIGGER answers_forget;

REVOKE ALL ON FUNCTION such_market.cache_answers_prune(text, interval, bigint) FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON such_market.cache_answers TO :app_role;
GRANT SELECT ON such_market.cache_answers TO :maintenance_role;
GRANT EXECUTE ON FUNCTION such_market.cache_answers_prune(text, interval, bigint) TO :app_role, :maintenance_role;
