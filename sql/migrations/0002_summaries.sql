-- Summaries kept by statement triggers: exact after every statement, whoever writes.
--
-- Order of locks, the same for every statement: rows of the table written (by the statement
-- itself), then the collections' rows of collection_stats in key order, then
-- wallet_collection_mapping, then user_collections, each in key order.  All summary rows belong
-- to one collection, so whoever holds its stats row may write them in any number of passes (one
-- INSERT … ON CONFLICT or a statement of several parts fires several).  Therefore one-statement
-- transactions cannot deadlock here; a transaction of several statements begins with
-- lock_collections().
--
-- The functions run as their owner: the application has no direct way to the summaries.  Plans
-- live as long as a session and are made from whatever size of statement came first; without
-- hash and merge joins they stay right for any size.

-- How many wallets hold anything cannot be added up from collections, and a counter of all would be
-- a row that every writer waits for.  So the wallets are counted by their first byte, when somebody
-- asks, and only where it is needed: here stands, for each collection, which first bytes wallets
-- have that came or went (a bit each); whoever asks takes the marks away and counts (0011).
CREATE TABLE such_market.owner_marks (
    contract_address such_market.address PRIMARY KEY,
    marks bit(256) NOT NULL
);
-- outbox: not such_market.owner_marks: what is to be counted again

-- Of more wallets than it is worth looking at: all.
CREATE FUNCTION such_market.owner_marks_of(wallets bytea[]) RETURNS bit(256)
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cardinality(wallets) > 64 THEN ~ B'0'::bit(256)
        ELSE (SELECT bit_or(set_bit(B'0'::bit(256), get_byte(w, 0), 1)) FROM unnest(wallets) AS w) END
$$;

