-- The outbox: every statement that changes what an answer is made of leaves, in its own
-- transaction, what it made invalid (docs/design/coherence.md).
--
-- A tag is a short text; src/cache/tags.def lists the kinds.  A statement that touches many rows
-- emits coarse tags, which whatever has a fine one carries too: b:{a} stands for n, m, r, h and t of
-- that collection, o:* for o, u:* for u, c:* for c.
--
-- Statement triggers only.  They fire always: also with session_replication_role = replica.

-- The queue of events.  Rows are never changed but by cache_park() and cache_retry().
CREATE TABLE such_market.cache_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text NOT NULL CHECK (kind IN ('collection_updated', 'nft_transferred', 'user_updated',
        'collection_refreshed', 'ownership_changed', 'cache_cleared', 'key_updated')),
    source text,                               -- 'table:operation'; null: by hand
    tags text[] NOT NULL CHECK (array_position(tags, NULL) IS NULL),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempt integer NOT NULL DEFAULT 1,        -- a retried event is a new row with a higher one
    failed_at timestamptz,                     -- no relay can apply it: all copies were voided
    error text,
    retried_by bigint                          -- the event that emitted its tags again
);
CREATE INDEX cache_events_xid ON such_market.cache_events (xid);
CREATE INDEX cache_events_at ON such_market.cache_events (at);
CREATE INDEX cache_events_failed ON such_market.cache_events (id) WHERE failed_at IS NOT NULL;

-- Which history of this server copies belong to: crash recovery empties the table, because
-- numbers of lost transactions are used again.  Whoever finds it empty writes a new one.
CREATE UNLOGGED TABLE such_market.cache_incarnation (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id uuid NOT NULL DEFAULT gen_random_uuid()
);

-- cleared: raised to void all copies everywhere.  pruned: above every transaction of which an event was
-- deleted; whoever knows the events that are left, and believes no label below it, knows them all.
CREATE TABLE such_market.cache_clear (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    cleared bigint NOT NULL DEFAULT 0,
    pruned xid8 NOT NULL DEFAULT '0'
);
INSERT INTO such_market.cache_clear DEFAULT VALUES;

