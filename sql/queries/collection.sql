-- Collections.  Every answer of the shape Collection selects the columns of enum collection_col
-- (src/model/render.h) first; times are microseconds since 1970.

-- name: collection_show
-- $1 contract -> Collection
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8
FROM such_market.collections c
WHERE c.contract_address = $1;

-- name: collection_stats
-- $1 contract -> tokens, owners, balance, transfers, last transfer, holdings (pairs of token and
-- owner)
SELECT s.token_count, s.owner_count, s.balance, s.transfer_count,
    (extract(epoch FROM s.last_transfer_at) * 1000000)::int8,
    (SELECT coalesce(sum(u.token_count), 0) FROM such_market.user_collections u
        WHERE u.contract_address = $1)
FROM such_market.collection_stats s
WHERE s.contract_address = $1;

-- The list, one statement an order.  $1 rows, $2 and $3 key and contract ('\x…') of the last row
-- before the page -> Collection, key

-- name: collection_list_created_asc
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8 AS key
FROM such_market.collections c
WHERE (c.created_at, c.contract_address)
    > (timestamptz 'epoch' + $2::int8 * interval '1us', $3::bytea)
ORDER BY c.created_at, c.contract_address
LIMIT $1::int8;

-- A name may be longer than a cursor: the key is its beginning, and the row itself, while it is
-- still there, has the rest.
-- name: collection_list_name_asc
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    left(lower(coalesce(c.name, '')), 60) AS key
FROM such_market.collections c
WHERE (lower(coalesce(c.name, '')), c.contract_address) > (
    coalesce((SELECT lower(coalesce(l.name, '')) FROM such_market.collections l
        WHERE l.contract_address = $3::bytea
            AND starts_with(lower(coalesce(l.name, '')), $2::text)),
        $2::text), $3::bytea)
ORDER BY lower(coalesce(c.name, '')), c.contract_address
LIMIT $1::int8;

-- name: collection_list_tokens_asc
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    s.token_count AS key
FROM such_market.collection_stats s
JOIN such_market.collections c ON c.contract_address = s.contract_address
WHERE (s.token_count, s.contract_address) > ($2::int8, $3::bytea)
ORDER BY s.token_count, s.contract_address
LIMIT $1::int8;

-- name: collection_list_created_desc
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8 AS key
FROM such_market.collections c
WHERE (c.created_at, c.contract_address)
    < (timestamptz 'epoch' + $2::int8 * interval '1us', $3::bytea)
ORDER BY c.created_at DESC, c.contract_address DESC
LIMIT $1::int8;

-- A name may be longer than a cursor: the key is its beginning, and the row itself, while it is
-- still there, has the rest.
-- name: collection_list_name_desc
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    left(lower(coalesce(c.name, '')), 60) AS key
FROM such_market.collections c
WHERE (lower(coalesce(c.name, '')), c.contract_address) < (
    coalesce((SELECT lower(coalesce(l.name, '')) FROM such_market.collections l
        WHERE l.contract_address = $3::bytea
            AND starts_with(lower(coalesce(l.name, '')), $2::text)),
        $2::text), $3::bytea)
ORDER BY lower(coalesce(c.name, '')) DESC, c.contract_address DESC
LIMIT $1::int8;

-- name: collection_list_tokens_desc
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    s.token_count AS key
FROM such_market.collection_stats s
JOIN such_market.collections c ON c.contract_address = s.contract_address
WHERE (s.token_count, s.contract_address) < ($2::int8, $3::bytea)
ORDER BY s.token_count DESC, s.contract_address DESC
LIMIT $1::int8;

-- Search: what matches is gathered through the two search indexes and sorted.  $4 sort (0
-- createdAt, 1 name, 2 tokenCount), $5 pattern of the name or null, $6 words (a tsquery) or null.

-- name: collection_search_asc
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    k.key
FROM such_market.collections c
JOIN such_market.collection_stats s ON s.contract_address = c.contract_address
CROSS JOIN LATERAL (SELECT CASE $4::int WHEN 1 THEN left(lower(coalesce(c.name, '')), 60)
    WHEN 2 THEN lpad(s.token_count::text, 19, '0')
    ELSE lpad((extract(epoch FROM c.created_at) * 1000000)::int8::text, 19, '0')
    END COLLATE "C" AS key) k
WHERE (c.name ILIKE $5::text
        OR to_tsvector('simple', coalesce(c.name, '') || ' ' || coalesce(c.symbol, '') || ' '
            || coalesce(c.description, '')) @@ to_tsquery('simple', $6::text))
    AND ($3::bytea IS NULL OR (k.key, c.contract_address) > ($2::text, $3::bytea))
ORDER BY k.key, c.contract_address
LIMIT $1::int8;

-- name: collection_search_desc
SELECT
    c.id, c.contract_address, c.name, c.symbol, c.token_type, c.total_supply, c.verified,
    c.description, c.image_url, c.banner_image_url, c.external_url, c.deployer, c.deployed_block,
    (extract(epoch FROM c.last_refresh_at) * 1000000)::int8,
    (extract(epoch FROM c.refresh_cooldown_until) * 1000000)::int8,
    (extract(epoch FROM c.created_at) * 1000000)::int8,
    (extract(epoch FROM c.updated_at) * 1000000)::int8,
    k.key
FROM such_market.collections c
JOIN such_market.collection_stats s ON s.contract_address = c.contract_address
CROSS JOIN LATERAL (SELECT CASE $4::int WHEN 1 THEN left(lower(coalesce(c.name, '')), 60)
    WHEN 2 THEN lpad(s.token_count::text, 19, '0')
    ELSE lpad((extract(epoch FROM c.created_at) * 1000000)::int8::text, 19, '0')
    END COLLATE "C" AS key) k
WHERE (c.name ILIKE $5::text
        OR to_tsvector('simple', coalesce(c.name, '') || ' ' || coalesce(c.symbol, '') || ' '
            || coalesce(c.description, '')) @@ to_tsquery('simple', $6::text))
    AND ($3::bytea IS NULL OR (k.key, c.contract_address) < ($2::text, $3::bytea))
ORDER BY k.key DESC, c.contract_address DESC
LIMIT $1::int8;

-- name: collection_busiest
-- $1 how many -> contracts that move and are held most, best first; reads the counts of all collections
SELECT s.contract_address FROM such_market.collection_stats AS s
ORDER BY s.transfer_count DESC, s.owner_count DESC, s.contract_address
LIMIT $1::int8;
