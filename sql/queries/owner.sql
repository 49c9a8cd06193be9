-- Who holds what.  Times are microseconds since 1970.

-- The lean one: an owner lookup is the most frequent uncached read.
-- name: owner_of
-- $1 contract, $2 token -> address (null: nobody), balance, verified; at most 101, no row: no such token
SELECT h.owner_address, h.balance, (extract(epoch FROM h.last_verified_at) * 1000000)::int8
FROM such_market.nfts n
LEFT JOIN (
    SELECT o.owner_address, o.balance, o.last_verified_at
    FROM such_market.nft_ownership o
    WHERE o.contract_address = $1 AND o.token_id = $2::numeric
    ORDER BY o.owner_address
    LIMIT 101) h ON true
WHERE n.contract_address = $1 AND n.token_id = $2::numeric
ORDER BY h.owner_address;

-- name: owner_count
-- $1 contract, $2 token -> owners, longest ago verified
SELECT count(*), (extract(epoch FROM min(h.last_verified_at)) * 1000000)::int8
FROM such_market.nft_ownership h
WHERE h.contract_address = $1 AND h.token_id = $2::numeric;

-- name: owner_collection_known
-- $1 contract -> one row when there is such a collection
SELECT FROM such_market.collections c WHERE c.contract_address = $1;

-- Largest first.  Rows of the same balance are a range of their own: a page deep in them must not
-- read them all.
-- name: owner_list
-- $1 contract, $2 and $3 balance and address of the last row before the page, $4 rows
-- -> owners, balance of all, address (null: none), tokens, balance; no row: no such collection
SELECT s.owner_count, s.balance, p.user_address, p.token_count, p.balance
FROM such_market.collection_stats s
LEFT JOIN (
    SELECT * FROM (
        (SELECT u.user_address, u.token_count, u.balance
        FROM such_market.user_collections u
        WHERE u.contract_address = $1 AND u.balance = $2::numeric AND u.user_address > $3::bytea
        ORDER BY u.user_address
        LIMIT 101)
        UNION ALL
        (SELECT u.user_address, u.token_count, u.balance
        FROM such_market.user_collections u
        WHERE u.contract_address = $1 AND u.balance < $2::numeric
        ORDER BY u.balance DESC, u.user_address
        LIMIT 101)) q
    ORDER BY q.balance DESC, q.user_address
    LIMIT $4::int8) p ON true
WHERE s.contract_address = $1
ORDER BY p.balance DESC, p.user_address;

-- name: owner_distribution
-- $1 contract -> owners, tokens, tokens held (null: nobody holds any), holders of so many; no row: no
-- such collection
SELECT s.owner_count, s.token_count, d.tokens, d.owners
FROM such_market.collection_stats s
LEFT JOIN (
    SELECT u.token_count AS tokens, count(*) AS owners
    FROM such_market.user_collections u
    WHERE u.contract_address = $1
    GROUP BY u.token_count) d ON true
WHERE s.contract_address = $1
ORDER BY d.tokens;
