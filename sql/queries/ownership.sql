-- Totals of ownership, and the recount of the summaries.

-- name: ownership_marks
-- wallets that came and went since are told
SELECT such_market.owner_marks_take();

-- name: ownership_count
-- $1 how many of the 256 parts may be counted again -> how many are left
SELECT such_market.owner_chunks_count($1::int4);

-- name: ownership_totals
-- -> holdings, rows of user_collections, of the mapping, wallets that hold anything, collections that
-- somebody holds something of, whether wallets and mapping are exact
SELECT s.holdings, s.users, c.mappings, c.owners, s.collections,
    NOT c.dirty AND NOT EXISTS (SELECT FROM such_market.owner_marks)
FROM (SELECT coalesce(sum(holding_count), 0)::int8 AS holdings, coalesce(sum(owner_count), 0)::int8 AS users,
        count(*) FILTER (WHERE owner_count > 0) AS collections FROM such_market.collection_stats) AS s,
    (SELECT sum(mappings)::int8 AS mappings, sum(owners)::int8 AS owners, bool_or(dirty) AS dirty
        FROM such_market.owner_chunks) AS c;

-- name: write_ownership_wallets
-- $1 job, $2 first wallet (bytea), $3 behind the last, $4 rows at most -> numbers changed
SELECT such_market.ownership_mend_wallets($1::int8, $2::bytea, $3::bytea, $4::int8);

-- name: write_ownership_collection
-- $1 job, $2 contract -> numbers changed
SELECT such_market.ownership_mend_collection($1::int8, $2);

-- name: ownership_collections
-- $1 contract before the first, $2 rows -> contracts in their order
SELECT s.contract_address FROM such_market.collection_stats s
WHERE s.contract_address > $1::bytea ORDER BY s.contract_address LIMIT $2::int8;

-- name: ownership_mends
-- $1 job, $2 id of the last row before the page, $3 rows -> id, summary, contract, wallet, field, was,
-- became
SELECT m.id, m.summary, m.contract_address, m.wallet_address, m.field, m.was, m.became
FROM such_market.ownership_mends m
WHERE m.job = $1::int8 AND m.id > $2::int8 ORDER BY m.id LIMIT $3::int8;

-- name: ownership_mended
-- $1 job -> numbers changed by it
SELECT count(*) FROM such_market.ownership_mends m WHERE m.job = $1::int8;

-- name: ownership_mends_prune
-- $1 seconds that rows are kept, $2 how many may go -> how many went; the maintenance role's
SELECT such_market.ownership_mends_prune($1::int8 * interval '1s', $2::int8);
