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
    outcome text NOT NULL CHECK (outcome IN ('begun', 'done', 'refused', 'failed', 'unknown')),
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

-- Totals of ownership, exact and without reading big tables (docs/design/schema.md).

-- Wallets by their first byte: how many hold anything, how many rows the mapping has of them.
-- dirty: count them again.  One at a time: whoever holds the row of byte 0.
CREATE TABLE such_market.owner_chunks (
    first_byte smallint PRIMARY KEY CHECK (first_byte BETWEEN 0 AND 255),
    owners bigint NOT NULL DEFAULT 0,
    mappings bigint NOT NULL DEFAULT 0,
    dirty boolean NOT NULL DEFAULT true
);
INSERT INTO such_market.owner_chunks (first_byte) SELECT generate_series(0, 255);
-- outbox: not such_market.owner_chunks: asked by administrators, never kept

-- Where the wallets of a first byte begin; of 256: behind all.
CREATE FUNCTION such_market.owner_chunk_begin(first_byte integer) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN first_byte > 255 THEN decode(repeat('ff', 21), 'hex')
        ELSE decode(lpad(to_hex(first_byte), 2, '0'), 'hex') END
$$;

-- Takes the marks of collections that nobody writes just now and says which wallets are to be
-- counted.  Whoever writes next to this waits for this short transaction, never the other way round.
CREATE FUNCTION such_market.owner_marks_take() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    taken bit(256);
BEGIN
    PERFORM FROM owner_chunks WHERE first_byte = 0 FOR UPDATE;
    WITH free AS (
        SELECT contract_address FROM owner_marks ORDER BY contract_address FOR UPDATE SKIP LOCKED),
    gone AS (
        DELETE FROM owner_marks AS m USING free WHERE m.contract_address = free.contract_address
        RETURNING m.marks)
    SELECT bit_or(marks) INTO taken FROM gone;
    UPDATE owner_chunks SET dirty = true WHERE get_bit(taken, first_byte) = 1 AND NOT dirty;
END $$;

