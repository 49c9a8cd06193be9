-- History, newest first: by time, block, then order of recording.  Rows without a transaction of
-- their own answer no hash and no log index.
-- $1 contract, $2, $3, $4 time (microseconds since 1970), block and id of the last row before the
-- page, $5 rows -> contract (null: none), token, from, to, quantity, hash, log index, batch index,
-- block, time, and the key: time, block, id

-- name: transfer_list
-- no row: no such collection
SELECT t.contract_address, t.token_id, t.from_address, t.to_address, t.quantity,
    CASE WHEN NOT t.synthetic THEN '0x' || encode(t.origin, 'hex') END,
    CASE WHEN NOT t.synthetic THEN t.log_index END,
    t.batch_index, t.block_number, (extract(epoch FROM t.block_time) * 1000000)::int8,
    (extract(epoch FROM coalesce(t.block_time, 'epoch')) * 1000000)::int8,
    coalesce(t.block_number, 0), t.id
FROM such_market.collections c
LEFT JOIN (
    SELECT * FROM such_market.transfers t
    WHERE t.contract_address = $1
        AND (coalesce(t.block_time, 'epoch'), coalesce(t.block_number, 0), t.id)
            < (timestamptz 'epoch' + $2::int8 * interval '1us', $3::int8, $4::int8)
    ORDER BY coalesce(t.block_time, 'epoch') DESC, coalesce(t.block_number, 0) DESC, t.id DESC
    LIMIT $5::int8) t ON true
WHERE c.contract_address = $1
ORDER BY coalesce(t.block_time, 'epoch') DESC, coalesce(t.block_number, 0) DESC, t.id DESC;

-- name: transfer_of_token
-- $6 token; no row: no such token
SELECT t.contract_address, t.token_id, t.from_address, t.to_address, t.quantity,
    CASE WHEN NOT t.synthetic THEN '0x' || encode(t.origin, 'hex') END,
    CASE WHEN NOT t.synthetic THEN t.log_index END,
    t.batch_index, t.block_number, (extract(epoch FROM t.block_time) * 1000000)::int8,
    (extract(epoch FROM coalesce(t.block_time, 'epoch')) * 1000000)::int8,
    coalesce(t.block_number, 0), t.id
FROM such_market.nfts n
LEFT JOIN (
    SELECT * FROM such_market.transfers t
    WHERE t.contract_address = $1 AND t.token_id = $6::numeric
        AND (coalesce(t.block_time, 'epoch'), coalesce(t.block_number, 0), t.id)
            < (timestamptz 'epoch' + $2::int8 * interval '1us', $3::int8, $4::int8)
    ORDER BY coalesce(t.block_time, 'epoch') DESC, coalesce(t.block_number, 0) DESC, t.id DESC
    LIMIT $5::int8) t ON true
WHERE n.contract_address = $1 AND n.token_id = $6::numeric
ORDER BY coalesce(t.block_time, 'epoch') DESC, coalesce(t.block_number, 0) DESC, t.id DESC;
