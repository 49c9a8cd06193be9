-- Writes over HTTP: requests that may be sent twice, and transfers.

-- What a request was answered, written in the transaction that did what it asked for.  given: the
-- client chose the key; else it was made at random, to find out what became of a COMMIT whose reply
-- was lost.  xid: whose events of the outbox are those of this request.
CREATE TABLE such_market.idempotency (
    key text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
    given boolean NOT NULL,
    route text NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32), -- SHA-256 of the request
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    status smallint,
    answer text,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idempotency_at ON such_market.idempotency (at);
CREATE INDEX idempotency_made_at ON such_market.idempotency (at) WHERE NOT given;
-- outbox: not such_market.idempotency: never kept

-- Begins a request.  'new': go on, and end with idempotency_end(); 'replay': it was answered already;
-- 'mismatch': the key belongs to another request.  Whoever comes while the first one runs waits.
CREATE FUNCTION such_market.idempotency_begin(idempotency_key text, given boolean, route text, digest bytea,
    OUT state text, OUT status smallint, OUT answer text, OUT xid xid8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO idempotency (key, given, route, digest)
        VALUES (idempotency_key, idempotency_begin.given, idempotency_begin.route, idempotency_begin.digest)
        ON CONFLICT (key) DO NOTHING;
    IF FOUND THEN
        idempotency_begin.state := 'new';
        RETURN;
    END IF;
    SELECT CASE WHEN (i.route, i.digest) = (idempotency_begin.route, idempotency_begin.digest)
            THEN 'replay' ELSE 'mismatch' END, i.status, i.answer, i.xid
        INTO idempotency_begin.state, idempotency_begin.status, idempotency_begin.answer, idempotency_begin.xid
        FROM idempotency AS i WHERE i.key = idempotency_key;
    IF NOT FOUND THEN
        RAISE serialization_failure USING MESSAGE = 'the request before was forgotten just now';
    END IF;
END $$;

CREATE FUNCTION such_market.idempotency_end(idempotency_key text, status integer, answer text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
BEGIN
    UPDATE idempotency AS i SET status = idempotency_end.status, answer = idempotency_end.answer
        WHERE i.key = idempotency_key;
END $$;

-- Forgets requests older than keep, the oldest first; those without a key of the client's after an hour.
-- Returns how many.
CREATE FUNCTION such_market.idempotency_prune(keep interval, most bigint DEFAULT 10000) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
    WITH gone AS (
        DELETE FROM idempotency WHERE key = ANY (
            array(SELECT key FROM idempotency WHERE at < clock_timestamp() - keep ORDER BY at LIMIT most)
            || array(SELECT key FROM idempotency WHERE NOT given
                AND at < clock_timestamp() - interval '1 hour' ORDER BY at LIMIT most))
        RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- The transfers of a request: [{"i", "token", "from", "to", "quantity", "origin", "synthetic", "log",
-- "batch", "block", "time"}, …]; from, to and origin in hexadecimal, time in microseconds since 1970.
CREATE FUNCTION such_market.transfer_moves(moves json)
RETURNS TABLE (i integer, token numeric, source bytea, target bytea, quantity numeric, origin bytea,
    synthetic boolean, log_index bigint, batch_index integer, block_number bigint, block_time timestamptz)
LANGUAGE sql IMMUTABLE AS $$
    SELECT m.i, m.token, decode(m."from", 'hex'), decode(m."to", 'hex'), m.quantity,
        decode(m.origin, 'hex'), m.synthetic, m.log, m.batch, m.block,
        timestamptz 'epoch' + m.time * interval '1us'
    FROM json_to_recordset(moves) AS m (i integer, token numeric, "from" text, "to" text, quantity numeric,
        origin text, synthetic boolean, log bigint, batch integer, block bigint, "time" bigint)
$$;

-- What the moves whose numbers are in `fresh` take from whom (step 0) and give to whom (step 1).
CREATE FUNCTION such_market.transfer_legs(moves json, fresh integer[])
RETURNS TABLE (i integer, step integer, token numeric, holder bytea, delta numeric, mint boolean)
LANGUAGE sql IMMUTABLE AS $$
    SELECT m.i, s.step, m.token, CASE s.step WHEN 0 THEN m.source ELSE m.target END,
        CASE s.step WHEN 0 THEN -m.quantity ELSE m.quantity END,
        m.source = '\x0000000000000000000000000000000000000000'
    FROM such_market.transfer_moves(moves) AS m CROSS JOIN (VALUES (0), (1)) AS s (step)
    WHERE m.i = ANY (fresh) AND CASE s.step WHEN 0 THEN m.source ELSE m.target END
        <> '\x0000000000000000000000000000000000000000'
$$;

-- Applies transfers of one collection in order, all or none.  outcome: 'ok', or why none was applied;
-- then place is the number of the first one that is impossible, and held what its sender has.
-- earlier: the transactions that recorded the duplicates; their events may not have reached every machine
-- yet. All of them, because nobody can say when one was committed: when it began, a row's age or xmin (of a
-- savepoint, of an update) do not. Those whose events were forgotten ended long before (cache_prune).
--
-- Planning each statement for its values takes several times as long as running it.
--
-- Order of locks: the collection's row of collection_stats; then new tokens, holdings and history, each
-- in key order.
CREATE FUNCTION such_market.record_transfers(contract bytea, moves json,
    OUT outcome text, OUT place integer, OUT held numeric, OUT recorded integer, OUT duplicates integer,
    OUT earlier xid8[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    single boolean; -- a token has one holder at most
    fresh integer[];
    tokens numeric[];
    holders bytea[];
    befores numeric[];
    afters numeric[];
    went bigint;
    kept bigint;
    came bigint;
BEGIN
    PERFORM FROM collection_stats AS s WHERE s.contract_address = contract FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'collection_not_found';
        RETURN;
    END IF;
    SELECT c.token_type IN ('ERC721', 'CRYPTOPUNKS') INTO single
        FROM collections AS c WHERE c.contract_address = contract;

    -- Numbers not reached yet came with a dump of another server.
    SELECT array_agg(f.i ORDER BY f.i) FILTER (WHERE f.first AND f.xid IS NULL),
        count(*) FILTER (WHERE NOT f.first OR f.xid IS NOT NULL),
        array_agg(DISTINCT f.xid) FILTER (WHERE f.xid < pg_snapshot_xmax(pg_current_snapshot()))
        INTO fresh, duplicates, earlier
        FROM (SELECT m.i, t.xid, row_number() OVER
                  (PARTITION BY m.origin, m.log_index, m.batch_index, m.token ORDER BY m.i) = 1 AS first
              FROM transfer_moves(moves) AS m
              LEFT JOIN transfers AS t ON t.origin = m.origin AND t.log_index = m.log_index
                  AND t.batch_index = m.batch_index AND t.token_id = m.token) AS f;
    outcome := 'ok';
    recorded := 0;
    IF fresh IS NULL THEN
        RETURN;
    END IF;

    -- The balance of a holder, and what there is of a token, after every step.
    SELECT b.i, b.why, b.held INTO place, outcome, held
        FROM (SELECT l.i, CASE
                  WHEN single AND abs(l.delta) <> 1 THEN 'quantity_not_one'
                  WHEN l.balance < 0 THEN 'insufficient_balance'
                  WHEN l.balance >= 115792089237316195423570985008687907853269984665640564039457584007913129639936
                      THEN 'balance_overflow'
                  WHEN single AND l.mint AND l.supply > 1 THEN 'token_held' END AS why,
                  l.balance - l.delta AS held, l.step
              FROM (SELECT g.*, coalesce(o.balance, 0) + sum(g.delta)
                        OVER (PARTITION BY g.token, g.holder ORDER BY g.i, g.step) AS balance,
                    CASE WHEN single THEN (SELECT coalesce(sum(h.balance), 0) FROM nft_ownership AS h
                            WHERE h.contract_address = contract AND h.token_id = g.token)
                        + sum(g.delta) OVER (PARTITION BY g.token ORDER BY g.i, g.step) END AS supply
                    FROM transfer_legs(moves, fresh) AS g
                    LEFT JOIN nft_ownership AS o ON o.contract_address = contract
                        AND o.token_id = g.token AND o.owner_address = g.holder) AS l) AS b
        WHERE b.why IS NOT NULL ORDER BY b.i, b.step LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;
    outcome := 'ok';

    IF EXISTS (SELECT FROM transfer_moves(moves) AS m WHERE m.i = ANY (fresh) AND NOT EXISTS
            (SELECT FROM nfts AS n WHERE n.contract_address = contract AND n.token_id = m.token)) THEN
        INSERT INTO nfts (contract_address, token_id)
            SELECT DISTINCT contract, m.token FROM transfer_moves(moves) AS m WHERE m.i = ANY (fresh)
            ORDER BY m.token ON CONFLICT DO NOTHING;
    END IF;

    SELECT array_agg(d.token ORDER BY d.token, d.holder), array_agg(d.holder ORDER BY d.token, d.holder),
        array_agg(d.before ORDER BY d.token, d.holder),
        array_agg(coalesce(d.before, 0) + d.delta ORDER BY d.token, d.holder),
        count(*) FILTER (WHERE d.before + d.delta = 0), count(*) FILTER (WHERE d.before + d.delta > 0),
        count(*) FILTER (WHERE d.before IS NULL)
        INTO tokens, holders, befores, afters, went, kept, came
        FROM (SELECT g.token, g.holder, g.delta, o.balance AS before
              FROM (SELECT l.token, l.holder, sum(l.delta) AS delta FROM transfer_legs(moves, fresh) AS l
                    GROUP BY l.token, l.holder HAVING sum(l.delta) <> 0) AS g
              LEFT JOIN nft_ownership AS o ON o.contract_address = contract
                  AND o.token_id = g.token AND o.owner_address = g.holder) AS d;
    IF went > 0 THEN
        DELETE FROM nft_ownership AS o
            USING unnest(tokens, holders, befores, afters) AS d (token, holder, before, after)
            WHERE d.before IS NOT NULL AND d.after = 0 AND o.contract_address = contract
                AND o.token_id = d.token AND o.owner_address = d.holder;
    END IF;
    IF kept > 0 THEN
        UPDATE nft_ownership AS o SET balance = d.after, last_verified_at = now(), updated_at = now()
            FROM unnest(tokens, holders, befores, afters) AS d (token, holder, before, after)
            WHERE d.before IS NOT NULL AND d.after > 0 AND o.contract_address = contract
                AND o.token_id = d.token AND o.owner_address = d.holder;
    END IF;
    IF came > 0 THEN
        INSERT INTO nft_ownership (contract_address, token_id, owner_address, balance)
            SELECT contract, d.token, d.holder, d.after
            FROM unnest(tokens, holders, befores, afters) AS d (token, holder, before, after)
            WHERE d.before IS NULL ORDER BY d.token, d.holder;
    END IF;

    -- Numbered in the order of the request, written in the order of their keys.
    INSERT INTO transfers (id, contract_address, token_id, from_address, to_address, quantity, origin,
            synthetic, log_index, batch_index, block_number, block_time) OVERRIDING SYSTEM VALUE
        SELECT m.id, contract, m.token, m.source, m.target, m.quantity, m.origin, m.synthetic,
            m.log_index, m.batch_index, m.block_number, m.block_time
        FROM (SELECT nextval('such_market.transfers_id_seq') AS id, o.*
              FROM (SELECT * FROM transfer_moves(moves) AS n WHERE n.i = ANY (fresh) ORDER BY n.i) AS o
              OFFSET 0) AS m
        ORDER BY m.origin, m.log_index, m.batch_index, m.token
        ON CONFLICT (origin, log_index, batch_index, token_id) DO NOTHING;
    GET DIAGNOSTICS recorded = ROW_COUNT;
    IF recorded <> cardinality(fresh) THEN
        RAISE serialization_failure USING MESSAGE = 'the same transfer was recorded for another collection just now';
    END IF;
END $$;

-- The same once for a key.  outcome also: 'replay' and 'mismatch'.
CREATE FUNCTION such_market.record_transfers_once(idempotency_key text, given boolean, route text,
    digest bytea, contract bytea, moves json,
    OUT outcome text, OUT place integer, OUT held numeric, OUT answer text, OUT earlier xid8[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    recorded integer;
    duplicates integer;
    earlier_one xid8;
BEGIN
    SELECT b.state, b.answer, b.xid INTO outcome, answer, earlier_one
        FROM idempotency_begin(idempotency_key, given, route, digest) AS b;
    IF outcome <> 'new' THEN
        earlier := ARRAY[earlier_one];
        RETURN;
    END IF;
    SELECT r.outcome, r.place, r.held, r.recorded, r.duplicates, r.earlier
        INTO outcome, place, held, recorded, duplicates, earlier
        FROM record_transfers(contract, moves) AS r;
    IF outcome = 'ok' THEN
        answer := format('{"recorded":%s,"duplicates":%s}', recorded, duplicates);
        PERFORM idempotency_end(idempotency_key, 200, answer);
    END IF;
END $$;

REVOKE ALL ON FUNCTION such_market.idempotency_begin(text, boolean, text, bytea),
    such_market.idempotency_end(text, integer, text), such_market.idempotency_prune(interval, bigint),
    such_market.transfer_moves(json), such_market.transfer_legs(json, integer[]),
    such_market.record_transfers(bytea, json),
    such_market.record_transfers_once(text, boolean, text, bytea, bytea, json) FROM PUBLIC;
GRANT SELECT ON such_market.idempotency TO :app_role, :maintenance_role;
GRANT EXECUTE ON FUNCTION such_market.idempotency_begin(text, boolean, text, bytea),
    such_market.idempotency_end(text, integer, text),
    such_market.record_transfers_once(text, boolean, text, bytea, bytea, json) TO :app_role;
GRANT EXECUTE ON FUNCTION such_market.idempotency_prune(interval, bigint) TO :app_role, :maintenance_role;
