-- Traits and rarity, derived from nfts.attributes (docs/design/rarity.md has the formula).
-- Whoever changes attributes of tokens calls, in the same transaction,
--     such_market.derive_token_traits(contract, tokens)
-- and afterwards, once, such_market.derive_rarity(contract).  derive_traits(contract) does the
-- first for every token of a collection.

-- The traits in attributes of answer shape.  A trait has a type and a value: an attribute without
-- a type, with an empty one or with the value null is shown with its token, but is no trait.
-- Numbers are written without trailing zeros, so that 3 and 3.0 are one value.
CREATE FUNCTION such_market.attribute_traits(attributes jsonb)
RETURNS TABLE (trait_type text, value text, kind text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT t.trait_type,
        CASE WHEN t.kind = 'string' THEN t.value ELSE trim_scale(t.value::numeric)::text END,
        t.kind
    FROM (
        SELECT a ->> 'traitType' AS trait_type, a ->> 'value' AS value,
            CASE
            WHEN jsonb_typeof(a -> 'value') <> 'number'
                AND (a ->> 'displayType' IS NULL OR a ->> 'value' !~ '^-?[0-9]{1,30}(\.[0-9]{1,30})?$')
                THEN 'string'
            WHEN a ->> 'displayType' = 'date' THEN 'date'
            WHEN jsonb_typeof(a -> 'value') = 'number' THEN 'number'
            WHEN a ->> 'displayType' IN ('number', 'boost_number', 'boost_percentage') THEN 'number'
            ELSE 'string'
            END AS kind
        FROM jsonb_array_elements(attributes) AS a
    ) AS t
    WHERE t.trait_type <> '' AND t.value IS NOT NULL
$$;

-- Makes token_traits and the counts in collection_traits say what the attributes of these tokens
-- say; returns how many token_traits rows changed.  One derivation of a collection at a time.
-- Rows are found by subqueries of their own and written by ctid: for a collection that is just
-- being filled the statistics are wrong, and joins planned by them would be quadratic.
CREATE FUNCTION such_market.derive_token_traits(contract bytea, tokens numeric[])
RETURNS bigint
LANGUAGE plpgsql
SET search_path = such_market, public, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(contract, 'hex'), 7));
    WITH want AS MATERIALIZED (
        SELECT DISTINCT n.token_id, t.trait_type, t.value, t.kind
        FROM unnest(tokens) AS k (token_id)
        CROSS JOIN LATERAL (SELECT f.token_id, f.attributes FROM nfts AS f
            WHERE f.contract_address = contract AND f.token_id = k.token_id OFFSET 0) AS n
        CROSS JOIN LATERAL attribute_traits(n.attributes) AS t
    ), counted AS MATERIALIZED (
        SELECT w.trait_type, w.value, w.kind, count(*) AS tokens
        FROM want AS w GROUP BY 1, 2, 3
    ), known AS MATERIALIZED (
        SELECT * FROM (SELECT w.trait_type, w.value, w.kind,
                (SELECT c.trait_id FROM collection_traits AS c
                WHERE c.contract_address = contract AND md5(c.trait_type) = md5(w.trait_type)
                    AND md5(c.value) = md5(w.value) AND c.kind = w.kind) AS trait_id
            FROM counted AS w OFFSET 0) AS k
        WHERE k.trait_id IS NOT NULL
    ), fresh AS (
        -- A new value counts its tokens at once: the last step cannot see its row.
        INSERT INTO collection_traits AS c (contract_address, trait_type, value, kind, token_count)
        SELECT contract, w.trait_type, w.value, w.kind, w.tokens
        FROM counted AS w
        WHERE NOT EXISTS (SELECT FROM known AS k
            WHERE k.trait_type = w.trait_type AND k.value = w.value AND k.kind = w.kind)
        ORDER BY w.trait_type, w.value
        RETURNING c.trait_type, c.value, c.kind, c.trait_id
    ), ids AS (
        SELECT * FROM known UNION ALL SELECT * FROM fresh
    ), target AS MATERIALIZED (
        SELECT w.token_id, i.trait_id
        FROM want AS w JOIN ids AS i USING (trait_type, value, kind)
    ), held AS MATERIALIZED (
        SELECT h.token_id, h.trait_id, h.at
        FROM unnest(tokens) AS t (token_id)
        CROSS JOIN LATERAL (SELECT tt.token_id, tt.trait_id, tt.ctid AS at
            FROM token_traits AS tt
            WHERE tt.contract_address = contract AND tt.token_id = t.token_id OFFSET 0) AS h
    ), gone AS (
        DELETE FROM token_traits AS tt
        WHERE tt.ctid = ANY (array(SELECT h.at FROM held AS h
            WHERE NOT EXISTS (SELECT FROM target AS g
                WHERE g.token_id = h.token_id AND g.trait_id = h.trait_id)))
        RETURNING tt.trait_id
    ), added AS (
        INSERT INTO token_traits AS tt (contract_address, trait_id, token_id)
        -- Token by token: the index that compares numerics is then written in its order.
        SELECT (SELECT contract::address), n.trait_id, n.token_id
        FROM target AS n
        WHERE NOT EXISTS (SELECT FROM held AS h
            WHERE h.token_id = n.token_id AND h.trait_id = n.trait_id)
        ORDER BY n.token_id, n.trait_id
        RETURNING tt.trait_id
    ), delta AS (
        SELECT d.trait_id, sum(d.step) AS step
        FROM (SELECT a.trait_id, 1 AS step FROM added AS a
            UNION ALL SELECT g.trait_id, -1 FROM gone AS g) AS d
        GROUP BY d.trait_id HAVING sum(d.step) <> 0
    ), moved AS (
        UPDATE collection_traits AS c
        SET token_count = c.token_count + d.step, updated_at = now()
        FROM (SELECT e.step, (SELECT x.ctid FROM collection_traits AS x
                WHERE x.trait_id = e.trait_id) AS at
            FROM delta AS e OFFSET 0) AS d
        WHERE c.ctid = d.at
    )
    SELECT (SELECT count(*) FROM added) + (SELECT count(*) FROM gone) INTO changed;
    RETURN changed;
