-- What a wallet holds.  A wallet that nobody knows holds nothing: there is always a row.

-- name: wallet_collections
-- $1 wallet, $2 contract of the last row before the page, $3 rows
-- -> Collection (null: none), total, tokens, balance, last owned
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    t.total, w.token_count, w.balance, (extract(epoch FROM w.last_owned_at) * 1000000)::int8
FROM (
    SELECT count(*) AS total FROM such_market.wallet_collection_mapping w
    WHERE w.wallet_address = $1 AND w.token_count > 0) t
LEFT JOIN (
    SELECT * FROM such_market.wallet_collection_mapping w
    WHERE w.wallet_address = $1 AND w.contract_address > $2::bytea AND w.token_count > 0
    ORDER BY w.contract_address
    LIMIT $3::int8) w ON true
LEFT JOIN such_market.collections c ON c.contract_address = w.contract_address
ORDER BY w.contract_address;

-- Tokens.  $2 and $3 contract and token of the last row before the page, $4 rows to skip, $5 rows
-- -> Nft (null: none), total, balance
-- name: wallet_nfts
-- $1 wallet
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, k.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    t.total, b.balance
FROM (
    SELECT coalesce(sum(w.token_count), 0) AS total FROM such_market.wallet_collection_mapping w
    WHERE w.wallet_address = $1) t
LEFT JOIN (
    SELECT p.* FROM (
        SELECT o.contract_address, o.token_id, o.balance
        FROM such_market.nft_ownership o
        WHERE o.owner_address = $1 AND (o.contract_address, o.token_id) > ($2::bytea, $3::numeric)
        ORDER BY o.contract_address, o.token_id
        LIMIT 10101) p
    OFFSET $4::int8 LIMIT $5::int8) b ON true
LEFT JOIN such_market.nfts n
    ON n.contract_address = b.contract_address AND n.token_id = b.token_id
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) k ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND k.owners = 1 LIMIT 1) h ON true
ORDER BY b.contract_address, b.token_id;

-- Those of one collection, $2; its cursor's contract is the same.
-- name: wallet_nfts_of
-- $1 wallet
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, k.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    t.total, b.balance
FROM (
    SELECT coalesce(sum(w.token_count), 0) AS total FROM such_market.wallet_collection_mapping w
    WHERE w.wallet_address = $1 AND w.contract_address = $2::bytea) t
LEFT JOIN (
    SELECT p.* FROM (
        SELECT o.contract_address, o.token_id, o.balance
        FROM such_market.nft_ownership o
        WHERE o.owner_address = $1 AND o.contract_address = $2::bytea AND o.token_id > $3::numeric
        ORDER BY o.token_id
        LIMIT 10101) p
    OFFSET $4::int8 LIMIT $5::int8) b ON true
LEFT JOIN such_market.nfts n
    ON n.contract_address = b.contract_address AND n.token_id = b.token_id
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) k ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND k.owners = 1 LIMIT 1) h ON true
ORDER BY b.contract_address, b.token_id;
