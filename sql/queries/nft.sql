-- Tokens.  Every answer of the shape Nft selects the columns of enum nft_col (src/model/render.h)
-- first; times are microseconds since 1970.

-- name: nft_show
-- $1 contract, $2 token -> Nft (null: no such token), metadata; no row: no such collection
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.metadata
FROM such_market.collections s
LEFT JOIN such_market.nfts n
    ON n.contract_address = s.contract_address AND n.token_id = $2::numeric
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
WHERE s.contract_address = $1;

-- Lists.  All answer Nft, key, total (null: told by another statement), balance (of the owner that
-- is asked for, else null).  $1 contract, $2 token and $5 (or the last) key of the last row before
-- the page, $3 rows to skip, $4 rows.  The constant LIMIT is the deepest a page number may reach
-- and one page: it tells a generic plan that few rows are wanted.  The order of the whole is
-- asked for once more outside, where there is one page to sort.

-- The whole collection, one statement an order; no row: no such collection.

-- name: nft_page_token_asc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, s.token_count, NULL::numeric
FROM such_market.collection_stats s
LEFT JOIN (
    SELECT p.* FROM (
        SELECT n.*, 0::int8 AS key
        FROM such_market.nfts n
        WHERE n.contract_address = $1
            AND n.token_id > $2::numeric
        ORDER BY n.token_id
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
WHERE s.contract_address = $1
ORDER BY n.token_id;

-- name: nft_page_token_desc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, s.token_count, NULL::numeric
FROM such_market.collection_stats s
LEFT JOIN (
    SELECT p.* FROM (
        SELECT n.*, 0::int8 AS key
        FROM such_market.nfts n
        WHERE n.contract_address = $1
            AND n.token_id < $2::numeric
        ORDER BY n.token_id DESC
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
WHERE s.contract_address = $1
ORDER BY n.token_id DESC;

-- name: nft_page_rarity_asc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, s.token_count, NULL::numeric
FROM such_market.collection_stats s
LEFT JOIN (
    SELECT p.* FROM (
        SELECT n.*, coalesce(n.rarity_rank, 2147483647) AS key
        FROM such_market.nfts n
        WHERE n.contract_address = $1
            AND (coalesce(n.rarity_rank, 2147483647), n.token_id)
                > ($5::int8, $2::numeric)
        ORDER BY coalesce(n.rarity_rank, 2147483647), n.token_id
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
WHERE s.contract_address = $1
ORDER BY n.key, n.token_id;

-- name: nft_page_rarity_desc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, s.token_count, NULL::numeric
FROM such_market.collection_stats s
LEFT JOIN (
    SELECT p.* FROM (
        SELECT n.*, coalesce(n.rarity_rank, 2147483647) AS key
        FROM such_market.nfts n
        WHERE n.contract_address = $1
            AND (coalesce(n.rarity_rank, 2147483647), n.token_id)
                < ($5::int8, $2::numeric)
        ORDER BY coalesce(n.rarity_rank, 2147483647) DESC, n.token_id DESC
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
WHERE s.contract_address = $1
ORDER BY n.key DESC, n.token_id DESC;

-- name: nft_page_updated_asc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, s.token_count, NULL::numeric
FROM such_market.collection_stats s
LEFT JOIN (
    SELECT p.* FROM (
        SELECT n.*, (extract(epoch FROM n.updated_at) * 1000000)::int8 AS key
        FROM such_market.nfts n
        WHERE n.contract_address = $1
            AND (n.updated_at, n.token_id)
                > (timestamptz 'epoch' + $5::int8 * interval '1us', $2::numeric)
        ORDER BY n.updated_at, n.token_id
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
WHERE s.contract_address = $1
ORDER BY n.key, n.token_id;

-- name: nft_page_updated_desc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, s.token_count, NULL::numeric
FROM such_market.collection_stats s
LEFT JOIN (
    SELECT p.* FROM (
        SELECT n.*, (extract(epoch FROM n.updated_at) * 1000000)::int8 AS key
        FROM such_market.nfts n
        WHERE n.contract_address = $1
            AND (n.updated_at, n.token_id)
                < (timestamptz 'epoch' + $5::int8 * interval '1us', $2::numeric)
        ORDER BY n.updated_at DESC, n.token_id DESC
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
WHERE s.contract_address = $1
ORDER BY n.key DESC, n.token_id DESC;

-- What the filters come to.  $1 contract, $2 owner or null, $3 and $4 types and values of the
-- traits -> tokens of the collection, tokens of the owner, number of the trait (from 1), its id and
-- tokens (null: does not occur); one row a trait that is asked for; no row: no such collection.
-- name: nft_filters
SELECT s.token_count, coalesce(u.token_count, 0), f.no, t.trait_id, t.token_count
FROM such_market.collection_stats s
LEFT JOIN such_market.user_collections u
    ON u.contract_address = s.contract_address AND u.user_address = $2::bytea
LEFT JOIN unnest($3::text[], $4::text[]) WITH ORDINALITY f (trait_type, value, no) ON true
LEFT JOIN LATERAL (SELECT t.trait_id, t.token_count FROM such_market.collection_traits t
    WHERE t.contract_address = $1
        AND md5(t.trait_type) = md5(f.trait_type) AND md5(t.value) = md5(f.value)
        AND t.trait_type = f.trait_type AND t.value = f.value
    LIMIT 3) t ON true -- one a kind
WHERE s.contract_address = $1
ORDER BY f.no;

-- One value of a trait, by token.  $5 trait.

-- name: nft_trait_asc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    0::int8, NULL::int8, NULL::numeric
FROM (
    SELECT p.token_id FROM (
        SELECT t.token_id FROM such_market.token_traits t
        WHERE t.contract_address = $1 AND t.trait_id = $5::int8 AND t.token_id > $2::numeric
        ORDER BY t.token_id
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) k
CROSS JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.token_id;

-- name: nft_trait_desc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    0::int8, NULL::int8, NULL::numeric
FROM (
    SELECT p.token_id FROM (
        SELECT t.token_id FROM such_market.token_traits t
        WHERE t.contract_address = $1 AND t.trait_id = $5::int8 AND t.token_id < $2::numeric
        ORDER BY t.token_id DESC
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) k
CROSS JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.token_id DESC;

-- Several values, by token: the ordered scans of the rarest trait's values ($5) are merged; each
-- token is held against the other traits: $6 has all their values, $7 and $8 where the values of
-- each begin and end in it.

-- name: nft_traits_asc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    0::int8, NULL::int8, NULL::numeric
FROM (
    SELECT DISTINCT m.token_id
    FROM unnest($5::int8[]) d (trait_id)
    CROSS JOIN LATERAL (
        SELECT t.token_id FROM such_market.token_traits t
        WHERE t.contract_address = $1 AND t.trait_id = d.trait_id AND t.token_id > $2::numeric
            AND NOT EXISTS (SELECT FROM unnest($7::int4[], $8::int4[]) g (first, last)
                WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                    WHERE x.contract_address = $1 AND x.token_id = t.token_id
                        AND x.trait_id = ANY (($6::int8[])[g.first:g.last])))
        ORDER BY t.token_id
        LIMIT $3::int8 + $4::int8) m
    ORDER BY m.token_id
    OFFSET $3::int8 LIMIT $4::int8) k
CROSS JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.token_id;

-- name: nft_traits_desc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    0::int8, NULL::int8, NULL::numeric
FROM (
    SELECT DISTINCT m.token_id
    FROM unnest($5::int8[]) d (trait_id)
    CROSS JOIN LATERAL (
        SELECT t.token_id FROM such_market.token_traits t
        WHERE t.contract_address = $1 AND t.trait_id = d.trait_id AND t.token_id < $2::numeric
            AND NOT EXISTS (SELECT FROM unnest($7::int4[], $8::int4[]) g (first, last)
                WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                    WHERE x.contract_address = $1 AND x.token_id = t.token_id
                        AND x.trait_id = ANY (($6::int8[])[g.first:g.last])))
        ORDER BY t.token_id DESC
        LIMIT $3::int8 + $4::int8) m
    ORDER BY m.token_id DESC
    OFFSET $3::int8 LIMIT $4::int8) k
CROSS JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.token_id DESC;

-- How many have them: at most 10,001 are counted, at most 100,000 of a value looked at.
-- $1 contract, $2 values of the rarest trait, $3, $4, $5 the other traits as above -> count
-- name: nft_traits_total
SELECT count(*) FROM (
    SELECT DISTINCT m.token_id
    FROM unnest($2::int8[]) d (trait_id)
    CROSS JOIN LATERAL (
        SELECT t.token_id FROM (
            SELECT t.token_id FROM such_market.token_traits t
            WHERE t.contract_address = $1 AND t.trait_id = d.trait_id
            ORDER BY t.token_id
            LIMIT 100000) t
        WHERE NOT EXISTS (SELECT FROM unnest($4::int4[], $5::int4[]) g (first, last)
            WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                WHERE x.contract_address = $1 AND x.token_id = t.token_id
                    AND x.trait_id = ANY (($3::int8[])[g.first:g.last])))
        LIMIT 10001) m
    LIMIT 10001) q;

-- Of one owner, by token.  $5 owner.

-- name: nft_owner_asc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    0::int8, NULL::int8, k.balance
FROM (
    SELECT p.* FROM (
        SELECT b.token_id, b.balance FROM such_market.nft_ownership b
        WHERE b.owner_address = $5 AND b.contract_address = $1 AND b.token_id > $2::numeric
        ORDER BY b.token_id
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) k
CROSS JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.token_id;

-- name: nft_owner_desc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    0::int8, NULL::int8, k.balance
FROM (
    SELECT p.* FROM (
        SELECT b.token_id, b.balance FROM such_market.nft_ownership b
        WHERE b.owner_address = $5 AND b.contract_address = $1 AND b.token_id < $2::numeric
        ORDER BY b.token_id DESC
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) k
CROSS JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.token_id DESC;

-- Everything else: any mixture of filters in any order.  $5 owner, $6 pattern of the name, $7 words
-- (a tsquery), each null when not asked for; $8, $9, $10 traits as above; $11 key before the page.
-- When the filter that matches least matches at most 10,000 tokens they are gathered through
-- its index, held against the other filters, counted and sorted ($12: 0 token, 1 rarity,
-- 2 updated; $13: 1 ascending, -1 descending).

-- $14 values of the rarest trait.
-- name: nft_gather_traits
WITH g AS MATERIALIZED (
    SELECT n.token_id, b.balance,
        CASE $12::int WHEN 1 THEN coalesce(n.rarity_rank, 2147483647)
            WHEN 2 THEN (extract(epoch FROM n.updated_at) * 1000000)::int8 ELSE 0 END AS key
    FROM (SELECT DISTINCT t.token_id FROM such_market.token_traits t
        WHERE t.contract_address = $1 AND t.trait_id = ANY ($14::int8[])) d
    CROSS JOIN LATERAL (SELECT n.* FROM such_market.nfts n
        WHERE n.contract_address = $1 AND n.token_id = d.token_id LIMIT 1) n
    LEFT JOIN LATERAL (SELECT b.balance FROM such_market.nft_ownership b
        WHERE b.contract_address = $1 AND b.token_id = n.token_id
            AND b.owner_address = $5::bytea LIMIT 1) b ON true
    WHERE ($5::bytea IS NULL OR b.balance IS NOT NULL)
        AND ($6::text IS NULL OR n.name ILIKE $6)
        AND ($7::text IS NULL OR to_tsvector('simple',
            coalesce(n.name, '') || ' ' || coalesce(n.description, '')) @@ to_tsquery('simple', $7))
        AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
            WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                WHERE x.contract_address = $1 AND x.token_id = n.token_id
                    AND x.trait_id = ANY (($8::int8[])[g.first:g.last]))))
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    k.key, t.total, k.balance, t.seen
FROM (SELECT count(*) AS total, NULL::int8 AS seen FROM g) t
LEFT JOIN (
    SELECT g.* FROM g
    WHERE (g.key * $13::int8, g.token_id * $13::int8)
        > ($11::int8 * $13::int8, $2::numeric * $13::int8)
    ORDER BY g.key * $13::int8, g.token_id * $13::int8
    OFFSET $3::int8 LIMIT $4::int8) k ON true
LEFT JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY k.key * $13::int8, k.token_id * $13::int8;

-- name: nft_gather_owner
WITH g AS MATERIALIZED (
    SELECT n.token_id, b.balance,
        CASE $12::int WHEN 1 THEN coalesce(n.rarity_rank, 2147483647)
            WHEN 2 THEN (extract(epoch FROM n.updated_at) * 1000000)::int8 ELSE 0 END AS key
    FROM such_market.nft_ownership b
    CROSS JOIN LATERAL (SELECT n.* FROM such_market.nfts n
        WHERE n.contract_address = $1 AND n.token_id = b.token_id LIMIT 1) n
    WHERE b.owner_address = $5 AND b.contract_address = $1
        AND ($6::text IS NULL OR n.name ILIKE $6)
        AND ($7::text IS NULL OR to_tsvector('simple',
            coalesce(n.name, '') || ' ' || coalesce(n.description, '')) @@ to_tsquery('simple', $7))
        AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
            WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                WHERE x.contract_address = $1 AND x.token_id = n.token_id
                    AND x.trait_id = ANY (($8::int8[])[g.first:g.last]))))
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    k.key, t.total, k.balance, t.seen
FROM (SELECT count(*) AS total, NULL::int8 AS seen FROM g) t
LEFT JOIN (
    SELECT g.* FROM g
    WHERE (g.key * $13::int8, g.token_id * $13::int8)
        > ($11::int8 * $13::int8, $2::numeric * $13::int8)
    ORDER BY g.key * $13::int8, g.token_id * $13::int8
    OFFSET $3::int8 LIMIT $4::int8) k ON true
LEFT JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY k.key * $13::int8, k.token_id * $13::int8;

-- The search's own matches are cut at 10,001; how many were seen is the last column.
-- name: nft_gather_pattern
WITH m AS MATERIALIZED (
    SELECT n.token_id, n.name, n.description, n.rarity_rank, n.updated_at
    FROM such_market.nfts n
    WHERE n.contract_address = $1
        AND n.name ILIKE $6
    LIMIT 10001),
g AS MATERIALIZED (
    SELECT n.token_id, b.balance,
        CASE $12::int WHEN 1 THEN coalesce(n.rarity_rank, 2147483647)
            WHEN 2 THEN (extract(epoch FROM n.updated_at) * 1000000)::int8 ELSE 0 END AS key
    FROM m n
    LEFT JOIN LATERAL (SELECT b.balance FROM such_market.nft_ownership b
        WHERE b.contract_address = $1 AND b.token_id = n.token_id
            AND b.owner_address = $5::bytea LIMIT 1) b ON true
    WHERE ($5::bytea IS NULL OR b.balance IS NOT NULL)
        AND ($6::text IS NULL OR n.name ILIKE $6)
        AND ($7::text IS NULL OR to_tsvector('simple',
            coalesce(n.name, '') || ' ' || coalesce(n.description, '')) @@ to_tsquery('simple', $7))
        AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
            WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                WHERE x.contract_address = $1 AND x.token_id = n.token_id
                    AND x.trait_id = ANY (($8::int8[])[g.first:g.last]))))
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    k.key, t.total, k.balance, t.seen
FROM (SELECT count(*) AS total, (SELECT count(*) FROM m) AS seen FROM g) t
LEFT JOIN (
    SELECT g.* FROM g
    WHERE (g.key * $13::int8, g.token_id * $13::int8)
        > ($11::int8 * $13::int8, $2::numeric * $13::int8)
    ORDER BY g.key * $13::int8, g.token_id * $13::int8
    OFFSET $3::int8 LIMIT $4::int8) k ON true
LEFT JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY k.key * $13::int8, k.token_id * $13::int8;

-- name: nft_gather_words
WITH m AS MATERIALIZED (
    SELECT n.token_id, n.name, n.description, n.rarity_rank, n.updated_at
    FROM such_market.nfts n
    WHERE n.contract_address = $1
        AND (n.name IS NOT NULL OR n.description IS NOT NULL)
        AND to_tsvector('simple',
            coalesce(n.name, '') || ' ' || coalesce(n.description, '')) @@ to_tsquery('simple', $7)
    LIMIT 10001),
g AS MATERIALIZED (
    SELECT n.token_id, b.balance,
        CASE $12::int WHEN 1 THEN coalesce(n.rarity_rank, 2147483647)
            WHEN 2 THEN (extract(epoch FROM n.updated_at) * 1000000)::int8 ELSE 0 END AS key
    FROM m n
    LEFT JOIN LATERAL (SELECT b.balance FROM such_market.nft_ownership b
        WHERE b.contract_address = $1 AND b.token_id = n.token_id
            AND b.owner_address = $5::bytea LIMIT 1) b ON true
    WHERE ($5::bytea IS NULL OR b.balance IS NOT NULL)
        AND ($6::text IS NULL OR n.name ILIKE $6)
        AND ($7::text IS NULL OR to_tsvector('simple',
            coalesce(n.name, '') || ' ' || coalesce(n.description, '')) @@ to_tsquery('simple', $7))
        AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
            WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                WHERE x.contract_address = $1 AND x.token_id = n.token_id
                    AND x.trait_id = ANY (($8::int8[])[g.first:g.last]))))
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    k.key, t.total, k.balance, t.seen
FROM (SELECT count(*) AS total, (SELECT count(*) FROM m) AS seen FROM g) t
LEFT JOIN (
    SELECT g.* FROM g
    WHERE (g.key * $13::int8, g.token_id * $13::int8)
        > ($11::int8 * $13::int8, $2::numeric * $13::int8)
    ORDER BY g.key * $13::int8, g.token_id * $13::int8
    OFFSET $3::int8 LIMIT $4::int8) k ON true
LEFT JOIN LATERAL (SELECT n.* FROM such_market.nfts n
    WHERE n.contract_address = $1 AND n.token_id = k.token_id LIMIT 1) n ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY k.key * $13::int8, k.token_id * $13::int8;

-- When every filter matches more, the order's index is walked and each token held against all.

-- name: nft_walk_token_asc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, NULL::int8, b.balance
FROM (
    SELECT p.* FROM (
        SELECT n.*, 0::int8 AS key
        FROM such_market.nfts n
        CROSS JOIN LATERAL (SELECT
            WHERE ($5::bytea IS NULL OR EXISTS (SELECT FROM such_market.nft_ownership o
                    WHERE o.contract_address = $1 AND o.token_id = n.token_id
                        AND o.owner_address = $5))
                AND ($6::text IS NULL OR n.name ILIKE $6)
                AND ($7::text IS NULL OR to_tsvector('simple',
                    coalesce(n.name, '') || ' ' || coalesce(n.description, ''))
                    @@ to_tsquery('simple', $7))
                AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
                    WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                        WHERE x.contract_address = $1 AND x.token_id = n.token_id
                            AND x.trait_id = ANY (($8::int8[])[g.first:g.last])))
            OFFSET 0) f
        WHERE n.contract_address = $1
            AND n.token_id > $2::numeric
        ORDER BY n.token_id
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n
LEFT JOIN LATERAL (SELECT b.balance FROM such_market.nft_ownership b
    WHERE b.contract_address = $1 AND b.token_id = n.token_id
        AND b.owner_address = $5::bytea LIMIT 1) b ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.token_id;

-- name: nft_walk_token_desc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, NULL::int8, b.balance
FROM (
    SELECT p.* FROM (
        SELECT n.*, 0::int8 AS key
        FROM such_market.nfts n
        CROSS JOIN LATERAL (SELECT
            WHERE ($5::bytea IS NULL OR EXISTS (SELECT FROM such_market.nft_ownership o
                    WHERE o.contract_address = $1 AND o.token_id = n.token_id
                        AND o.owner_address = $5))
                AND ($6::text IS NULL OR n.name ILIKE $6)
                AND ($7::text IS NULL OR to_tsvector('simple',
                    coalesce(n.name, '') || ' ' || coalesce(n.description, ''))
                    @@ to_tsquery('simple', $7))
                AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
                    WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                        WHERE x.contract_address = $1 AND x.token_id = n.token_id
                            AND x.trait_id = ANY (($8::int8[])[g.first:g.last])))
            OFFSET 0) f
        WHERE n.contract_address = $1
            AND n.token_id < $2::numeric
        ORDER BY n.token_id DESC
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n
LEFT JOIN LATERAL (SELECT b.balance FROM such_market.nft_ownership b
    WHERE b.contract_address = $1 AND b.token_id = n.token_id
        AND b.owner_address = $5::bytea LIMIT 1) b ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.token_id DESC;

-- name: nft_walk_rarity_asc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, NULL::int8, b.balance
FROM (
    SELECT p.* FROM (
        SELECT n.*, coalesce(n.rarity_rank, 2147483647) AS key
        FROM such_market.nfts n
        CROSS JOIN LATERAL (SELECT
            WHERE ($5::bytea IS NULL OR EXISTS (SELECT FROM such_market.nft_ownership o
                    WHERE o.contract_address = $1 AND o.token_id = n.token_id
                        AND o.owner_address = $5))
                AND ($6::text IS NULL OR n.name ILIKE $6)
                AND ($7::text IS NULL OR to_tsvector('simple',
                    coalesce(n.name, '') || ' ' || coalesce(n.description, ''))
                    @@ to_tsquery('simple', $7))
                AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
                    WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                        WHERE x.contract_address = $1 AND x.token_id = n.token_id
                            AND x.trait_id = ANY (($8::int8[])[g.first:g.last])))
            OFFSET 0) f
        WHERE n.contract_address = $1
            AND (coalesce(n.rarity_rank, 2147483647), n.token_id)
                > ($11::int8, $2::numeric)
        ORDER BY coalesce(n.rarity_rank, 2147483647), n.token_id
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n
LEFT JOIN LATERAL (SELECT b.balance FROM such_market.nft_ownership b
    WHERE b.contract_address = $1 AND b.token_id = n.token_id
        AND b.owner_address = $5::bytea LIMIT 1) b ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.key, n.token_id;

-- name: nft_walk_rarity_desc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, NULL::int8, b.balance
FROM (
    SELECT p.* FROM (
        SELECT n.*, coalesce(n.rarity_rank, 2147483647) AS key
        FROM such_market.nfts n
        CROSS JOIN LATERAL (SELECT
            WHERE ($5::bytea IS NULL OR EXISTS (SELECT FROM such_market.nft_ownership o
                    WHERE o.contract_address = $1 AND o.token_id = n.token_id
                        AND o.owner_address = $5))
                AND ($6::text IS NULL OR n.name ILIKE $6)
                AND ($7::text IS NULL OR to_tsvector('simple',
                    coalesce(n.name, '') || ' ' || coalesce(n.description, ''))
                    @@ to_tsquery('simple', $7))
                AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
                    WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                        WHERE x.contract_address = $1 AND x.token_id = n.token_id
                            AND x.trait_id = ANY (($8::int8[])[g.first:g.last])))
            OFFSET 0) f
        WHERE n.contract_address = $1
            AND (coalesce(n.rarity_rank, 2147483647), n.token_id)
                < ($11::int8, $2::numeric)
        ORDER BY coalesce(n.rarity_rank, 2147483647) DESC, n.token_id DESC
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n
LEFT JOIN LATERAL (SELECT b.balance FROM such_market.nft_ownership b
    WHERE b.contract_address = $1 AND b.token_id = n.token_id
        AND b.owner_address = $5::bytea LIMIT 1) b ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.key DESC, n.token_id DESC;

-- name: nft_walk_updated_asc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, NULL::int8, b.balance
FROM (
    SELECT p.* FROM (
        SELECT n.*, (extract(epoch FROM n.updated_at) * 1000000)::int8 AS key
        FROM such_market.nfts n
        CROSS JOIN LATERAL (SELECT
            WHERE ($5::bytea IS NULL OR EXISTS (SELECT FROM such_market.nft_ownership o
                    WHERE o.contract_address = $1 AND o.token_id = n.token_id
                        AND o.owner_address = $5))
                AND ($6::text IS NULL OR n.name ILIKE $6)
                AND ($7::text IS NULL OR to_tsvector('simple',
                    coalesce(n.name, '') || ' ' || coalesce(n.description, ''))
                    @@ to_tsquery('simple', $7))
                AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
                    WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                        WHERE x.contract_address = $1 AND x.token_id = n.token_id
                            AND x.trait_id = ANY (($8::int8[])[g.first:g.last])))
            OFFSET 0) f
        WHERE n.contract_address = $1
            AND (n.updated_at, n.token_id)
                > (timestamptz 'epoch' + $11::int8 * interval '1us', $2::numeric)
        ORDER BY n.updated_at, n.token_id
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n
LEFT JOIN LATERAL (SELECT b.balance FROM such_market.nft_ownership b
    WHERE b.contract_address = $1 AND b.token_id = n.token_id
        AND b.owner_address = $5::bytea LIMIT 1) b ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.key, n.token_id;

-- name: nft_walk_updated_desc
SELECT
    n.contract_address, n.token_id, n.name, n.description, n.image_url, n.thumbnail_url,
    n.animation_url, n.external_url, n.token_uri, n.attributes, n.rarity_rank, n.rarity_score,
    h.owner_address, c.owners, (extract(epoch FROM n.updated_at) * 1000000)::int8,
    n.key, NULL::int8, b.balance
FROM (
    SELECT p.* FROM (
        SELECT n.*, (extract(epoch FROM n.updated_at) * 1000000)::int8 AS key
        FROM such_market.nfts n
        CROSS JOIN LATERAL (SELECT
            WHERE ($5::bytea IS NULL OR EXISTS (SELECT FROM such_market.nft_ownership o
                    WHERE o.contract_address = $1 AND o.token_id = n.token_id
                        AND o.owner_address = $5))
                AND ($6::text IS NULL OR n.name ILIKE $6)
                AND ($7::text IS NULL OR to_tsvector('simple',
                    coalesce(n.name, '') || ' ' || coalesce(n.description, ''))
                    @@ to_tsquery('simple', $7))
                AND NOT EXISTS (SELECT FROM unnest($9::int4[], $10::int4[]) g (first, last)
                    WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                        WHERE x.contract_address = $1 AND x.token_id = n.token_id
                            AND x.trait_id = ANY (($8::int8[])[g.first:g.last])))
            OFFSET 0) f
        WHERE n.contract_address = $1
            AND (n.updated_at, n.token_id)
                < (timestamptz 'epoch' + $11::int8 * interval '1us', $2::numeric)
        ORDER BY n.updated_at DESC, n.token_id DESC
        LIMIT 10101) p
    OFFSET $3::int8 LIMIT $4::int8) n
LEFT JOIN LATERAL (SELECT b.balance FROM such_market.nft_ownership b
    WHERE b.contract_address = $1 AND b.token_id = n.token_id
        AND b.owner_address = $5::bytea LIMIT 1) b ON true
LEFT JOIN LATERAL (SELECT count(*) AS owners FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id) c ON true
LEFT JOIN LATERAL (SELECT o.owner_address FROM such_market.nft_ownership o
    WHERE o.contract_address = n.contract_address AND o.token_id = n.token_id
        AND c.owners = 1 LIMIT 1) h ON true
ORDER BY n.key DESC, n.token_id DESC;

-- How many such a walk would find: at most 10,001 are counted, at most 100,000 tokens looked at.
-- $1 contract, $2 owner, $3 pattern, $4 words, $5, $6, $7 traits -> count
-- name: nft_walk_total
SELECT count(*) FROM (
    SELECT FROM (
        SELECT n.token_id, n.name, n.description FROM such_market.nfts n
        WHERE n.contract_address = $1
        ORDER BY n.token_id
        LIMIT 100000) n
    WHERE ($2::bytea IS NULL OR EXISTS (SELECT FROM such_market.nft_ownership o
            WHERE o.contract_address = $1 AND o.token_id = n.token_id
                AND o.owner_address = $2))
        AND ($3::text IS NULL OR n.name ILIKE $3)
        AND ($4::text IS NULL OR to_tsvector('simple',
            coalesce(n.name, '') || ' ' || coalesce(n.description, '')) @@ to_tsquery('simple', $4))
        AND NOT EXISTS (SELECT FROM unnest($6::int4[], $7::int4[]) g (first, last)
            WHERE NOT EXISTS (SELECT FROM such_market.token_traits x
                WHERE x.contract_address = $1 AND x.token_id = n.token_id
                    AND x.trait_id = ANY (($5::int8[])[g.first:g.last])))
    LIMIT 10001) q;
