-- The statements of `such-market import --nfts` (import.sql has those of every import).
--
-- $1 is the collection, of a merge $2 the chunk.  Tables of the session:
-- stage_nft        lines; marks: the numbers of their attributes
-- stage_attribute  what the numbers mean: each attribute of the file once, or a few times
-- stage_trait      the trait that a mark is, with a number: two marks may be one trait (3 and 3.0)
-- stage_token      of a collection: its tokens by number, the last line of each
-- ranked           … the ranks it will have
-- change_…         what differs, sorted and numbered in chunks of 10,000

-- name: import_nft_begin
CREATE TEMP TABLE stage_nft (
    line bigint, contract bytea, token_type text, token_id numeric, name text, description text,
    image_url text, thumbnail_url text, animation_url text, external_url text, token_uri text,
    attributes jsonb, marks bigint[], metadata json);
CREATE TEMP TABLE stage_attribute (mark bigint, attribute jsonb);
CREATE TEMP TABLE stage_trait (
    mark bigint, trait bigint, trait_type text, value text, kind text, trait_id bigint);
CREATE TEMP TABLE stage_token (no bigint, at tid, token_id such_market.uint256, marks bigint[]);
CREATE TEMP TABLE ranked (token_id numeric, score float8, rank integer);
CREATE TEMP TABLE change_nft (
    chunk bigint, fresh boolean, no bigint, at tid, token_id such_market.uint256, score float8, rank integer);
CREATE TEMP TABLE change_rank (chunk bigint, at tid, token_id numeric, score float8, rank integer);

-- name: import_rank_begin
SELECT such_market.rarity_begin();

-- name: import_nft_staged
INSERT INTO stage_trait
SELECT a.mark, dense_rank() OVER (ORDER BY t.trait_type COLLATE "C", t.value COLLATE "C", t.kind COLLATE "C"),
    t.trait_type, t.value, t.kind
FROM stage_attribute AS a
CROSS JOIN LATERAL such_market.attribute_traits(jsonb_build_array(a.attribute)) AS t;
TRUNCATE stage_attribute;

-- Collections that only lines of --nfts speak of: their standard is that of the first line.
-- name: import_collections_of_lines
INSERT INTO such_market.collections AS c (contract_address, token_type)
SELECT s.contract, coalesce((array_agg(s.token_type ORDER BY s.line)
    FILTER (WHERE s.token_type <> 'UNKNOWN'))[1], 'UNKNOWN')
FROM stage_nft AS s GROUP BY s.contract ORDER BY s.contract
ON CONFLICT (contract_address) DO UPDATE SET token_type = excluded.token_type, updated_at = now()
WHERE c.token_type = 'UNKNOWN' AND excluded.token_type <> 'UNKNOWN'
RETURNING xmax = 0 AS fresh;

-- Many collections in one file are told apart by an index.
-- name: import_nft_indexed
CREATE INDEX ON stage_nft (contract);
ANALYZE stage_nft (contract);

-- name: import_nft_contracts
SELECT contract, count(*) FROM stage_nft GROUP BY contract ORDER BY contract;

-- name: import_nft_next
TRUNCATE stage_token, ranked, change_nft, change_rank, rarity_token, rarity_trait, rarity_value;

-- The last line of a token is the one that counts.
-- name: import_nft_tokens
INSERT INTO stage_token
SELECT row_number() OVER (ORDER BY l.token_id), l.at, l.token_id, l.marks
FROM (SELECT s.ctid AS at, s.token_id, s.marks,
        lead(s.token_id) OVER (ORDER BY s.token_id, s.line) AS next
    FROM stage_nft AS s WHERE s.contract = $1::bytea) AS l
WHERE l.next IS DISTINCT FROM l.token_id;

-- Nothing is known of it: nothing to compare with, and no trait to take back.
-- name: import_nft_fresh
SELECT NOT EXISTS (SELECT FROM such_market.nfts AS n WHERE n.contract_address = $1::bytea)
    AND NOT EXISTS (SELECT FROM such_market.token_traits AS t WHERE t.contract_address = $1::bytea);

-- The ranks that the collection will have: staged tokens by their new traits, others by theirs
-- (their traits have the numbers below zero).
-- name: import_rank_tokens
INSERT INTO pg_temp.rarity_token SELECT k.no, k.token_id FROM stage_token AS k;

-- name: import_rank_traits
INSERT INTO pg_temp.rarity_trait
SELECT DISTINCT t.trait, t.trait_type, t.value FROM stage_trait AS t WHERE t.kind = 'string';