-- The relays, one a machine: an event is processed when the positions of all of them see it.
CREATE TABLE such_market.cache_relays (
    machine text PRIMARY KEY,
    mapping text NOT NULL,       -- which shared mapping the position is true of
    epoch text NOT NULL,
    position pg_snapshot NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- System, timeline, incarnation.  NULL: nobody has written an incarnation yet.  The oid tells a
-- restored dump, which brings its incarnation along, from what it is a dump of.
CREATE FUNCTION such_market.cache_history() RETURNS text
LANGUAGE sql STABLE SET search_path = such_market, pg_temp AS $$
    SELECT concat_ws('/', s.system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
            'such_market.cache_incarnation'::regclass::oid, i.id)
    FROM pg_control_system() AS s, cache_incarnation AS i
$$;

-- The same, after having made sure that there is one; and how often all was cleared.
CREATE FUNCTION such_market.cache_epoch(OUT history text, OUT cleared bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM cache_incarnation) THEN
        INSERT INTO cache_incarnation DEFAULT VALUES ON CONFLICT DO NOTHING;
    END IF;
    SELECT cache_history(), c.cleared INTO history, cleared FROM cache_clear AS c;
END $$;

-- Voids all copies of all machines, in constant time; returns the event.
CREATE FUNCTION such_market.cache_clear_all() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
    UPDATE cache_clear SET cleared = cleared + 1;
    INSERT INTO cache_events (kind, tags) VALUES ('cache_cleared', '{}') RETURNING id;
$$;

-- Makes tags invalid by hand; returns the event.
CREATE FUNCTION such_market.cache_invalidate(tags text[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
    INSERT INTO cache_events (kind, tags) VALUES ('cache_cleared', tags) RETURNING id;
$$;

-- An event that cannot be applied: whatever it meant is void, and it is in nobody's way.  The
-- first relay that finds it does this for all.
CREATE FUNCTION such_market.cache_park(event bigint, reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
    WITH parked AS (
        UPDATE cache_events SET failed_at = clock_timestamp(), error = reason
        WHERE id = event AND failed_at IS NULL RETURNING id)
    UPDATE cache_clear SET cleared = cleared + 1 FROM parked;
$$;

-- Emits the tags of an event that failed once more.  outcome: 'retried'; 'already', by an event that has
-- not failed itself; 'not_failed'; 'not_found'.
CREATE FUNCTION such_market.cache_retry(event bigint, OUT outcome text, OUT retry bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    old cache_events;
BEGIN
    SELECT * INTO old FROM cache_events WHERE id = event FOR UPDATE; -- clicked twice: one waits
    IF NOT FOUND OR old.failed_at IS NULL THEN
        outcome := CASE WHEN FOUND THEN 'not_failed' ELSE 'not_found' END;
        RETURN;
    END IF;
    SELECT 'already', id INTO outcome, retry FROM cache_events
        WHERE id = old.retried_by AND failed_at IS NULL;
    IF NOT FOUND THEN
        outcome := 'retried';
        INSERT INTO cache_events (kind, source, tags, attempt)
            VALUES (old.kind, old.source, old.tags, old.attempt + 1) RETURNING id INTO retry;
        UPDATE cache_events SET retried_by = retry WHERE id = event;
    END IF;
END $$;

-- Where relays of the last ten seconds are; an event is done when each of them has passed it.
CREATE VIEW such_market.cache_relays_live AS
    SELECT machine, position, seen_at FROM such_market.cache_relays
    WHERE seen_at > clock_timestamp() - interval '10 s';
CREATE FUNCTION such_market.cache_status(xid xid8, failed_at timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = such_market, pg_temp AS $$
    SELECT CASE WHEN $2 IS NOT NULL THEN 'failed'
        WHEN count(*) FILTER (WHERE pg_visible_in_snapshot($1, r.position)) = 0 THEN 'pending'
        WHEN bool_and(pg_visible_in_snapshot($1, r.position)) THEN 'done'
        ELSE 'processing' END
    FROM cache_relays_live AS r
$$;

-- Forgets events older than keep, the oldest first, and relays that were not seen since.  Returns how
-- many events went.  None from above a transaction that still runs: relays compare `pruned` with the xmin
-- of their position, which that transaction holds back, and would begin again each time.  None of a
-- transaction that runs in `ended`: taken longer ago than a lease is long, all that it saw ended is applied
-- wherever copies are used, so whoever finds no events of a transaction need not raise them.
CREATE FUNCTION such_market.cache_prune(keep interval, most bigint DEFAULT 10000,
    ended pg_snapshot DEFAULT pg_current_snapshot()) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    PERFORM FROM cache_clear FOR NO KEY UPDATE; -- one at a time
    DELETE FROM cache_events WHERE id = ANY (array(SELECT id FROM cache_events
        WHERE at < clock_timestamp() - keep
            AND xid < least(pg_snapshot_xmin(pg_current_snapshot()), pg_snapshot_xmin(ended))
        ORDER BY at LIMIT most));
    GET DIAGNOSTICS gone = ROW_COUNT;
    DELETE FROM cache_relays WHERE seen_at < clock_timestamp() - keep;
    RETURN gone;
END $$;

-- Whoever deletes events, by hand too: relays find out by cache_clear.pruned that they missed them, and
-- new ones that labels below it say nothing.
CREATE FUNCTION such_market.events_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    last xid8 := CASE TG_OP WHEN 'TRUNCATE' THEN pg_current_xact_id() END;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT max(xid) INTO last FROM gone;
    END IF;
    UPDATE cache_clear SET pruned = (last::text::numeric + 1)::text::xid8 WHERE last >= pruned;
    RETURN NULL;
END $$;
CREATE TRIGGER events_deleted AFTER DELETE ON such_market.cache_events REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION such_market.events_gone();
CREATE TRIGGER events_truncated AFTER TRUNCATE ON such_market.cache_events
    FOR EACH STATEMENT EXECUTE FUNCTION such_market.events_gone();
ALTER TABLE such_market.cache_events ENABLE ALWAYS TRIGGER events_deleted;
ALTER TABLE such_market.cache_events ENABLE ALWAYS TRIGGER events_truncated;

-- Writes one event; nothing without tags.  An array that is too long to be of use clears all.
CREATE FUNCTION such_market.cache_emit(kind text, tags text[], source text) RETURNS void
LANGUAGE plpgsql AS $$ -- without SET, which would cost more than the rest
BEGIN
    IF cardinality(tags) > 10000 THEN
        PERFORM such_market.cache_clear_all();
    ELSIF cardinality(tags) > 0 THEN
        INSERT INTO such_market.cache_events (kind, source, tags)
            VALUES (cache_emit.kind, cache_emit.source, cache_emit.tags);
    END IF;
END $$;

-- token::text: any other way to text is no constant to the planner, which would then call these
-- functions instead of putting them in.
CREATE FUNCTION such_market.tag(kind text, address bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT kind || ':0x' || encode(address, 'hex') $$;
CREATE FUNCTION such_market.tag(kind text, address bytea, token numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT kind || ':0x' || encode(address, 'hex') || ':' || token::text $$;

-- One emitter a table.  touched: the rows as they are now (of a DELETE: as they were); before: what
-- an UPDATE found.  Up to 100 rows are looked at one by one; more emit coarse tags.

CREATE FUNCTION such_market.emit_collections() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    tags text[] := array(SELECT tag('c', x.a) FROM (SELECT DISTINCT contract_address AS a FROM touched) AS x);
BEGIN
    IF cardinality(tags) = 0 THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        tags := array(SELECT unnest(tags) UNION SELECT tag('c', contract_address) FROM before);
    END IF;
    IF cardinality(tags) > 100 THEN
        tags := '{c:*}';
    END IF;
    IF TG_OP <> 'UPDATE' THEN -- answers "no such collection" are about everything of it
        tags := tags || array(SELECT tag('b', contract_address) FROM touched);
    END IF;
    PERFORM cache_emit('collection_updated', tags || 'list'::text, TG_TABLE_NAME || ':' || lower(TG_OP));
    RETURN NULL;
END $$;

CREATE FUNCTION such_market.emit_nfts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    few boolean := (SELECT count(*) <= 100 FROM (SELECT FROM touched LIMIT 101) AS first);
    tags text[];
BEGIN
    IF NOT few THEN
        tags := array(SELECT tag('b', x.a) FROM (SELECT DISTINCT contract_address AS a FROM touched) AS x);
    ELSIF TG_OP = 'UPDATE' THEN -- the key never changes
        tags := array(SELECT DISTINCT unnest(
                ARRAY[tag('t', n.contract_address, n.token_id), tag('m', n.contract_address)]
                || CASE WHEN (n.attributes, n.rarity_rank, n.rarity_score)
                        IS DISTINCT FROM (o.attributes, o.rarity_rank, o.rarity_score)
                    THEN ARRAY[tag('r', n.contract_address)] ELSE '{}' END)
            FROM touched AS n JOIN before AS o
                ON o.contract_address = n.contract_address AND o.token_id = n.token_id
            WHERE (n.name, n.description, n.image_url, n.thumbnail_url, n.animation_url,
                    n.external_url, n.token_uri, n.attributes, n.metadata::text, n.rarity_rank,
                    n.rarity_score, n.updated_at)
                IS DISTINCT FROM
                   (o.name, o.description, o.image_url, o.thumbnail_url, o.animation_url,
                    o.external_url, o.token_uri, o.attributes, o.metadata::text, o.rarity_rank,
                    o.rarity_score, o.updated_at));
    ELSE
        tags := array(SELECT DISTINCT unnest(ARRAY[tag('t', contract_address, token_id),
                tag('n', contract_address), tag('m', contract_address),
                tag('r', contract_address), tag('h', contract_address)])
            FROM touched);
        IF cardinality(tags) > 100 THEN
            tags := array(SELECT tag('b', x.a) FROM (SELECT DISTINCT contract_address AS a FROM touched) AS x);
        END IF;
    END IF;
    IF TG_OP <> 'UPDATE' AND cardinality(tags) > 0 THEN -- the list may be in order of tokens
        tags := tags || 'list'::text;
    END IF;
    PERFORM cache_emit('collection_refreshed', tags, TG_TABLE_NAME || ':' || lower(TG_OP));
    RETURN NULL;
END $$;

CREATE FUNCTION such_market.emit_traits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    tags text[] := array(SELECT tag('r', x.a) FROM (SELECT DISTINCT contract_address AS a FROM touched) AS x);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        tags := array(SELECT unnest(tags) UNION SELECT tag('r', contract_address) FROM before);
    END IF;
    PERFORM cache_emit('collection_refreshed', tags, TG_TABLE_NAME || ':' || lower(TG_OP));
    RETURN NULL;
END $$;

-- What was only verified again is news of the token, not of its holders.
CREATE FUNCTION such_market.emit_ownership() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    few boolean := (SELECT count(*) <= 100 FROM (SELECT FROM touched LIMIT 101) AS first);
    tags text[];
BEGIN
    IF few AND TG_OP = 'UPDATE' THEN
        tags := array(
            SELECT tag('t', contract_address, token_id) FROM touched
            UNION SELECT unnest(ARRAY[tag('t', contract_address, token_id),
                tag('h', contract_address), tag('o', owner_address)])
            FROM ((SELECT contract_address, token_id, owner_address, balance FROM touched
                    EXCEPT SELECT contract_address, token_id, owner_address, balance FROM before)
                UNION ALL (SELECT contract_address, token_id, owner_address, balance FROM before
                    EXCEPT SELECT contract_address, token_id, owner_address, balance FROM touched)) AS moved);
    ELSIF few THEN
        tags := array(SELECT DISTINCT unnest(ARRAY[tag('t', contract_address, token_id),
            tag('h', contract_address), tag('o', owner_address)]) FROM touched);
    END IF;
    IF NOT few OR cardinality(tags) > 100 THEN
        tags := array(SELECT tag('b', x.a) FROM (SELECT DISTINCT contract_address AS a FROM touched) AS x) || 'o:*'::text;
        IF TG_OP = 'UPDATE' THEN
            tags := array(SELECT unnest(tags) UNION SELECT tag('b', contract_address) FROM before);
        END IF;
    END IF;
    PERFORM cache_emit('ownership_changed', tags, TG_TABLE_NAME || ':' || lower(TG_OP));
    RETURN NULL;
END $$;

-- The collection of a transfer never changes.
CREATE FUNCTION such_market.emit_transfers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    few boolean := (SELECT count(*) <= 100 FROM (SELECT FROM touched LIMIT 101) AS first);
    tags text[];
BEGIN
    IF few THEN
        tags := array(SELECT DISTINCT unnest(ARRAY[tag('t', contract_address, token_id),
            tag('h', contract_address)]) FROM touched);
    END IF;
    IF few AND TG_OP = 'UPDATE' THEN
        tags := array(SELECT unnest(tags) UNION SELECT tag('t', contract_address, token_id) FROM before);
    END IF;
    IF NOT few OR cardinality(tags) > 100 THEN
        tags := array(SELECT tag('b', x.a) FROM (SELECT DISTINCT contract_address AS a FROM touched) AS x);
    END IF;
    PERFORM cache_emit('nft_transferred', tags, TG_TABLE_NAME || ':' || lower(TG_OP));
    RETURN NULL;
END $$;

CREATE FUNCTION such_market.emit_users() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    tags text[] := array(SELECT 'u:' || fid FROM touched LIMIT 101);
BEGIN
    IF TG_OP = 'UPDATE' AND cardinality(tags) <= 100 THEN
        tags := array(SELECT unnest(tags) UNION SELECT 'u:' || fid FROM before);
    END IF;
    IF cardinality(tags) > 100 THEN
        tags := '{u:*}';
    END IF;
    PERFORM cache_emit('user_updated', tags, TG_TABLE_NAME || ':' || lower(TG_OP));
    RETURN NULL;
END $$;

CREATE FUNCTION such_market.emit_wallet_contracts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    tags text[] := array(SELECT tag('o', x.a) FROM (SELECT DISTINCT wallet_address AS a FROM touched LIMIT 101) AS x);
BEGIN
    IF TG_OP = 'UPDATE' AND cardinality(tags) <= 100 THEN
        tags := array(SELECT unnest(tags) UNION SELECT tag('o', wallet_address) FROM before);
    END IF;
    IF cardinality(tags) > 100 THEN
        tags := '{o:*}';
    END IF;
    PERFORM cache_emit('ownership_changed', tags, TG_TABLE_NAME || ':' || lower(TG_OP));
    RETURN NULL;
END $$;

-- The summaries follow their tables, which emit for them; this is for repairs by hand.
CREATE FUNCTION such_market.emit_summaries() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    tags text[] := array(SELECT tag('b', x.a) FROM (SELECT DISTINCT contract_address AS a FROM touched) AS x);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        tags := array(SELECT unnest(tags) UNION SELECT tag('b', contract_address) FROM before);
    END IF;
    IF cardinality(tags) > 0 THEN
        PERFORM cache_emit('ownership_changed', tags || '{o:*,list}'::text[], TG_TABLE_NAME || ':' || lower(TG_OP));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION such_market.emit_keys() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM touched) THEN
        PERFORM cache_emit('key_updated', '{k}', TG_TABLE_NAME || ':' || lower(TG_OP));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION such_market.emit_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
BEGIN
    PERFORM cache_clear_all();
    RETURN NULL;
END $$;

-- Puts a table under the outbox.  by_hand: only changes that no other trigger makes count.
CREATE FUNCTION such_market.cache_watch(watched regclass, emitter text, by_hand boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql SET search_path = such_market, pg_temp AS $$
DECLARE
    condition text := CASE WHEN by_hand THEN 'WHEN (pg_trigger_depth() = 0)' ELSE '' END;
    op text;
    tables text;
BEGIN
    FOR op, tables IN VALUES ('insert', 'NEW TABLE AS touched'), ('delete', 'OLD TABLE AS touched'),
        ('update', 'OLD TABLE AS before NEW TABLE AS touched') LOOP
        EXECUTE format('CREATE TRIGGER outbox_%s AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT %s'
            ' EXECUTE FUNCTION such_market.%I()', op, op, watched, tables, condition, emitter);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER outbox_%s', watched, op);
    END LOOP;
    EXECUTE format('CREATE TRIGGER outbox_truncate AFTER TRUNCATE ON %s FOR EACH STATEMENT'
        ' EXECUTE FUNCTION such_market.emit_truncate()', watched);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER outbox_truncate', watched);
END $$;

SELECT such_market.cache_watch('such_market.collections', 'emit_collections');
SELECT such_market.cache_watch('such_market.nfts', 'emit_nfts');
SELECT such_market.cache_watch('such_market.collection_traits', 'emit_traits');
SELECT such_market.cache_watch('such_market.token_traits', 'emit_traits');
SELECT such_market.cache_watch('such_market.fc_users', 'emit_users');
SELECT such_market.cache_watch('such_market.nft_ownership', 'emit_ownership');
SELECT such_market.cache_watch('such_market.transfers', 'emit_transfers');
SELECT such_market.cache_watch('such_market.api_keys', 'emit_keys');
SELECT such_market.cache_watch('such_market.wallet_contracts', 'emit_wallet_contracts');
SELECT such_market.cache_watch('such_market.collection_stats', 'emit_summaries', by_hand => true);
SELECT such_market.cache_watch('such_market.user_collections', 'emit_summaries', by_hand => true);
SELECT such_market.cache_watch('such_market.wallet_collection_mapping', 'emit_summaries', by_hand => true);
-- Tables that feed no answer that is kept; tools/outbox.sh reads these lines.
-- outbox: not such_market.instance: written once, by the first migration
-- outbox: not such_market.schema_migrations: asked by start and readiness, never kept
-- outbox: not such_market.legacy_rejects: for people
-- outbox: not such_market.cache_events: the outbox itself
-- outbox: not such_market.cache_incarnation: part of the epoch
-- outbox: not such_market.cache_clear: part of the epoch
-- outbox: not such_market.cache_relays: never kept

REVOKE ALL ON FUNCTION such_market.cache_epoch(), such_market.cache_clear_all(),
    such_market.cache_invalidate(text[]), such_market.cache_park(bigint, text),
    such_market.cache_retry(bigint), such_market.cache_prune(interval, bigint, pg_snapshot),
    such_market.cache_watch(regclass, text, boolean) FROM PUBLIC;
GRANT SELECT ON such_market.cache_events, such_market.cache_incarnation, such_market.cache_clear,
    such_market.cache_relays, such_market.cache_relays_live TO :app_role, :maintenance_role;
GRANT INSERT, UPDATE ON such_market.cache_relays TO :app_role;
GRANT EXECUTE ON FUNCTION such_market.cache_epoch(), such_market.cache_clear_all(), such_market.cache_invalidate(text[]),
    such_market.cache_park(bigint, text), such_market.cache_retry(bigint),
    such_market.cache_prune(interval, bigint, pg_snapshot) TO :app_role, :maintenance_role;
