-- The database tier of copies.

-- name: stored_get
-- $1 key -> value as 0x…; no row: none
SELECT '0x' || encode(a.value, 'hex') FROM such_market.cache_answers AS a WHERE a.key = $1;

-- name: stored_put
-- $1 key, $2 epoch, $3 label, $4 value; a later copy of the same epoch stays, and nothing comes that was made
-- before a glob that means its key was cleared
INSERT INTO such_market.cache_answers AS a (key, epoch, label, value)
SELECT $1::text, $2::text, $3::text::xid8, $4::bytea
WHERE NOT EXISTS (
    SELECT FROM such_market.cache_events AS e, unnest(e.tags) AS t (tag)
    WHERE e.kind = 'cache_cleared' AND such_market.any_glob(e.tags) AND e.xid >= $3::text::xid8
        AND t.tag LIKE '~%' AND $1::text LIKE such_market.like_of_glob(substr(t.tag, 2)))
ON CONFLICT (key) DO UPDATE SET epoch = excluded.epoch, label = excluded.label, value = excluded.value,
    made_at = excluded.made_at
WHERE a.epoch <> excluded.epoch OR a.label < excluded.label;

-- name: stored_prune
-- $1 epoch now, $2 milliseconds that copies are kept, $3 bytes they may have -> how many went
SELECT such_market.cache_answers_prune($1, $2::bigint * interval '1ms', $3::bigint);