-- name: import_rank_staged
INSERT INTO pg_temp.rarity_value
SELECT m.no, t.trait
FROM (SELECT k.no, unnest(k.marks) AS mark FROM stage_token AS k) AS m JOIN stage_trait AS t USING (mark);

-- Where two marks may be one trait, a token may have it twice.
-- name: import_rank_alike
SELECT count(*) > count(DISTINCT t.trait) FROM stage_trait AS t;

-- Is every string trait a value of its own, and every type?  Case and outer spaces make none.
-- name: import_rank_plain
SELECT count(DISTINCT t.trait) = count(DISTINCT (lower(btrim(t.trait_type)), lower(btrim(t.value))))
    AND count(DISTINCT t.trait_type) = count(DISTINCT lower(btrim(t.trait_type)))
FROM stage_trait AS t WHERE t.kind = 'string';

-- name: import_rank_once
DELETE FROM pg_temp.rarity_value AS r
USING (SELECT v.ctid AS at, row_number() OVER (PARTITION BY v.no, v.trait) AS place
    FROM pg_temp.rarity_value AS v) AS d
WHERE d.place > 1 AND r.ctid = d.at;

-- name: import_rank_others
INSERT INTO pg_temp.rarity_token
SELECT -row_number() OVER (), n.token_id FROM such_market.nfts AS n
WHERE n.contract_address = $1::bytea AND n.metadata IS NOT NULL
    AND NOT EXISTS (SELECT FROM stage_token AS k WHERE k.token_id = n.token_id);

-- name: import_rank_other_traits
INSERT INTO pg_temp.rarity_trait
SELECT -c.trait_id, c.trait_type, c.value
FROM such_market.collection_traits AS c WHERE c.contract_address = $1::bytea AND c.kind = 'string';

-- name: import_rank_held
INSERT INTO pg_temp.rarity_value
SELECT k.no, -tt.trait_id
FROM such_market.collection_traits AS c
JOIN such_market.token_traits AS tt ON tt.contract_address = $1::bytea AND tt.trait_id = c.trait_id
JOIN pg_temp.rarity_token AS k ON k.token_id = tt.token_id AND k.no < 0
WHERE c.contract_address = $1::bytea AND c.kind = 'string';

-- name: import_rank
INSERT INTO ranked
SELECT k.token_id, r.score, r.rank
FROM such_market.rarity_scores() AS r JOIN pg_temp.rarity_token AS k USING (no);

-- name: import_nft_diff
INSERT INTO change_nft
SELECT (row_number() OVER (ORDER BY k.no) - 1) / 10000, n.token_id IS NULL,
    k.no, k.at, k.token_id, r.score, r.rank
FROM stage_token AS k
JOIN stage_nft AS s ON s.ctid = k.at
LEFT JOIN ranked AS r ON r.token_id = k.token_id
LEFT JOIN such_market.nfts AS n ON n.contract_address = $1::bytea AND n.token_id = k.token_id
WHERE n.token_id IS NULL
    OR (n.name, n.description, n.image_url, n.thumbnail_url, n.animation_url,
        n.external_url, n.token_uri, n.attributes, n.metadata::text, n.rarity_rank, n.rarity_score)
    IS DISTINCT FROM
       (s.name, s.description, s.image_url, s.thumbnail_url, s.animation_url,
        s.external_url, s.token_uri, s.attributes, s.metadata::text, r.rank, r.score);

-- The same, of a collection that is not known yet.
-- name: import_nft_new
INSERT INTO change_nft
SELECT (k.no - 1) / 10000, true, k.no, k.at, k.token_id, r.score, r.rank
FROM stage_token AS k LEFT JOIN such_market.rarity_scores() AS r USING (no)
ORDER BY k.no;

-- name: import_nft_new_plain
INSERT INTO change_nft
SELECT (k.no - 1) / 10000, true, k.no, k.at, k.token_id, r.score, r.rank
FROM stage_token AS k LEFT JOIN such_market.rarity_scores(true) AS r USING (no)
ORDER BY k.no;

-- name: import_nft_diffed
ANALYZE change_nft (chunk, no);

-- For many chunks.  The rows lie as they are numbered, so the least of indexes finds a chunk.
-- name: import_nft_many
CREATE INDEX ON change_nft USING brin (chunk) WITH (pages_per_range = 16);
CREATE INDEX ON pg_temp.rarity_value USING brin (no) WITH (pages_per_range = 16);

-- name: import_nft_changes
SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh), max(chunk) + 1 FROM change_nft;

-- New rows only: half as dear as a merge, which takes over when another writer was quicker.
-- name: import_nft_add
INSERT INTO such_market.nfts AS n
    (contract_address, token_id, name, description, image_url, thumbnail_url, animation_url,
     external_url, token_uri, attributes, metadata, rarity_rank, rarity_score)
