-- The database tier of copies.

-- name: stored_get
-- $1 key -> value as 0x…; no row: none
SELECT '0x' || encode(a.value, 'hex') FROM such_market.cache_answers AS a WHERE a.key = $1;

-- name: stored_put
-- $1 key, $2 epoch, $3 label, $4 value -> whether it is there now (answers_put)
SELECT such_market.answers_put($1::text, $2::text, $3::text::xid8, $4::bytea);

-- name: stored_prune
-- $1 epoch now, $2 milliseconds that copies are kept, $3 bytes they may have -> how many went
SELECT such_market.cache_answers_prune($1, $2::bigint * interval '1ms', $3::bigint);
