-- Takes over what the older system kept in schema public: collections, nfts (with their
-- owner_address), nft_ownership, fc_users, user_nft_cache, wallet_collection_mapping and
-- user_collections, whichever of them exist, with whatever columns they have (rows are read as
-- JSON: a missing column is null).  It only adds: what is known here already is newer and stays.
-- It may run again at any time (`such-market migrate` runs it once).  A value that cannot be taken
-- stops nothing: it goes to legacy_rejects with the reason, so that for every source
--     total = taken + present + rejected.

-- What an older system said a wallet holds, of contracts whose tokens are not counted here.
CREATE TABLE such_market.wallet_contracts (
    wallet_address such_market.address NOT NULL,
    contract_address such_market.address NOT NULL
        REFERENCES such_market.collections ON DELETE CASCADE,
    token_count bigint NOT NULL CHECK (token_count >= 0),
    balance numeric(98, 0) NOT NULL CHECK (balance >= 0),
    name text,
    symbol text,
    spam boolean,
    source text NOT NULL, -- the table of the older system
    last_updated_at timestamptz NOT NULL,
    PRIMARY KEY (wallet_address, contract_address)
);
CREATE INDEX wallet_contracts_contract ON such_market.wallet_contracts (contract_address);

-- What could not be taken over; made anew for each source at every run.
CREATE TABLE such_market.legacy_rejects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    reason text NOT NULL,
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Readers of old values: NULL when there is no such value in the text.
CREATE FUNCTION such_market.legacy_address(t text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN btrim(t) ~* '^0x[0-9a-f]{40}$' THEN decode(substr(btrim(t), 3), 'hex') END
$$;
CREATE FUNCTION such_market.legacy_number(t text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    digits text := lower(btrim(t));
    n numeric := 0;
BEGIN
    IF digits ~ '^[0-9]{1,100}$' THEN
        n := digits::numeric;
    ELSIF digits ~ '^0x[0-9a-f]{1,64}$' THEN
        FOR i IN 3..length(digits) LOOP
            n := n * 16 + strpos('0123456789abcdef', substr(digits, i, 1)) - 1;
        END LOOP;
    ELSE
        RETURN NULL;
    END IF;
    RETURN CASE WHEN n < 115792089237316195423570985008687907853269984665640564039457584007913129639936 THEN n END;
END $$;
CREATE FUNCTION such_market.legacy_time(t text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN t::timestamptz;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;
CREATE FUNCTION such_market.legacy_type(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE regexp_replace(upper(t), '[^A-Z0-9]', '', 'g')
        WHEN 'ERC721' THEN 'ERC721' WHEN 'ERC1155' THEN 'ERC1155'
        WHEN 'CRYPTOPUNKS' THEN 'CRYPTOPUNKS' ELSE 'UNKNOWN' END
$$;
-- Attributes as nfts keeps them, from a list of objects, a list of values or one object.
CREATE FUNCTION such_market.legacy_attributes(a jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(CASE jsonb_typeof(a)
        WHEN 'array' THEN (SELECT jsonb_agg(CASE jsonb_typeof(e)
                WHEN 'object' THEN jsonb_build_object(
                    'traitType', coalesce(e ->> 'trait_type', e ->> 'traitType'),
                    'value', e -> 'value',
                    'displayType', coalesce(e ->> 'display_type', e ->> 'displayType'))
                ELSE jsonb_build_object('traitType', NULL, 'value', e, 'displayType', NULL) END ORDER BY n)
            FROM jsonb_array_elements(a) WITH ORDINALITY AS l (e, n))
        WHEN 'object' THEN (SELECT jsonb_agg(
                jsonb_build_object('traitType', k, 'value', v, 'displayType', NULL) ORDER BY k)
            FROM jsonb_each(a) AS o (k, v)) END, '[]')
$$;

-- Collections, and where each old collection id leads (legacy_contract, of this session).
CREATE FUNCTION such_market.take_over_collections() RETURNS TABLE (source text, total bigint, taken bigint, present bigint)
LANGUAGE plpgsql SET search_path = such_market, pg_temp AS $$
BEGIN
    CREATE TEMP TABLE legacy_contract ON COMMIT DROP AS
        SELECT r ->> 'id' AS id, legacy_address(r ->> 'contract_address') AS contract, r,
            row_number() OVER (PARTITION BY legacy_address(r ->> 'contract_address')
                ORDER BY legacy_time(r ->> 'created_at'), r ->> 'id') AS nth
        FROM (SELECT to_jsonb(t) AS r FROM public.collections AS t) AS old;
    DELETE FROM legacy_rejects AS x WHERE x.source = 'collections';
    INSERT INTO legacy_rejects (source, reason, content)
        SELECT 'collections', CASE WHEN l.contract IS NULL THEN 'contract_address is no address'
            ELSE 'another row has the same contract_address' END, l.r
        FROM legacy_contract AS l WHERE l.contract IS NULL OR l.nth > 1;
    SELECT count(*) INTO present FROM legacy_contract AS l JOIN collections AS c
        ON c.contract_address = l.contract WHERE l.nth = 1;
    INSERT INTO collections (contract_address, id, name, symbol, token_type, total_supply, verified,
            last_refresh_at, refresh_cooldown_until, created_at, updated_at)
        SELECT l.contract,
            CASE WHEN l.id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                AND NOT EXISTS (SELECT FROM collections AS c WHERE c.id::text = lower(l.id))
                THEN l.id::uuid ELSE gen_random_uuid() END,
            l.r ->> 'name', l.r ->> 'symbol', legacy_type(l.r ->> 'token_type'),
            legacy_number(l.r ->> 'total_supply'), coalesce(l.r ->> 'verified' = 'true', false),
            legacy_time(l.r ->> 'last_refresh_at'), legacy_time(l.r ->> 'refresh_cooldown_until'),
            coalesce(legacy_time(l.r ->> 'created_at'), now()),
            coalesce(legacy_time(l.r ->> 'updated_at'), now())
        FROM legacy_contract AS l WHERE l.contract IS NOT NULL AND l.nth = 1
        ORDER BY l.contract
        ON CONFLICT (contract_address) DO NOTHING;
    GET DIAGNOSTICS taken = ROW_COUNT;
    source := 'collections';
    SELECT count(*) INTO total FROM legacy_contract;
    RETURN NEXT;
END $$;

-- Tokens.  Of one that is written twice ("7", "007") the newest row is taken.  A token without
-- attributes gets those that collection_traits told of it.
CREATE FUNCTION such_market.take_over_nfts() RETURNS TABLE (source text, total bigint, taken bigint, present bigint)
LANGUAGE plpgsql SET search_path = such_market, pg_temp AS $$
BEGIN
    CREATE TEMP TABLE legacy_nft ON COMMIT DROP AS
        SELECT k.*, row_number() OVER (PARTITION BY k.contract, k.token
            ORDER BY legacy_time(k.r ->> 'updated_at') DESC NULLS LAST, k.r ->> 'id') AS nth
        FROM (SELECT old.r, c.contract, legacy_number(old.r ->> 'token_id') AS token
            FROM (SELECT to_jsonb(t) AS r FROM public.nfts AS t) AS old
            LEFT JOIN legacy_contract AS c ON c.id = old.r ->> 'collection_id') AS k;
    CREATE TEMP TABLE legacy_trait (contract bytea, token numeric, attributes jsonb) ON COMMIT DROP;
    IF to_regclass('public.collection_traits') IS NOT NULL THEN
        INSERT INTO legacy_trait
            SELECT c.contract, legacy_number(i.token), jsonb_agg(jsonb_build_object('traitType', t.r ->> 'trait_type',
                'value', t.r ->> 'trait_value', 'displayType', NULL) ORDER BY t.r ->> 'trait_type', t.r ->> 'trait_value')
            FROM (SELECT to_jsonb(o) AS r FROM public.collection_traits AS o) AS t
            JOIN legacy_contract AS c ON c.id = t.r ->> 'collection_id'
            CROSS JOIN LATERAL jsonb_array_elements_text(
                CASE jsonb_typeof(t.r -> 'token_ids') WHEN 'array' THEN t.r -> 'token_ids' ELSE '[]' END) AS i (token)
            GROUP BY 1, 2;
    END IF;
    DELETE FROM legacy_rejects AS x WHERE x.source = 'nfts';
    INSERT INTO legacy_rejects (source, reason, content)
        SELECT 'nfts', CASE WHEN l.contract IS NULL THEN 'its collection is not known'
            WHEN l.token IS NULL THEN 'token_id is no number of 256 bits'
            ELSE 'another row has the same token' END, l.r
        FROM legacy_nft AS l WHERE l.contract IS NULL OR l.token IS NULL OR l.nth > 1;
    DELETE FROM legacy_nft AS l WHERE l.contract IS NULL OR l.token IS NULL;
    SELECT count(*) INTO present FROM legacy_nft AS l JOIN nfts AS n
        ON n.contract_address = l.contract AND n.token_id = l.token WHERE l.nth = 1;
    INSERT INTO nfts (contract_address, token_id, name, description, image_url, thumbnail_url,
            attributes, metadata, created_at, updated_at)
        SELECT l.contract, l.token, l.r ->> 'title', l.r ->> 'description',
            coalesce(l.r ->> 'image_url', l.r #>> '{media,0,gateway}'),
            coalesce(l.r ->> 'thumbnail_url', l.r #>> '{media,0,thumbnail}'),
            CASE WHEN a.list = '[]' THEN coalesce(t.attributes, '[]') ELSE a.list END,
            nullif(l.r -> 'metadata', 'null')::json,
            coalesce(legacy_time(l.r ->> 'created_at'), now()), coalesce(legacy_time(l.r ->> 'updated_at'), now())
        FROM legacy_nft AS l
        LEFT JOIN legacy_trait AS t ON t.contract = l.contract AND t.token = l.token
        CROSS JOIN LATERAL (SELECT legacy_attributes(CASE
            WHEN jsonb_typeof(l.r -> 'attributes') IN ('array', 'object') THEN l.r -> 'attributes'
            ELSE l.r #> '{metadata,attributes}' END) AS list) AS a
        WHERE l.nth = 1
        ORDER BY l.contract, l.token
        ON CONFLICT (contract_address, token_id) DO NOTHING;
    GET DIAGNOSTICS taken = ROW_COUNT;
    source := 'nfts';
    total := taken + present + (SELECT count(*) FROM legacy_rejects AS x WHERE x.source = 'nfts');
    IF total <> (SELECT count(*) FROM public.nfts) THEN
        RAISE data_corrupted USING MESSAGE = 'rows of public.nfts are unaccounted for';
    END IF;
    RETURN NEXT;
END $$;

-- Holders, from nft_ownership and then from nfts.owner_address.  A token that has holders here
-- keeps them; a token that is no ERC1155 has one holder, the one verified last.
CREATE FUNCTION such_market.take_over_owners(origin text) RETURNS TABLE (source text, total bigint, taken bigint, present bigint)
LANGUAGE plpgsql SET search_path = such_market, pg_temp AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.legacy_owner;
    CREATE TEMP TABLE legacy_owner (r jsonb, contract bytea, token numeric, owner bytea, amount numeric,
        seen timestamptz, reason text, nth bigint) ON COMMIT DROP;
    INSERT INTO legacy_owner (r, contract, token, owner, amount, seen)
        SELECT old.r, c.contract, legacy_number(old.r ->> 'token_id'), legacy_address(old.r ->> 'owner_address'),
            coalesce(legacy_number(old.r ->> 'balance'), 1),
            coalesce(legacy_time(old.r ->> 'last_verified_at'), legacy_time(old.r ->> 'last_owner_check_at'),
                legacy_time(old.r ->> 'updated_at'), legacy_time(old.r ->> 'created_at'), now())
        FROM take_over_rows(origin) AS old (r)
        LEFT JOIN legacy_contract AS c ON c.id = old.r ->> 'collection_id';
    UPDATE legacy_owner AS l SET reason = CASE WHEN l.contract IS NULL THEN 'its collection is not known'
        WHEN l.token IS NULL THEN 'token_id is no number of 256 bits'
        WHEN l.owner IS NULL THEN 'owner_address is no address'
        WHEN l.owner = '\x0000000000000000000000000000000000000000' THEN 'burned: nobody holds it'
        WHEN l.amount = 0 THEN 'a balance of nothing' END;
    UPDATE legacy_owner AS l SET nth = o.nth
        FROM (SELECT k.ctid AS place, row_number() OVER (PARTITION BY k.contract, k.token,
                CASE WHEN c.token_type = 'ERC1155' THEN k.owner END ORDER BY k.seen DESC, k.owner) AS nth
            FROM legacy_owner AS k JOIN collections AS c ON c.contract_address = k.contract
            WHERE k.reason IS NULL) AS o
        WHERE l.ctid = o.place;
    SELECT count(*) INTO present FROM legacy_owner AS l JOIN nft_ownership AS h
        ON h.contract_address = l.contract AND h.token_id = l.token AND h.owner_address = l.owner
        WHERE l.reason IS NULL AND l.nth = 1;
    UPDATE legacy_owner AS l SET reason = CASE
        WHEN EXISTS (SELECT FROM nft_ownership AS h WHERE h.contract_address = l.contract
            AND h.token_id = l.token AND h.owner_address = l.owner) AND l.nth = 1 THEN 'present'
        WHEN EXISTS (SELECT FROM nft_ownership AS h WHERE h.contract_address = l.contract
            AND h.token_id = l.token) THEN 'the token has other holders here'
        WHEN l.nth > 1 THEN 'another row tells of the same holding, verified later' END
        WHERE l.reason IS NULL;
    DELETE FROM legacy_rejects AS x WHERE x.source = origin;
    INSERT INTO legacy_rejects (source, reason, content)
        SELECT origin, l.reason, l.r FROM legacy_owner AS l WHERE l.reason <> 'present';
    INSERT INTO nfts (contract_address, token_id)
        SELECT DISTINCT l.contract, l.token FROM legacy_owner AS l WHERE l.reason IS NULL
        ORDER BY l.contract, l.token
        ON CONFLICT (contract_address, token_id) DO NOTHING;
    INSERT INTO nft_ownership (contract_address, token_id, owner_address, balance, last_verified_at)
        SELECT l.contract, l.token, l.owner, l.amount, l.seen FROM legacy_owner AS l
        WHERE l.reason IS NULL ORDER BY l.contract, l.token, l.owner;
    GET DIAGNOSTICS taken = ROW_COUNT;
    source := origin;
    SELECT count(*) INTO total FROM legacy_owner;
    RETURN NEXT;
END $$;
-- Rows of a table that may not exist, as JSON.
CREATE FUNCTION such_market.take_over_rows(origin text) RETURNS SETOF jsonb
LANGUAGE plpgsql SET search_path = such_market, pg_temp AS $$
BEGIN
    IF origin = 'nft_ownership' THEN
        RETURN QUERY SELECT to_jsonb(t) FROM public.nft_ownership AS t;
    ELSE -- nfts.owner_address; the metadata is not of interest
        RETURN QUERY SELECT to_jsonb(t) - '{metadata,attributes,media}'::text[] FROM public.nfts AS t
            WHERE to_jsonb(t) ->> 'owner_address' IS NOT NULL;
    END IF;
END $$;

-- Users and their wallets.
CREATE FUNCTION such_market.take_over_users() RETURNS TABLE (source text, total bigint, taken bigint, present bigint)
LANGUAGE plpgsql SET search_path = such_market, pg_temp AS $$
BEGIN
    CREATE TEMP TABLE legacy_user ON COMMIT DROP AS
        SELECT r, CASE WHEN legacy_number(r ->> 'fid') <= 9223372036854775807
                THEN legacy_number(r ->> 'fid')::bigint END AS fid
        FROM (SELECT to_jsonb(t) AS r FROM public.fc_users AS t) AS old;
    CREATE TEMP TABLE legacy_verified ON COMMIT DROP AS
        SELECT l.fid, e.v, e.n, legacy_address(e.v #>> '{}') AS wallet, u.fid IS NOT NULL AS known
        FROM legacy_user AS l
        CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(l.r -> 'verified_addresses')
            WHEN 'array' THEN l.r -> 'verified_addresses'
            WHEN 'null' THEN '[]' ELSE jsonb_build_array(l.r -> 'verified_addresses') END)
            WITH ORDINALITY AS e (v, n)
        LEFT JOIN fc_users AS u ON u.fid = l.fid
        WHERE l.r ? 'verified_addresses';
    DELETE FROM legacy_rejects AS x WHERE x.source IN ('fc_users', 'fc_users.verified_addresses');
    INSERT INTO legacy_rejects (source, reason, content)
        SELECT 'fc_users', 'fid is no number of 63 bits', l.r FROM legacy_user AS l WHERE l.fid IS NULL;
    INSERT INTO legacy_rejects (source, reason, content)
        SELECT 'fc_users.verified_addresses', CASE WHEN l.wallet IS NULL THEN 'no address' ELSE 'its user is refused' END,
            jsonb_build_object('fid', l.fid, 'value', l.v)
        FROM legacy_verified AS l WHERE l.wallet IS NULL OR l.fid IS NULL;
    SELECT count(*) INTO present FROM legacy_user AS l JOIN fc_users AS u ON u.fid = l.fid;
    INSERT INTO fc_users (fid, username, display_name, pfp_url, custody_address, verified_addresses, created_at, updated_at)
        SELECT l.fid, l.r ->> 'username', l.r ->> 'display_name', l.r ->> 'pfp_url',
            legacy_address(l.r ->> 'custody_address'),
            coalesce((SELECT array_agg(v.wallet ORDER BY v.n) FROM legacy_verified AS v
                WHERE v.fid = l.fid AND v.wallet IS NOT NULL), '{}'),
            coalesce(legacy_time(l.r ->> 'created_at'), now()), coalesce(legacy_time(l.r ->> 'updated_at'), now())
        FROM legacy_user AS l WHERE l.fid IS NOT NULL ORDER BY l.fid
        ON CONFLICT (fid) DO NOTHING;
    GET DIAGNOSTICS taken = ROW_COUNT;
    source := 'fc_users';
    SELECT count(*) INTO total FROM legacy_user;
    RETURN NEXT;
    source := 'fc_users.verified_addresses';
    SELECT count(*), count(*) FILTER (WHERE l.wallet IS NOT NULL AND l.fid IS NOT NULL AND NOT l.known),
            count(*) FILTER (WHERE l.wallet IS NOT NULL AND l.fid IS NOT NULL AND l.known)
        INTO total, taken, present FROM legacy_verified AS l;
    RETURN NEXT;
END $$;

-- What wallets were said to hold: origin is user_nft_cache, wallet_collection_mapping or
-- user_collections.  Contracts that are no collection here become one.
CREATE FUNCTION such_market.take_over_holdings(origin text) RETURNS TABLE (source text, total bigint, taken bigint, present bigint)
LANGUAGE plpgsql SET search_path = such_market, pg_temp AS $$
DECLARE
    past bigint;
BEGIN
    DROP TABLE IF EXISTS pg_temp.legacy_holding;
    CREATE TEMP TABLE legacy_holding (wallet text, contract text, e jsonb, tokens text, balance text,
        seen timestamptz, w bytea, c bytea, t numeric, b numeric, nth bigint, reason text) ON COMMIT DROP;
    IF origin = 'user_nft_cache' THEN
        INSERT INTO legacy_holding
            SELECT o.r ->> 'wallet_address', i.e ->> 'address', i.e,
                coalesce(i.e ->> 'numDistinctTokensOwned', '1'),
                coalesce(i.e ->> 'totalBalance', i.e ->> 'numDistinctTokensOwned', '1'),
                legacy_time(o.r ->> 'last_updated')
            FROM (SELECT to_jsonb(x) AS r FROM public.user_nft_cache AS x) AS o
            CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(o.r -> 'contracts')
                WHEN 'array' THEN o.r -> 'contracts' ELSE jsonb_build_array(o.r -> 'contracts') END) AS i (e);
    ELSIF origin = 'wallet_collection_mapping' THEN
        INSERT INTO legacy_holding
            SELECT o.r ->> 'wallet_address', o.r ->> 'collection_address', o.r, coalesce(o.r ->> 'token_count', '0'),
                coalesce(o.r ->> 'token_count', '0'), legacy_time(o.r ->> 'last_owned_at')
            FROM (SELECT to_jsonb(x) AS r FROM public.wallet_collection_mapping AS x) AS o;
    ELSE
        INSERT INTO legacy_holding
            SELECT o.r ->> 'user_address', '0x' || encode(k.contract, 'hex'), o.r, coalesce(o.r ->> 'token_count', '0'),
                coalesce(o.r ->> 'token_count', '0'), legacy_time(o.r ->> 'last_updated_at')
            FROM (SELECT to_jsonb(x) AS r FROM public.user_collections AS x) AS o
            LEFT JOIN legacy_contract AS k ON k.id = o.r ->> 'collection_id';
    END IF;
    UPDATE legacy_holding AS l SET w = legacy_address(l.wallet), c = legacy_address(l.contract),
        t = legacy_number(l.tokens), b = legacy_number(l.balance), seen = coalesce(l.seen, now());
    UPDATE legacy_holding AS l SET reason = CASE WHEN l.w IS NULL THEN 'the wallet is no address'
        WHEN l.c IS NULL THEN 'the contract is no address'
        WHEN l.t IS NULL OR l.b IS NULL OR l.t > 9223372036854775807 THEN 'a count is no whole number' END;
    UPDATE legacy_holding AS l SET reason = 'another row tells of the same holding'
        FROM (SELECT k.ctid AS place, row_number() OVER (PARTITION BY k.w, k.c ORDER BY k.seen DESC, k.t DESC) AS nth
            FROM legacy_holding AS k WHERE k.reason IS NULL) AS o
        WHERE l.ctid = o.place AND o.nth > 1;
    DELETE FROM legacy_rejects AS x WHERE x.source = origin;
    INSERT INTO legacy_rejects (source, reason, content)
        SELECT origin, l.reason, jsonb_build_object('wallet', l.wallet, 'holding', l.e)
        FROM legacy_holding AS l WHERE l.reason IS NOT NULL;
    DELETE FROM legacy_holding AS l WHERE l.reason IS NOT NULL;
    INSERT INTO collections (contract_address, name, symbol, token_type)
        SELECT DISTINCT ON (l.c) l.c, l.e ->> 'name', l.e ->> 'symbol', legacy_type(l.e ->> 'tokenType')
        FROM legacy_holding AS l ORDER BY l.c, l.e ->> 'name' NULLS LAST, l.seen DESC
        ON CONFLICT (contract_address) DO NOTHING;

    -- Counted here already: only when it was last held may be better known.
    SELECT count(*) INTO present FROM legacy_holding AS l
        WHERE EXISTS (SELECT FROM wallet_collection_mapping AS m WHERE m.wallet_address = l.w AND m.contract_address = l.c)
            OR EXISTS (SELECT FROM wallet_contracts AS r WHERE r.wallet_address = l.w AND r.contract_address = l.c);
    UPDATE wallet_collection_mapping AS m SET last_owned_at = l.seen FROM legacy_holding AS l
        WHERE origin = 'wallet_collection_mapping' AND m.wallet_address = l.w AND m.contract_address = l.c
            AND m.last_owned_at = now() AND l.seen < now();
    -- Held once: a mapping without tokens says so.
    INSERT INTO wallet_collection_mapping (wallet_address, contract_address, token_count, balance, last_owned_at)
        SELECT l.w, l.c, 0, 0, l.seen FROM legacy_holding AS l
        WHERE l.t = 0 AND NOT EXISTS (SELECT FROM wallet_contracts AS r
            WHERE r.wallet_address = l.w AND r.contract_address = l.c)
        ORDER BY l.w, l.c
        ON CONFLICT (wallet_address, contract_address) DO NOTHING;
    GET DIAGNOSTICS past = ROW_COUNT;
    WITH told AS (
        INSERT INTO wallet_contracts AS r (wallet_address, contract_address, token_count, balance, name, symbol,
                spam, source, last_updated_at)
            SELECT l.w, l.c, l.t, l.b, l.e ->> 'name', l.e ->> 'symbol',
                CASE WHEN l.e ->> 'isSpam' IN ('true', 'false') THEN (l.e ->> 'isSpam')::boolean END, origin, l.seen
            FROM legacy_holding AS l
            WHERE l.t > 0 AND NOT EXISTS (SELECT FROM wallet_collection_mapping AS m
                WHERE m.wallet_address = l.w AND m.contract_address = l.c)
            ORDER BY l.w, l.c
            ON CONFLICT (wallet_address, contract_address) DO UPDATE
            SET token_count = excluded.token_count, balance = excluded.balance, name = excluded.name,
                symbol = excluded.symbol, spam = excluded.spam, last_updated_at = excluded.last_updated_at
            WHERE r.source = excluded.source AND r.last_updated_at < excluded.last_updated_at
            RETURNING (xmax = 0) AS fresh)
    SELECT past + count(*) FILTER (WHERE told.fresh) INTO taken FROM told;
    source := origin;
    total := taken + present + (SELECT count(*) FROM legacy_rejects AS x WHERE x.source = origin);
    RETURN NEXT;
END $$;

-- All of it; one row a source that exists.
CREATE FUNCTION such_market.take_over_legacy()
RETURNS TABLE (source text, total bigint, taken bigint, present bigint, rejected bigint)
LANGUAGE plpgsql SET search_path = such_market, pg_temp SET client_min_messages = warning AS $$
DECLARE
    contract bytea;
BEGIN
    DROP TABLE IF EXISTS pg_temp.legacy_contract, pg_temp.legacy_nft, pg_temp.legacy_trait, pg_temp.legacy_user,
        pg_temp.legacy_verified, pg_temp.legacy_counts;
    CREATE TEMP TABLE legacy_counts (source text, total bigint, taken bigint, present bigint) ON COMMIT DROP;
    IF to_regclass('public.collections') IS NOT NULL THEN
        INSERT INTO legacy_counts SELECT * FROM take_over_collections();
    ELSE
        CREATE TEMP TABLE legacy_contract (id text, contract bytea) ON COMMIT DROP;
    END IF;
    IF to_regclass('public.nfts') IS NOT NULL THEN
        INSERT INTO legacy_counts SELECT * FROM take_over_nfts();
    END IF;
    IF to_regclass('public.nft_ownership') IS NOT NULL THEN
        INSERT INTO legacy_counts SELECT * FROM take_over_owners('nft_ownership');
    END IF;
    IF to_regclass('public.nfts') IS NOT NULL THEN
        INSERT INTO legacy_counts SELECT * FROM take_over_owners('nfts.owner_address');
    END IF;
    IF to_regclass('public.fc_users') IS NOT NULL THEN
        INSERT INTO legacy_counts SELECT * FROM take_over_users();
    END IF;
    IF to_regclass('public.user_nft_cache') IS NOT NULL THEN
        INSERT INTO legacy_counts SELECT * FROM take_over_holdings('user_nft_cache');
    END IF;
    IF to_regclass('public.wallet_collection_mapping') IS NOT NULL THEN
        INSERT INTO legacy_counts SELECT * FROM take_over_holdings('wallet_collection_mapping');
    END IF;
    IF to_regclass('public.user_collections') IS NOT NULL THEN
        INSERT INTO legacy_counts SELECT * FROM take_over_holdings('user_collections');
    END IF;
    IF to_regclass('pg_temp.legacy_nft') IS NOT NULL AND to_regprocedure('derive_traits(bytea)') IS NOT NULL THEN
        FOR contract IN SELECT DISTINCT l.contract FROM legacy_nft AS l ORDER BY 1 LOOP
            PERFORM derive_traits(contract);
            PERFORM derive_rarity(contract);
        END LOOP;
    END IF;
    RETURN QUERY SELECT c.source, c.total, c.taken, c.present,
        (SELECT count(*) FROM legacy_rejects AS x WHERE x.source = c.source) FROM legacy_counts AS c;
    IF EXISTS (SELECT FROM legacy_counts AS c WHERE c.total <> c.taken + c.present
            + (SELECT count(*) FROM legacy_rejects AS x WHERE x.source = c.source)) THEN
        RAISE data_corrupted USING MESSAGE = 'rows of the older layout are unaccounted for';
    END IF;
END $$;

REVOKE ALL ON FUNCTION such_market.take_over_legacy(), such_market.take_over_collections(),
    such_market.take_over_nfts(), such_market.take_over_owners(text), such_market.take_over_rows(text),
    such_market.take_over_users(), such_market.take_over_holdings(text) FROM PUBLIC;
GRANT SELECT ON such_market.wallet_contracts, such_market.legacy_rejects TO :app_role, :maintenance_role;

SELECT such_market.take_over_legacy();