SELECT (SELECT $1::bytea::such_market.address), c.token_id, s.name, s.description, s.image_url, s.thumbnail_url, s.animation_url,
    s.external_url, s.token_uri, s.attributes, s.metadata, c.rank, c.score
FROM (SELECT * FROM change_nft AS d WHERE d.chunk = $2::bigint ORDER BY d.no) AS c
CROSS JOIN LATERAL (SELECT * FROM stage_nft AS l WHERE l.ctid = c.at OFFSET 0) AS s;

-- name: import_nft_merge
INSERT INTO such_market.nfts AS n
    (contract_address, token_id, name, description, image_url, thumbnail_url, animation_url,
     external_url, token_uri, attributes, metadata, rarity_rank, rarity_score)
SELECT $1::bytea, c.token_id, s.name, s.description, s.image_url, s.thumbnail_url, s.animation_url,
    s.external_url, s.token_uri, s.attributes, s.metadata, c.rank, c.score
FROM (SELECT * FROM change_nft AS d WHERE d.chunk = $2::bigint ORDER BY d.no) AS c
CROSS JOIN LATERAL (SELECT * FROM stage_nft AS l WHERE l.ctid = c.at OFFSET 0) AS s
ON CONFLICT (contract_address, token_id) DO UPDATE SET
    name = excluded.name, description = excluded.description, image_url = excluded.image_url,
    thumbnail_url = excluded.thumbnail_url, animation_url = excluded.animation_url,
    external_url = excluded.external_url, token_uri = excluded.token_uri,
    attributes = excluded.attributes, metadata = excluded.metadata,
    rarity_rank = excluded.rarity_rank, rarity_score = excluded.rarity_score, updated_at = now();

-- name: import_nft_traits
SELECT such_market.derive_token_traits($1::bytea, array(
    SELECT c.token_id FROM change_nft AS c WHERE c.chunk = $2::bigint));

-- What derive_token_traits excludes itself by.
-- name: import_trait_lock
SELECT pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 7));

-- The traits of tokens that had none: what derive_token_traits would write, from the marks.  The
-- tokens of a chunk have the numbers between its first and last.  Rows come token by token, which
-- is the cheapest order for both indexes; so the ids are looked up in an array, by the number of
-- the trait: a join would choose an order of its own.
-- name: import_trait_add
WITH chunk AS MATERIALIZED (
    SELECT min(f.no) AS first, max(f.no) AS last FROM change_nft AS f WHERE f.chunk = $2::bigint
), counted AS MATERIALIZED (
    SELECT t.trait, t.trait_type, t.value, t.kind, w.tokens,
        (SELECT c.ctid FROM such_market.collection_traits AS c
        WHERE c.contract_address = $1::bytea AND md5(c.trait_type) = md5(t.trait_type)
            AND md5(c.value) = md5(t.value) AND c.kind = t.kind) AS at
    FROM (SELECT v.trait, count(*) AS tokens FROM pg_temp.rarity_value AS v
        WHERE v.no >= (SELECT k.first FROM chunk AS k) AND v.no <= (SELECT k.last FROM chunk AS k)
        GROUP BY v.trait) AS w
    JOIN (SELECT DISTINCT d.trait, d.trait_type, d.value, d.kind FROM stage_trait AS d) AS t USING (trait)
), fresh AS (
    INSERT INTO such_market.collection_traits AS c (contract_address, trait_type, value, kind, token_count)
    SELECT $1::bytea, w.trait_type, w.value, w.kind, w.tokens
    FROM counted AS w WHERE w.at IS NULL ORDER BY w.trait_type, w.value
    RETURNING c.trait_type, c.value, c.kind, c.trait_id
), moved AS (
    UPDATE such_market.collection_traits AS c
    SET token_count = c.token_count + d.tokens, updated_at = now()
    FROM (SELECT w.trait, w.tokens, w.at FROM counted AS w WHERE w.at IS NOT NULL OFFSET 0) AS d
    WHERE c.ctid = d.at
    RETURNING d.trait, c.trait_id
), ids AS MATERIALIZED (
    SELECT m.trait, m.trait_id FROM moved AS m
    UNION ALL
    SELECT w.trait, f.trait_id FROM fresh AS f JOIN counted AS w USING (trait_type, value, kind)
), id AS MATERIALIZED ( -- no nulls: what has none is found at once
    SELECT array_agg(coalesce(i.trait_id, 0) ORDER BY g.trait) AS of
    FROM generate_series(1, (SELECT max(m.trait) FROM ids AS m)) AS g (trait) LEFT JOIN ids AS i USING (trait)
)
INSERT INTO such_market.token_traits (contract_address, trait_id, token_id)
SELECT (SELECT $1::bytea::such_market.address), ((SELECT i.of FROM id AS i))[w.trait], c.token_id
FROM pg_temp.rarity_value AS w JOIN change_nft AS c USING (no)
WHERE c.chunk = $2::bigint
    AND w.no >= (SELECT k.first FROM chunk AS k) AND w.no <= (SELECT k.last FROM chunk AS k);