-- Counts up to most of them; in a transaction after the one that took the marks.  How many are left.
CREATE FUNCTION such_market.owner_chunks_count(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
BEGIN
    PERFORM FROM owner_chunks WHERE first_byte = 0 FOR UPDATE;
    UPDATE owner_chunks AS c SET dirty = false,
        owners = (SELECT count(*) FROM (SELECT DISTINCT u.user_address FROM user_collections AS u
            WHERE u.user_address >= owner_chunk_begin(c.first_byte)
                AND u.user_address < owner_chunk_begin(c.first_byte + 1)) AS wallets),
        mappings = (SELECT count(*) FROM wallet_collection_mapping AS w
            WHERE w.wallet_address >= owner_chunk_begin(c.first_byte)
                AND w.wallet_address < owner_chunk_begin(c.first_byte + 1))
        WHERE c.first_byte IN (SELECT d.first_byte FROM owner_chunks AS d WHERE d.dirty
            ORDER BY d.first_byte LIMIT most);
    RETURN (SELECT count(*) FROM owner_chunks WHERE dirty);
END $$;

-- What a recount of the summaries changed: a row a number, written with the change.
CREATE TABLE such_market.ownership_mends (
    id bigint GENERATED ALWAYS AS IDENTITY,
    job bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    summary text NOT NULL,
    contract_address such_market.address NOT NULL,
    wallet_address such_market.address,
    field text NOT NULL,
    was text,    -- null: there was no row
    became text, -- null: there is none any more
    PRIMARY KEY (job, id)
);
CREATE INDEX ownership_mends_at ON such_market.ownership_mends (at);
-- outbox: not such_market.ownership_mends: asked by administrators, never kept

-- Wallets from lo (and contract, of the same) on, below hi, whose summaries are not what nft_ownership
-- says; both summaries side by side.  In the order of wallets, at most so many.
CREATE FUNCTION such_market.ownership_wrong(lo bytea, hi bytea, most bigint)
RETURNS TABLE (wallet bytea, contract bytea)
LANGUAGE sql STABLE SET search_path = such_market, pg_temp AS $$
    WITH held AS MATERIALIZED (
        SELECT h.owner_address AS w, h.contract_address AS c, count(*) AS tokens, sum(h.balance) AS balance
        FROM nft_ownership AS h WHERE h.owner_address >= lo AND h.owner_address < hi GROUP BY 1, 2),
    users AS (
        SELECT u.user_address AS w, u.contract_address AS c, u.token_count, u.balance
        FROM user_collections AS u WHERE u.user_address >= lo AND u.user_address < hi),
    mapped AS (
        SELECT m.wallet_address AS w, m.contract_address AS c, m.token_count, m.balance
        FROM wallet_collection_mapping AS m WHERE m.wallet_address >= lo AND m.wallet_address < hi)
    SELECT coalesce(held.w, u.w), coalesce(held.c, u.c)
    FROM held FULL JOIN users AS u ON u.w = held.w AND u.c = held.c
    WHERE (u.token_count, u.balance) IS DISTINCT FROM (held.tokens, held.balance)
    UNION
    SELECT coalesce(held.w, m.w), coalesce(held.c, m.c)
    FROM held FULL JOIN mapped AS m ON m.w = held.w AND m.c = held.c
    WHERE (m.token_count, m.balance) IS DISTINCT FROM (coalesce(held.tokens, 0), coalesce(held.balance, 0))
    ORDER BY 1, 2 LIMIT most
$$;

-- Mends up to most wallets' rows of that range, in collections that it takes first; returns how many
-- numbers it changed.  Its own triggers tell the outbox.
CREATE FUNCTION such_market.ownership_mend_wallets(job bigint, lo bytea, hi bytea, most bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wallets bytea[];
    contracts bytea[];
    tokens bigint[];
    balances numeric[];
    changed bigint;
BEGIN
    SELECT array_agg(w.wallet), array_agg(w.contract) INTO wallets, contracts
        FROM ownership_wrong(lo, hi, most) AS w;
    IF wallets IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM lock_collections(array(SELECT DISTINCT c FROM unnest(contracts) AS c
        JOIN collection_stats AS s ON s.contract_address = c));
    -- Once more, now that nobody writes them.
    SELECT array_agg(p.w ORDER BY p.w, p.c), array_agg(p.c ORDER BY p.w, p.c),
            array_agg(h.tokens ORDER BY p.w, p.c), array_agg(h.balance ORDER BY p.w, p.c)
        INTO wallets, contracts, tokens, balances
        FROM unnest(wallets, contracts) AS p (w, c)
        CROSS JOIN LATERAL (SELECT count(*) AS tokens, coalesce(sum(o.balance), 0) AS balance
            FROM nft_ownership AS o WHERE o.owner_address = p.w AND o.contract_address = p.c) AS h;
    INSERT INTO ownership_mends (job, summary, contract_address, wallet_address, field, was, became)
        SELECT ownership_mend_wallets.job, v.summary, m.contract, m.wallet, v.field, v.was, v.became
        FROM unnest(wallets, contracts, tokens, balances) AS m (wallet, contract, tokens, balance)
        LEFT JOIN user_collections AS u ON u.user_address = m.wallet AND u.contract_address = m.contract
        LEFT JOIN wallet_collection_mapping AS w ON w.wallet_address = m.wallet AND w.contract_address = m.contract
        CROSS JOIN LATERAL (VALUES
            ('user_collections', 'token_count', u.token_count::text, nullif(m.tokens, 0)::text),
            ('user_collections', 'balance', u.balance::text, CASE WHEN m.tokens > 0 THEN m.balance END::text),
            ('wallet_collection_mapping', 'token_count', w.token_count::text,
                CASE WHEN m.tokens > 0 OR w.token_count IS NOT NULL THEN m.tokens END::text),
            ('wallet_collection_mapping', 'balance', w.balance::text,
                CASE WHEN m.tokens > 0 OR w.token_count IS NOT NULL THEN m.balance END::text))
            AS v (summary, field, was, became)
        WHERE v.was IS DISTINCT FROM v.became;
    GET DIAGNOSTICS changed = ROW_COUNT;
    DELETE FROM user_collections AS u USING unnest(wallets, contracts, tokens, balances) AS m (wallet, contract, tokens, balance)
        WHERE u.user_address = m.wallet AND u.contract_address = m.contract AND m.tokens = 0;
    INSERT INTO user_collections AS u (contract_address, user_address, token_count, balance)
        SELECT m.contract, m.wallet, m.tokens, m.balance FROM unnest(wallets, contracts, tokens, balances) AS m (wallet, contract, tokens, balance)
        WHERE m.tokens > 0
        ON CONFLICT (user_address, contract_address) DO UPDATE
            SET token_count = excluded.token_count, balance = excluded.balance, last_updated_at = now()
            WHERE (u.token_count, u.balance) IS DISTINCT FROM (excluded.token_count, excluded.balance);
    UPDATE wallet_collection_mapping AS w SET token_count = m.tokens, balance = m.balance
        FROM unnest(wallets, contracts, tokens, balances) AS m (wallet, contract, tokens, balance)
        WHERE w.wallet_address = m.wallet AND w.contract_address = m.contract
            AND (w.token_count, w.balance) IS DISTINCT FROM (m.tokens, m.balance);
    INSERT INTO wallet_collection_mapping (wallet_address, contract_address, token_count, balance)
        SELECT m.wallet, m.contract, m.tokens, m.balance FROM unnest(wallets, contracts, tokens, balances) AS m (wallet, contract, tokens, balance)
        WHERE m.tokens > 0 ON CONFLICT DO NOTHING;
    INSERT INTO owner_marks AS o (contract_address, marks)
        SELECT m.contract, owner_marks_of(array_agg(m.wallet)) FROM unnest(wallets, contracts, tokens, balances) AS m (wallet, contract, tokens, balance)
        GROUP BY m.contract ORDER BY 1
        ON CONFLICT (contract_address) DO UPDATE SET marks = o.marks | excluded.marks;
    RETURN changed;
END $$;

-- The counts of a collection, read at one moment, and mended by what they were wrong by: writers go on
-- meanwhile, and what they add is not lost.  Its wallets' rows are to be right before.
CREATE FUNCTION such_market.ownership_mend_collection(job bigint, contract bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    was collection_stats;
    became collection_stats;
    changed bigint;
BEGIN
    SELECT s.*, h.holdings, u.owners, h.balance, n.tokens, t.moves INTO
            was.contract_address, was.token_count, was.owner_count, was.balance, was.holding_count,
            was.transfer_count, was.last_transfer_at,
            became.holding_count, became.owner_count, became.balance, became.token_count, became.transfer_count
        FROM (SELECT s.contract_address, s.token_count, s.owner_count, s.balance, s.holding_count,
                  s.transfer_count, s.last_transfer_at
              FROM collection_stats AS s WHERE s.contract_address = contract) AS s
        CROSS JOIN LATERAL (SELECT count(*) AS holdings, coalesce(sum(o.balance), 0) AS balance
            FROM nft_ownership AS o WHERE o.contract_address = contract) AS h
        CROSS JOIN LATERAL (SELECT count(*) AS owners FROM user_collections AS u
            WHERE u.contract_address = contract) AS u
        CROSS JOIN LATERAL (SELECT count(*) AS tokens FROM nfts AS n WHERE n.contract_address = contract) AS n
        CROSS JOIN LATERAL (SELECT count(*) AS moves FROM transfers AS t WHERE t.contract_address = contract) AS t;
    IF NOT FOUND OR (was.token_count, was.owner_count, was.balance, was.holding_count, was.transfer_count)
            = (became.token_count, became.owner_count, became.balance, became.holding_count, became.transfer_count) THEN
        RETURN 0;
    END IF;
    INSERT INTO ownership_mends (job, summary, contract_address, field, was, became)
        SELECT ownership_mend_collection.job, 'collection_stats', contract, v.field, v.was::text, v.became::text
        FROM (VALUES ('token_count', was.token_count::numeric, became.token_count::numeric),
            ('owner_count', was.owner_count, became.owner_count), ('balance', was.balance, became.balance),
            ('holding_count', was.holding_count, became.holding_count),
            ('transfer_count', was.transfer_count, became.transfer_count)) AS v (field, was, became)
        WHERE v.was <> v.became;
    GET DIAGNOSTICS changed = ROW_COUNT;
    UPDATE collection_stats AS s
        SET token_count = s.token_count + became.token_count - was.token_count,
            owner_count = s.owner_count + became.owner_count - was.owner_count,
            balance = s.balance + became.balance - was.balance,
            holding_count = s.holding_count + became.holding_count - was.holding_count,
            transfer_count = s.transfer_count + became.transfer_count - was.transfer_count
        WHERE s.contract_address = contract;
    RETURN changed;
END $$;

-- Forgets what was mended longer ago than keep, at most so many; returns how many went.
CREATE FUNCTION such_market.ownership_mends_prune(keep interval, most bigint DEFAULT 10000) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
    WITH gone AS (
        DELETE FROM ownership_mends WHERE ctid = ANY (array(SELECT m.ctid FROM ownership_mends AS m
            WHERE m.at < clock_timestamp() - keep ORDER BY m.at LIMIT most)) RETURNING 1)
    SELECT count(*) FROM gone
$$;

REVOKE ALL ON FUNCTION such_market.owner_chunk_begin(integer), such_market.owner_marks_take(),
    such_market.owner_chunks_count(integer), such_market.ownership_wrong(bytea, bytea, bigint),
    such_market.ownership_mend_wallets(bigint, bytea, bytea, bigint),
    such_market.ownership_mend_collection(bigint, bytea),
    such_market.ownership_mends_prune(interval, bigint) FROM PUBLIC;
GRANT SELECT ON such_market.owner_marks, such_market.owner_chunks, such_market.ownership_mends
    TO :app_role, :maintenance_role;
GRANT EXECUTE ON FUNCTION such_market.owner_marks_take(), such_market.owner_chunks_count(integer),
    such_market.ownership_mend_wallets(bigint, bytea, bytea, bigint),
    such_market.ownership_mend_collection(bigint, bytea) TO :app_role;
GRANT EXECUTE ON FUNCTION such_market.ownership_mends_prune(interval, bigint) TO :maintenance_role;