END
$$;

-- Forgets values that no token has any more.  Of token_traits no row speaks of them.
CREATE FUNCTION such_market.derive_prune(contract bytea)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = such_market, public, pg_temp
AS $$
DECLARE
    gone bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(contract, 'hex'), 7));
    DELETE FROM collection_traits AS c WHERE c.contract_address = contract AND c.token_count = 0;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

-- Every token of a collection, 10,000 at a time, in one transaction.
CREATE FUNCTION such_market.derive_traits(contract bytea)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = such_market, public, pg_temp
AS $$
DECLARE
    changed bigint := 0;
    last numeric := -1;
    tokens numeric[];
BEGIN
    LOOP
        SELECT array_agg(n.token_id), max(n.token_id) INTO tokens, last
        FROM (SELECT f.token_id FROM nfts AS f
            WHERE f.contract_address = contract AND f.token_id > last
            ORDER BY f.token_id LIMIT 10000) AS n;
        EXIT WHEN tokens IS NULL;
        changed := changed + derive_token_traits(contract, tokens);
    END LOOP;
    PERFORM derive_prune(contract);
    RETURN changed;
END
$$;

-- Where rarity is computed: a session's own tables, so that an import can rank tokens before it
-- writes them.  Numbers stand for tokens and traits: they are compared many times.
-- rarity_token: the tokens that take part; rarity_trait: the traits that count; rarity_value: which
-- token has which trait, each pair once (others than those are passed over).
CREATE FUNCTION such_market.rarity_begin()
RETURNS void
LANGUAGE plpgsql
SET search_path = such_market, public, pg_temp
SET client_min_messages = warning
AS $$
BEGIN
    CREATE TEMP TABLE IF NOT EXISTS rarity_token (no bigint NOT NULL, token_id numeric NOT NULL);
    CREATE TEMP TABLE IF NOT EXISTS rarity_trait (
        trait bigint NOT NULL, trait_type text NOT NULL, value text NOT NULL);
    CREATE TEMP TABLE IF NOT EXISTS rarity_value (no bigint NOT NULL, trait bigint NOT NULL);
    TRUNCATE pg_temp.rarity_token, pg_temp.rarity_trait, pg_temp.rarity_value;
END
$$;