-- The traits of the first chunk by a second connection, while this one ranks and writes tokens.
-- Worth it, and small enough to be kept by the program?  Then marks and traits are one to one.
-- name: import_ahead_fits
SELECT (SELECT count(*) = count(DISTINCT t.trait) AND max(t.mark) <= 100000 FROM stage_trait AS t)
    AND (SELECT sum(cardinality(k.marks)) BETWEEN 4000 AND 200000 FROM stage_token AS k WHERE k.no <= 10000);

-- Ids that no row of collection_traits has yet: what speaks of them is seen by nobody.
-- name: import_ahead_ids
UPDATE stage_trait AS t
SET trait_id = nextval(pg_get_serial_sequence('such_market.collection_traits', 'trait_id'))
RETURNING t.mark, t.trait_id;

-- name: import_ahead_tokens
SELECT k.token_id, k.marks FROM stage_token AS k WHERE k.no <= 10000 ORDER BY k.no;

-- Of the second connection.
-- name: import_ahead_begin
SET lock_timeout = '400ms';
CREATE TEMP TABLE ahead_trait (mark bigint, trait_id bigint);
CREATE TEMP TABLE ahead_token (token_id such_market.uint256, marks bigint[]);

-- name: import_ahead_trait_copy
COPY ahead_trait FROM STDIN;

-- name: import_ahead_token_copy
COPY ahead_token FROM STDIN;

-- Marks that are no trait have the id 0.
-- name: import_ahead_add
WITH id AS MATERIALIZED (
    SELECT array_agg(coalesce(a.trait_id, 0) ORDER BY g.mark) AS of
    FROM generate_series(1, (SELECT max(m.mark) FROM ahead_trait AS m)) AS g (mark)
    LEFT JOIN ahead_trait AS a USING (mark)
)
INSERT INTO such_market.token_traits (contract_address, trait_id, token_id)
SELECT (SELECT $1::bytea::such_market.address), w.trait_id, w.token_id
FROM (SELECT k.token_id, ((SELECT i.of FROM id AS i))[m.mark] AS trait_id
    FROM ahead_token AS k CROSS JOIN LATERAL unnest(k.marks) AS m (mark) OFFSET 0) AS w
WHERE w.trait_id <> 0;

-- What they mean, in the transaction of their tokens.
-- name: import_ahead_define
INSERT INTO such_market.collection_traits (trait_id, contract_address, trait_type, value, kind, token_count)
OVERRIDING SYSTEM VALUE
SELECT t.trait_id, $1::bytea, t.trait_type, t.value, t.kind, w.tokens
FROM (SELECT v.trait, count(*) AS tokens FROM pg_temp.rarity_value AS v
    WHERE v.no <= (SELECT max(f.no) FROM change_nft AS f WHERE f.chunk = $2::bigint)
    GROUP BY v.trait) AS w
JOIN stage_trait AS t USING (trait)
ORDER BY t.trait_type, t.value;

-- name: import_nft_prune
SELECT such_market.derive_prune($1::bytea);

-- Tokens whose rank moved because of others.
-- name: import_rank_diff
INSERT INTO change_rank
SELECT (row_number() OVER (ORDER BY n.token_id) - 1) / 10000, n.ctid, n.token_id, r.score, r.rank
FROM such_market.nfts AS n LEFT JOIN ranked AS r ON r.token_id = n.token_id
WHERE n.contract_address = $1::bytea
    AND (n.rarity_rank, n.rarity_score) IS DISTINCT FROM (r.rank, r.score);

-- name: import_rank_changes
SELECT count(*), 0, max(chunk) + 1 FROM change_rank;

-- name: import_rank_merge
UPDATE such_market.nfts AS n
SET rarity_rank = c.rank, rarity_score = c.score, updated_at = now()
FROM (SELECT * FROM change_rank AS r WHERE r.chunk = $2::bigint OFFSET 0) AS c
WHERE n.ctid = c.at AND n.contract_address = $1::bytea AND n.token_id = c.token_id;