-- Takes the collections for the rest of the transaction.  Unknown ones: foreign_key_violation.
CREATE FUNCTION such_market.lock_collections(contracts bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
DECLARE
    locked bigint;
BEGIN
    PERFORM FROM collection_stats WHERE contract_address = ANY (contracts)
        ORDER BY contract_address FOR NO KEY UPDATE;
    GET DIAGNOSTICS locked = ROW_COUNT;
    IF locked <> (SELECT count(DISTINCT c) FROM unnest(contracts) AS c) THEN
        RAISE foreign_key_violation USING MESSAGE = 'no such collection: '
            || (SELECT min(encode(c, 'hex')) FROM unnest(contracts) AS c
                WHERE c NOT IN (SELECT s.contract_address FROM collection_stats AS s));
    END IF;
END $$;

-- Every collection has its row of counts from its first day.
CREATE FUNCTION such_market.make_collection_stats() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
BEGIN
    INSERT INTO collection_stats (contract_address)
        SELECT contract_address FROM new_rows ORDER BY contract_address;
    RETURN NULL;
END $$;
CREATE TRIGGER collections_stats AFTER INSERT ON such_market.collections
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.make_collection_stats();

-- With a collection goes everything it had (its stats and traits by their foreign keys, before).
CREATE FUNCTION such_market.forget_collection() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp AS $$
BEGIN
    DELETE FROM nft_ownership USING old_rows AS o WHERE nft_ownership.contract_address = o.contract_address;
    DELETE FROM token_traits USING old_rows AS o WHERE token_traits.contract_address = o.contract_address;
    DELETE FROM nfts USING old_rows AS o WHERE nfts.contract_address = o.contract_address;
    DELETE FROM transfers USING old_rows AS o WHERE transfers.contract_address = o.contract_address;
    DELETE FROM user_collections USING old_rows AS o WHERE user_collections.contract_address = o.contract_address;
    DELETE FROM wallet_collection_mapping USING old_rows AS o
        WHERE wallet_collection_mapping.contract_address = o.contract_address;
    INSERT INTO owner_marks (contract_address, marks)
        SELECT contract_address, ~ B'0'::bit(256) FROM old_rows ORDER BY contract_address
        ON CONFLICT (contract_address) DO UPDATE SET marks = excluded.marks;
    RETURN NULL;
END $$;
CREATE TRIGGER collections_forget AFTER DELETE ON such_market.collections
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.forget_collection();

-- The two functions below add up what a statement changed for each holder (moved; had: tokens
-- the summary knew before, or at: where its row is; NULL when it has none) and write each summary
-- row once.

-- nft_ownership -> wallet_collection_mapping: what a wallet holds, and when it last held it.
CREATE FUNCTION such_market.update_wallet_collection_mapping() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM lock_collections(array(SELECT DISTINCT contract_address::bytea FROM new_rows));
        WITH moved AS MATERIALIZED (
            SELECT d.*, w.ctid AS at
            FROM (SELECT owner_address, contract_address, count(*) AS tokens, sum(balance) AS balance
                  FROM new_rows GROUP BY owner_address, contract_address) AS d
            LEFT JOIN wallet_collection_mapping AS w
                ON w.wallet_address = d.owner_address AND w.contract_address = d.contract_address
            ORDER BY d.owner_address, d.contract_address),
        known AS (
            UPDATE wallet_collection_mapping AS w
                SET token_count = w.token_count + moved.tokens, balance = w.balance + moved.balance,
                    last_owned_at = greatest(w.last_owned_at, now())
                FROM moved
                WHERE w.ctid = moved.at AND w.wallet_address = moved.owner_address
                    AND w.contract_address = moved.contract_address)
        INSERT INTO wallet_collection_mapping
            (wallet_address, contract_address, token_count, balance, last_owned_at)
            SELECT owner_address, contract_address, tokens, balance, now() FROM moved WHERE at IS NULL;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM FROM collection_stats
            WHERE contract_address IN (SELECT contract_address FROM old_rows)
            ORDER BY contract_address FOR NO KEY UPDATE;
        WITH moved AS MATERIALIZED (
            SELECT d.*, w.token_count AS had
            FROM (SELECT owner_address, contract_address, -count(*) AS tokens, -sum(balance) AS balance
                  FROM old_rows GROUP BY owner_address, contract_address) AS d
            LEFT JOIN wallet_collection_mapping AS w
                ON w.wallet_address = d.owner_address AND w.contract_address = d.contract_address
            ORDER BY d.owner_address, d.contract_address),
        known AS (
            UPDATE wallet_collection_mapping AS w
                SET token_count = w.token_count + moved.tokens, balance = w.balance + moved.balance,
                    last_owned_at = greatest(w.last_owned_at, now())
                FROM moved
                WHERE w.wallet_address = moved.owner_address
                    AND w.contract_address = moved.contract_address AND moved.had IS NOT NULL)
        INSERT INTO wallet_collection_mapping
            (wallet_address, contract_address, token_count, balance, last_owned_at)
            SELECT owner_address, contract_address, tokens, balance, now() FROM moved WHERE had IS NULL;
    ELSE
        PERFORM lock_collections(array(SELECT contract_address::bytea FROM new_rows
            UNION SELECT contract_address FROM old_rows));
        WITH moved AS MATERIALIZED (
            SELECT d.*, w.token_count AS had
            FROM (SELECT owner_address, contract_address, sum(n)::bigint AS tokens, sum(b) AS balance
                  FROM (SELECT owner_address, contract_address, 1 AS n, balance AS b FROM new_rows
                        UNION ALL
                        SELECT owner_address, contract_address, -1, -balance FROM old_rows) AS both_rows
                  GROUP BY owner_address, contract_address HAVING sum(n) <> 0 OR sum(b) <> 0) AS d
            LEFT JOIN wallet_collection_mapping AS w
                ON w.wallet_address = d.owner_address AND w.contract_address = d.contract_address
            ORDER BY d.owner_address, d.contract_address),
        known AS (
            UPDATE wallet_collection_mapping AS w
                SET token_count = w.token_count + moved.tokens, balance = w.balance + moved.balance,
                    last_owned_at = greatest(w.last_owned_at, now())
                FROM moved
                WHERE w.wallet_address = moved.owner_address
                    AND w.contract_address = moved.contract_address AND moved.had IS NOT NULL)
        INSERT INTO wallet_collection_mapping
            (wallet_address, contract_address, token_count, balance, last_owned_at)
            SELECT owner_address, contract_address, tokens, balance, now() FROM moved WHERE had IS NULL;
    END IF;
    RETURN NULL;
END $$;

-- nft_ownership -> user_collections and the collection's owner_count and balance.
CREATE FUNCTION such_market.update_user_collection_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH moved AS MATERIALIZED (
            SELECT d.*, u.ctid AS at
            FROM (SELECT owner_address, contract_address, count(*) AS tokens, sum(balance) AS balance
                  FROM new_rows GROUP BY owner_address, contract_address) AS d
            LEFT JOIN user_collections AS u
                ON u.contract_address = d.contract_address AND u.user_address = d.owner_address
            ORDER BY d.owner_address, d.contract_address),
        known AS (
            UPDATE user_collections AS u
                SET token_count = u.token_count + moved.tokens, balance = u.balance + moved.balance,
                    last_updated_at = now()
                FROM moved
                WHERE u.ctid = moved.at AND u.contract_address = moved.contract_address
                    AND u.user_address = moved.owner_address),
        fresh AS (
            INSERT INTO user_collections
                (contract_address, user_address, token_count, balance, last_updated_at)
                SELECT contract_address, owner_address, tokens, balance, now() FROM moved
                WHERE at IS NULL),
        marked AS (
            INSERT INTO owner_marks AS m (contract_address, marks)
                SELECT contract_address, owner_marks_of(array_agg(owner_address::bytea)) FROM moved
                WHERE at IS NULL GROUP BY contract_address ORDER BY contract_address
                ON CONFLICT (contract_address) DO UPDATE SET marks = m.marks | excluded.marks)
        UPDATE collection_stats AS s
            SET owner_count = s.owner_count + d.owners, balance = s.balance + d.balance,
                holding_count = s.holding_count + d.holdings
            FROM (SELECT contract_address, sum(balance) AS balance, sum(tokens) AS holdings,
                      count(*) FILTER (WHERE at IS NULL) AS owners
                  FROM moved GROUP BY contract_address) AS d
            WHERE s.contract_address = d.contract_address;
        -- After the stats rows are held: a token cannot go away meanwhile (see nfts below).
        IF EXISTS (SELECT FROM (SELECT DISTINCT contract_address, token_id FROM new_rows) AS n
                WHERE NOT EXISTS (SELECT FROM nfts AS t
                    WHERE t.contract_address = n.contract_address AND t.token_id = n.token_id)) THEN
            RAISE foreign_key_violation USING MESSAGE = 'ownership of a token that is not in nfts';
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        WITH moved AS MATERIALIZED (
            SELECT d.*, u.token_count AS had
            FROM (SELECT owner_address, contract_address, -count(*) AS tokens, -sum(balance) AS balance
                  FROM old_rows GROUP BY owner_address, contract_address) AS d
            LEFT JOIN user_collections AS u
                ON u.contract_address = d.contract_address AND u.user_address = d.owner_address
            ORDER BY d.owner_address, d.contract_address),
        gone AS (
            DELETE FROM user_collections AS u USING moved
                WHERE u.contract_address = moved.contract_address
                    AND u.user_address = moved.owner_address AND moved.had + moved.tokens = 0),
        known AS (
            UPDATE user_collections AS u
                SET token_count = u.token_count + moved.tokens, balance = u.balance + moved.balance,
                    last_updated_at = now()
                FROM moved
                WHERE u.contract_address = moved.contract_address
                    AND u.user_address = moved.owner_address AND moved.had + moved.tokens <> 0),
        fresh AS (
            INSERT INTO user_collections
                (contract_address, user_address, token_count, balance, last_updated_at)
                SELECT contract_address, owner_address, tokens, balance, now() FROM moved
                WHERE had IS NULL),
        marked AS (
            INSERT INTO owner_marks AS m (contract_address, marks)
                SELECT contract_address, owner_marks_of(array_agg(owner_address::bytea)) FROM moved
                WHERE had IS NULL OR had + tokens = 0 GROUP BY contract_address ORDER BY contract_address
                ON CONFLICT (contract_address) DO UPDATE SET marks = m.marks | excluded.marks)
        UPDATE collection_stats AS s
            SET owner_count = s.owner_count + d.owners, balance = s.balance + d.balance,
                holding_count = s.holding_count + d.holdings
            FROM (SELECT contract_address, sum(balance) AS balance, sum(tokens) AS holdings,
                      count(*) FILTER (WHERE had IS NULL)
                          - count(*) FILTER (WHERE had + tokens = 0) AS owners
                  FROM moved GROUP BY contract_address) AS d
            WHERE s.contract_address = d.contract_address AND (d.owners <> 0 OR d.balance <> 0 OR d.holdings <> 0);
    ELSE
        WITH moved AS MATERIALIZED (
            SELECT d.*, u.token_count AS had
            FROM (SELECT owner_address, contract_address, sum(n)::bigint AS tokens, sum(b) AS balance
                  FROM (SELECT owner_address, contract_address, 1 AS n, balance AS b FROM new_rows
                        UNION ALL
                        SELECT owner_address, contract_address, -1, -balance FROM old_rows) AS both_rows
                  GROUP BY owner_address, contract_address HAVING sum(n) <> 0 OR sum(b) <> 0) AS d
            LEFT JOIN user_collections AS u
                ON u.contract_address = d.contract_address AND u.user_address = d.owner_address
            ORDER BY d.owner_address, d.contract_address),
        gone AS (
            DELETE FROM user_collections AS u USING moved
                WHERE u.contract_address = moved.contract_address
                    AND u.user_address = moved.owner_address AND moved.had + moved.tokens = 0),
        known AS (
            UPDATE user_collections AS u
                SET token_count = u.token_count + moved.tokens, balance = u.balance + moved.balance,
                    last_updated_at = now()
                FROM moved
                WHERE u.contract_address = moved.contract_address
                    AND u.user_address = moved.owner_address AND moved.had + moved.tokens <> 0),
        fresh AS (
            INSERT INTO user_collections
                (contract_address, user_address, token_count, balance, last_updated_at)
                SELECT contract_address, owner_address, tokens, balance, now() FROM moved
                WHERE had IS NULL),
        marked AS (
            INSERT INTO owner_marks AS m (contract_address, marks)
                SELECT contract_address, owner_marks_of(array_agg(owner_address::bytea)) FROM moved
                WHERE had IS NULL OR had + tokens = 0 GROUP BY contract_address ORDER BY contract_address
                ON CONFLICT (contract_address) DO UPDATE SET marks = m.marks | excluded.marks)
        UPDATE collection_stats AS s
            SET owner_count = s.owner_count + d.owners, balance = s.balance + d.balance,
                holding_count = s.holding_count + d.holdings
            FROM (SELECT contract_address, sum(balance) AS balance, sum(tokens) AS holdings,
                      count(*) FILTER (WHERE had IS NULL)
                          - count(*) FILTER (WHERE had + tokens = 0) AS owners
                  FROM moved GROUP BY contract_address) AS d
            WHERE s.contract_address = d.contract_address AND (d.owners <> 0 OR d.balance <> 0 OR d.holdings <> 0);
        IF EXISTS (SELECT FROM (SELECT DISTINCT contract_address, token_id FROM new_rows) AS n
                WHERE NOT EXISTS (SELECT FROM nfts AS t
                    WHERE t.contract_address = n.contract_address AND t.token_id = n.token_id)) THEN
            RAISE foreign_key_violation USING MESSAGE = 'ownership of a token that is not in nfts';
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Fire by name: mapping, then counts.
CREATE TRIGGER nft_ownership_1_insert AFTER INSERT ON such_market.nft_ownership
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_wallet_collection_mapping();
CREATE TRIGGER nft_ownership_1_update AFTER UPDATE ON such_market.nft_ownership
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_wallet_collection_mapping();
CREATE TRIGGER nft_ownership_1_delete AFTER DELETE ON such_market.nft_ownership
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_wallet_collection_mapping();
CREATE TRIGGER nft_ownership_2_insert AFTER INSERT ON such_market.nft_ownership
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_user_collection_count();
CREATE TRIGGER nft_ownership_2_update AFTER UPDATE ON such_market.nft_ownership
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_user_collection_count();
CREATE TRIGGER nft_ownership_2_delete AFTER DELETE ON such_market.nft_ownership
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_user_collection_count();

-- nfts -> token_count.  A token that somebody holds stays; its key never changes.
CREATE FUNCTION such_market.update_token_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM lock_collections(array(SELECT DISTINCT contract_address::bytea FROM new_rows));
        UPDATE collection_stats AS s SET token_count = s.token_count + came.n
            FROM (SELECT contract_address, count(*) AS n FROM new_rows GROUP BY contract_address) AS came
            WHERE s.contract_address = came.contract_address;
        RETURN NULL;
    END IF;
    PERFORM FROM collection_stats
        WHERE contract_address IN (SELECT contract_address FROM old_rows)
        ORDER BY contract_address FOR NO KEY UPDATE;
    UPDATE collection_stats AS s SET token_count = s.token_count - went.n
        FROM (SELECT contract_address, count(*) AS n FROM old_rows GROUP BY contract_address) AS went
        WHERE s.contract_address = went.contract_address;
    IF EXISTS (SELECT FROM old_rows AS o JOIN nft_ownership AS h
            ON h.contract_address = o.contract_address AND h.token_id = o.token_id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a token that has owners cannot be deleted';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER nfts_insert AFTER INSERT ON such_market.nfts
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_token_count();
CREATE TRIGGER nfts_delete AFTER DELETE ON such_market.nfts
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_token_count();

-- transfers -> transfer_count and last_transfer_at.
CREATE FUNCTION such_market.update_transfer_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = such_market, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM lock_collections(array(SELECT DISTINCT contract_address::bytea FROM new_rows));
        UPDATE collection_stats AS s
            SET transfer_count = s.transfer_count + came.n,
                last_transfer_at = greatest(s.last_transfer_at, came.latest)
            FROM (SELECT contract_address, count(*) AS n, max(block_time) AS latest
                  FROM new_rows GROUP BY contract_address) AS came
            WHERE s.contract_address = came.contract_address;
        RETURN NULL;
    END IF;
    PERFORM FROM collection_stats
        WHERE contract_address IN (SELECT contract_address FROM old_rows)
        ORDER BY contract_address FOR NO KEY UPDATE;
    UPDATE collection_stats AS s
        SET transfer_count = s.transfer_count - CASE TG_OP WHEN 'DELETE' THEN went.n ELSE 0 END,
            last_transfer_at = (SELECT t.block_time FROM transfers AS t
                WHERE t.contract_address = s.contract_address
                ORDER BY coalesce(t.block_time, 'epoch') DESC, coalesce(t.block_number, 0) DESC, t.id DESC LIMIT 1)
        FROM (SELECT contract_address, count(*) AS n FROM old_rows GROUP BY contract_address) AS went
        WHERE s.contract_address = went.contract_address;
    RETURN NULL;
END $$;
CREATE TRIGGER transfers_insert AFTER INSERT ON such_market.transfers
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_transfer_count();
CREATE TRIGGER transfers_update AFTER UPDATE ON such_market.transfers
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_transfer_count();
CREATE TRIGGER transfers_delete AFTER DELETE ON such_market.transfers
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION such_market.update_transfer_count();

-- What would escape the counting is refused.
CREATE FUNCTION such_market.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE feature_not_supported USING MESSAGE =
        format('%s of such_market.%s is refused: it would bypass the summaries', TG_ARGV[0], TG_TABLE_NAME),
        HINT = 'Use DELETE and INSERT.';
END $$;
CREATE TRIGGER nfts_key BEFORE UPDATE OF contract_address, token_id ON such_market.nfts FOR EACH ROW
    WHEN (OLD.contract_address <> NEW.contract_address OR OLD.token_id <> NEW.token_id)
    EXECUTE FUNCTION such_market.refuse_change('a change of the key');
CREATE TRIGGER transfers_key BEFORE UPDATE OF contract_address ON such_market.transfers FOR EACH ROW
    WHEN (OLD.contract_address <> NEW.contract_address)
    EXECUTE FUNCTION such_market.refuse_change('a change of the collection');
CREATE TRIGGER collections_truncate BEFORE TRUNCATE ON such_market.collections
    EXECUTE FUNCTION such_market.refuse_change('TRUNCATE');
CREATE TRIGGER nfts_truncate BEFORE TRUNCATE ON such_market.nfts
    EXECUTE FUNCTION such_market.refuse_change('TRUNCATE');
CREATE TRIGGER nft_ownership_truncate BEFORE TRUNCATE ON such_market.nft_ownership
    EXECUTE FUNCTION such_market.refuse_change('TRUNCATE');
CREATE TRIGGER transfers_truncate BEFORE TRUNCATE ON such_market.transfers
    EXECUTE FUNCTION such_market.refuse_change('TRUNCATE');

-- A recount: every number of a summary that differs from what the tables say; no rows is right.
-- Of one collection, or of all (NULL).  A missing summary row has is = NULL; one too many, ought = NULL.
CREATE FUNCTION such_market.summary_differences(only_contract bytea DEFAULT NULL)
RETURNS TABLE (summary text, contract_address bytea, wallet_address bytea, field text, "is" text, ought text)
LANGUAGE sql STABLE SET search_path = such_market, pg_temp AS $$
    WITH held AS MATERIALIZED (
        SELECT h.contract_address, h.owner_address, count(*) AS tokens, sum(h.balance) AS balance
        FROM nft_ownership AS h WHERE only_contract IS NULL OR h.contract_address = only_contract
        GROUP BY h.contract_address, h.owner_address),
    per_collection AS (
        SELECT held.contract_address, count(*) AS owners, sum(held.balance) AS balance,
            sum(held.tokens) AS holdings FROM held
        GROUP BY held.contract_address),
    tokens AS (
        SELECT n.contract_address, count(*) AS n FROM nfts AS n
        WHERE only_contract IS NULL OR n.contract_address = only_contract GROUP BY n.contract_address),
    moves AS (
        SELECT t.contract_address, count(*) AS n, max(t.block_time) AS latest FROM transfers AS t
        WHERE only_contract IS NULL OR t.contract_address = only_contract GROUP BY t.contract_address)
    SELECT 'user_collections', coalesce(u.contract_address, held.contract_address),
        coalesce(u.user_address, held.owner_address), v.field, v."is", v.ought
    FROM (SELECT * FROM user_collections
          WHERE only_contract IS NULL OR user_collections.contract_address = only_contract) AS u
    FULL JOIN held ON u.contract_address = held.contract_address AND u.user_address = held.owner_address
    CROSS JOIN LATERAL (VALUES ('token_count', u.token_count::text, held.tokens::text),
        ('balance', u.balance::text, held.balance::text)) AS v (field, "is", ought)
    WHERE v."is" IS DISTINCT FROM v.ought
    UNION ALL
    SELECT 'wallet_collection_mapping', coalesce(w.contract_address, held.contract_address),
        coalesce(w.wallet_address, held.owner_address), v.field, v."is", v.ought
    FROM (SELECT * FROM wallet_collection_mapping AS m
          WHERE only_contract IS NULL OR m.contract_address = only_contract) AS w
    FULL JOIN held ON w.contract_address = held.contract_address AND w.wallet_address = held.owner_address
    CROSS JOIN LATERAL (VALUES ('token_count', w.token_count::text, coalesce(held.tokens, 0)::text),
        ('balance', w.balance::text, coalesce(held.balance, 0)::text)) AS v (field, "is", ought)
    WHERE v."is" IS DISTINCT FROM v.ought
    UNION ALL
    SELECT 'collection_stats', c.contract_address, NULL, v.field, v."is", v.ought
    FROM collections AS c
    LEFT JOIN collection_stats AS s ON s.contract_address = c.contract_address
    LEFT JOIN per_collection AS p ON p.contract_address = c.contract_address
    LEFT JOIN tokens ON tokens.contract_address = c.contract_address
    LEFT JOIN moves ON moves.contract_address = c.contract_address
    CROSS JOIN LATERAL (VALUES ('token_count', s.token_count::text, coalesce(tokens.n, 0)::text),
        ('owner_count', s.owner_count::text, coalesce(p.owners, 0)::text),
        ('balance', s.balance::text, coalesce(p.balance, 0)::text),
        ('holding_count', s.holding_count::text, coalesce(p.holdings, 0)::text),
        ('transfer_count', s.transfer_count::text, coalesce(moves.n, 0)::text),
        ('last_transfer_at', s.last_transfer_at::text, moves.latest::text)) AS v (field, "is", ought)
    WHERE (only_contract IS NULL OR c.contract_address = only_contract)
        AND v."is" IS DISTINCT FROM v.ought
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA such_market FROM PUBLIC;
GRANT EXECUTE ON FUNCTION such_market.lock_collections(bytea[]), such_market.summary_differences(bytea)
    TO :app_role, :maintenance_role;