-- Information content as OpenRarity defines it, over the session's tables.  Scores are rounded to
-- nine decimals so that equal tokens tie whatever the order of summing; ties share a rank and the
-- next rank counts them (1, 2, 2, 4).  No string trait at all: no ranks.
-- plain: the caller knows that no two traits are one value and no token has two values of a type.
CREATE FUNCTION such_market.rarity_scores(plain boolean DEFAULT false)
RETURNS TABLE (no bigint, score double precision, rank integer)
LANGUAGE plpgsql
SET search_path = such_market, public, pg_temp
SET enable_mergejoin = off -- few traits, many tokens: sorting the tokens by trait is dear
AS $$
BEGIN
    RETURN QUERY
    WITH supply AS (
        SELECT count(*)::float8 AS n FROM pg_temp.rarity_token
    ), code AS MATERIALIZED (
        -- Case and outer spaces do not make another value.
        SELECT r.trait,
            dense_rank() OVER (ORDER BY lower(btrim(r.trait_type))) AS t,
            dense_rank() OVER (ORDER BY lower(btrim(r.trait_type)), lower(btrim(r.value))) AS v
        FROM pg_temp.rarity_trait AS r
    ), held AS MATERIALIZED (
        -- Two traits may be one value; of several values of a type the first tells that it has one.
        SELECT o.no, o.t, o.v, o.first
        FROM (SELECT r.no, c.t, c.v, lag(c.v) OVER token IS DISTINCT FROM c.v AS other,
                lag(c.t) OVER token IS DISTINCT FROM c.t AS first
            FROM pg_temp.rarity_value AS r JOIN code AS c USING (trait)
            WHERE NOT plain
            WINDOW token AS (PARTITION BY r.no ORDER BY c.v)) AS o
        WHERE o.other
        UNION ALL
        SELECT r.no, c.t, c.v, true FROM pg_temp.rarity_value AS r JOIN code AS c USING (trait) WHERE plain
    ), bits AS MATERIALIZED (
        -- Of a value its share; of a type the share of tokens without it.
        SELECT c.v, c.of_v / s.n AS p, log(2, (s.n / c.of_v)::numeric)::float8 AS bits,
            c.t, (s.n - c.of_t) / s.n AS null_p, c.v = c.first_v AS first,
            CASE WHEN c.of_t < s.n THEN log(2, (s.n / (s.n - c.of_t))::numeric)::float8 ELSE 0 END AS null_bits
        FROM (SELECT h.v, h.t, count(*) AS of_v, min(h.v) OVER type AS first_v,
                sum(count(*) FILTER (WHERE h.first)) OVER type AS of_t
            FROM held AS h GROUP BY h.v, h.t WINDOW type AS (PARTITION BY h.t)) AS c
        CROSS JOIN supply AS s
    ), whole AS (
        SELECT sum(b.null_bits) FILTER (WHERE b.first) AS nulls,
            sum(b.p * b.bits) + sum(b.null_p * b.null_bits) FILTER (WHERE b.first) AS entropy
        FROM bits AS b
    ), gained AS (
        SELECT h.no, sum(CASE WHEN h.first THEN b.bits - b.null_bits ELSE b.bits END) AS bits
        FROM held AS h JOIN bits AS b USING (v)
        GROUP BY h.no
    ), scored AS (
        SELECT k.no,
            round((w.nulls + coalesce(g.bits, 0)) / coalesce(nullif(w.entropy, 0), 1) * 1e9) / 1e9 AS score
        FROM pg_temp.rarity_token AS k CROSS JOIN whole AS w LEFT JOIN gained AS g USING (no)
        WHERE w.nulls IS NOT NULL
    )
    SELECT s.no, s.score, (rank() OVER (ORDER BY s.score DESC))::integer
    FROM scored AS s;
END
$$;

-- Ranks a whole collection in one transaction; returns how many tokens changed.  Tokens whose
-- metadata is not known take no part and have no rank.
CREATE FUNCTION such_market.derive_rarity(contract bytea)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = such_market, public, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(contract, 'hex'), 7));
    PERFORM rarity_begin();
    INSERT INTO pg_temp.rarity_token
        SELECT row_number() OVER (), n.token_id
        FROM nfts AS n WHERE n.contract_address = contract AND n.metadata IS NOT NULL;
    INSERT INTO pg_temp.rarity_trait
        SELECT c.trait_id, c.trait_type, c.value
        FROM collection_traits AS c WHERE c.contract_address = contract AND c.kind = 'string';
    INSERT INTO pg_temp.rarity_value
        SELECT k.no, tt.trait_id
        FROM pg_temp.rarity_trait AS c
        JOIN token_traits AS tt ON tt.contract_address = contract AND tt.trait_id = c.trait
        JOIN pg_temp.rarity_token AS k ON k.token_id = tt.token_id;
    ANALYZE pg_temp.rarity_token, pg_temp.rarity_value;
    WITH scores AS MATERIALIZED (
        SELECT k.token_id, s.score, s.rank FROM rarity_scores() AS s JOIN pg_temp.rarity_token AS k USING (no)
    )
    UPDATE nfts AS n SET rarity_rank = d.rank, rarity_score = d.score, updated_at = now()
    FROM (SELECT o.token_id, s.rank, s.score
        FROM nfts AS o LEFT JOIN scores AS s ON s.token_id = o.token_id
        WHERE o.contract_address = contract
            AND (o.rarity_rank, o.rarity_score) IS DISTINCT FROM (s.rank, s.score)) AS d
    WHERE n.contract_address = contract AND n.token_id = d.token_id;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$$;
