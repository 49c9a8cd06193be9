-- Farcaster users and what their wallets hold: the custody address first, then the verified ones.

-- name: user_show
-- $1 fid -> fid, username, display name, picture, custody address, verified addresses (JSON), updated
SELECT u.fid, u.username, u.display_name, u.pfp_url, u.custody_address,
    (SELECT coalesce(json_agg('0x' || encode(v.a, 'hex') ORDER BY v.n), '[]')
        FROM unnest(u.verified_addresses) WITH ORDINALITY AS v (a, n)),
    (extract(epoch FROM u.updated_at) * 1000000)::int8
FROM such_market.fc_users u
WHERE u.fid = $1::int8;

-- name: user_wallets
-- $1 fid -> wallet
SELECT DISTINCT v.a
FROM such_market.fc_users u
CROSS JOIN LATERAL unnest(u.verified_addresses || u.custody_address::bytea) AS v (a)
WHERE u.fid = $1::int8 AND v.a IS NOT NULL;

-- name: user_collections
-- $1 fid, $2 contract of the last row before the page, $3 rows
-- -> Collection (null: none), total, tokens, balance, last owned; no row: no such user
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    t.total, w.tokens, w.balance, (extract(epoch FROM w.last_owned_at) * 1000000)::int8
FROM such_market.fc_users u
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT v.a) AS list
    FROM unnest(u.verified_addresses || u.custody_address::bytea) AS v (a)) a
CROSS JOIN LATERAL (
    SELECT count(DISTINCT m.contract_address) AS total
    FROM such_market.wallet_collection_mapping m
    WHERE m.wallet_address = ANY (a.list) AND m.token_count > 0) t
LEFT JOIN LATERAL (
    SELECT m.contract_address, sum(m.token_count) AS tokens, sum(m.balance) AS balance,
        max(m.last_owned_at) AS last_owned_at
    FROM such_market.wallet_collection_mapping m
    WHERE m.wallet_address = ANY (a.list) AND m.contract_address > $2::bytea AND m.token_count > 0
    GROUP BY m.contract_address
    ORDER BY m.contract_address
    LIMIT $3::int8) w ON true
LEFT JOIN such_market.collections c ON c.contract_address = w.contract_address
WHERE u.fid = $1::int8
ORDER BY w.contract_address;

-- A holding that an older system reported counts only where nothing is known of the wallet and
-- the collection here.
-- name: user_contracts
-- $1 fid -> fid, username, display name, updated, wallet (null: none), contract (null: none), name,
-- symbol, type, balance, tokens, reported; no row: no such user
SELECT u.fid, u.username, u.display_name, (extract(epoch FROM u.updated_at) * 1000000)::int8,
    a.wallet, h.contract_address, coalesce(c.name, h.name), coalesce(c.symbol, h.symbol),
    coalesce(c.token_type, 'UNKNOWN'), h.balance, h.token_count, h.reported
FROM such_market.fc_users u
LEFT JOIN LATERAL (
    SELECT v.a AS wallet, min(v.n) AS n
    FROM unnest(u.custody_address::bytea || u.verified_addresses) WITH ORDINALITY AS v (a, n)
    WHERE v.a IS NOT NULL
    GROUP BY v.a) a ON true
LEFT JOIN LATERAL (
    SELECT m.contract_address, NULL::text AS name, NULL::text AS symbol, m.balance, m.token_count,
        false AS reported
    FROM such_market.wallet_collection_mapping m
    WHERE m.wallet_address = a.wallet AND m.token_count > 0
    UNION ALL
    SELECT r.contract_address, r.name, r.symbol, r.balance, r.token_count, true
    FROM such_market.wallet_contracts r
    WHERE r.wallet_address = a.wallet AND r.token_count > 0
        AND NOT EXISTS (SELECT FROM such_market.wallet_collection_mapping m
            WHERE m.wallet_address = r.wallet_address AND m.contract_address = r.contract_address)
    ) h ON true
LEFT JOIN such_market.collections c ON c.contract_address = h.contract_address
WHERE u.fid = $1::int8
ORDER BY a.n, h.contract_address;
