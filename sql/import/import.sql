-- The statements of `such-market import`.  They speak of temporary tables, which import_begin
-- makes: they cannot be prepared before it has run, so they live apart from sql/queries.
--
-- stage_…  lines as they were read, checked by the program; those of tokens are in nft.sql
-- change_… what differs from the database, sorted and numbered in chunks of 10,000
-- $1 is the collection; of a merge $2 is the chunk (of users, which have none, $1).

-- name: import_session
SET lock_timeout = '60s';
SET temp_buffers = '64MB';
SET work_mem = '64MB';
SET maintenance_work_mem = '64MB';
SET jit = off;
SET plan_cache_mode = force_generic_plan;

-- Statistics know nothing of a collection that is just being filled: for the planner it has one
-- row.  What is compared as a whole is therefore never nested, and what is merged finds each row
-- by a subquery of its own (OFFSET 0 keeps it apart), so that no plan is quadratic.
-- name: import_comparing
SET enable_nestloop = off;

-- name: import_merging
RESET enable_nestloop;

-- One import at a time.  The number is this program's own; migrations have another.
-- name: import_exclusive
SELECT pg_advisory_lock(7277816997830721537);
SELECT pg_advisory_lock(7277816997830721538), pg_advisory_unlock(7277816997830721538);

-- name: import_begin
CREATE TEMP TABLE stage_owned (token_id numeric);
CREATE TEMP TABLE stage_owner (
    contract_address bytea, token_id numeric, owner_address bytea, balance numeric);
CREATE TEMP TABLE stage_transfer (
    line bigint, token_id numeric, from_address bytea, to_address bytea, quantity numeric,
    hash bytea, log_index bigint, batch_index bigint, block_number bigint, block_time timestamptz);
CREATE TEMP TABLE stage_user (
    line bigint, fid bigint, username text, display_name text, pfp_url text,
    custody_address bytea, verified_addresses bytea[]);
CREATE TEMP TABLE change_token (chunk bigint, token_id numeric);
CREATE TEMP TABLE change_owner (
    chunk bigint, kind text, token_id numeric, owner_address bytea, balance numeric);
CREATE TEMP TABLE change_transfer (
    chunk bigint, line bigint, token_id numeric, from_address bytea, to_address bytea,
    quantity numeric, origin bytea, synthetic boolean, log_index bigint, batch_index bigint,
    block_number bigint, block_time timestamptz);
CREATE TEMP TABLE change_user (chunk bigint, fresh boolean, line bigint);

-- name: import_chain
SELECT chain_id FROM such_market.instance;

-- The description of a collection: what is absent stays as it was.
-- name: import_collection
INSERT INTO such_market.collections AS c
    (contract_address, name, symbol, token_type, total_supply, description, image_url,
     banner_image_url, external_url, deployer, deployed_block)
VALUES ($1::bytea, $2, $3, $4, $5::numeric, $6, $7, $8, $9, $10::bytea, $11::bigint)
ON CONFLICT (contract_address) DO UPDATE SET
    name = coalesce(excluded.name, c.name), symbol = coalesce(excluded.symbol, c.symbol),
    token_type = CASE WHEN excluded.token_type = 'UNKNOWN' THEN c.token_type ELSE excluded.token_type END,
    total_supply = coalesce(excluded.total_supply, c.total_supply),
    description = coalesce(excluded.description, c.description),
    image_url = coalesce(excluded.image_url, c.image_url),
    banner_image_url = coalesce(excluded.banner_image_url, c.banner_image_url),
    external_url = coalesce(excluded.external_url, c.external_url),
    deployer = coalesce(excluded.deployer, c.deployer),
    deployed_block = coalesce(excluded.deployed_block, c.deployed_block),
    updated_at = now()
WHERE (c.name, c.symbol, c.token_type, c.total_supply, c.description, c.image_url,
        c.banner_image_url, c.external_url, c.deployer, c.deployed_block)
    IS DISTINCT FROM
      (coalesce(excluded.name, c.name), coalesce(excluded.symbol, c.symbol),
       CASE WHEN excluded.token_type = 'UNKNOWN' THEN c.token_type ELSE excluded.token_type END,
       coalesce(excluded.total_supply, c.total_supply),
       coalesce(excluded.description, c.description),
       coalesce(excluded.image_url, c.image_url),
       coalesce(excluded.banner_image_url, c.banner_image_url),
       coalesce(excluded.external_url, c.external_url),
       coalesce(excluded.deployer, c.deployer),
       coalesce(excluded.deployed_block, c.deployed_block))
RETURNING xmax = 0 AS fresh;

-- name: import_lock
SELECT such_market.lock_collections(ARRAY[$1::bytea]);

-- What the program sorted; of holders those that hold something, each once.
-- name: import_token_copy
COPY stage_owned FROM STDIN (FORMAT binary);

-- name: import_owner_copy
COPY stage_owner FROM STDIN (FORMAT binary);

-- name: import_owner_staged
ANALYZE stage_owner (token_id, owner_address);

-- name: import_owner_tokens
INSERT INTO change_token
SELECT (row_number() OVER (ORDER BY t.token_id) - 1) / 10000, t.token_id
FROM stage_owned AS t
WHERE NOT EXISTS (SELECT FROM such_market.nfts AS n
    WHERE n.contract_address = $1::bytea AND n.token_id = t.token_id);

-- name: import_transfer_tokens
INSERT INTO change_token
SELECT (row_number() OVER (ORDER BY t.token_id) - 1) / 10000, t.token_id
FROM (SELECT DISTINCT s.token_id FROM stage_transfer AS s) AS t
WHERE NOT EXISTS (SELECT FROM such_market.nfts AS n
    WHERE n.contract_address = $1::bytea AND n.token_id = t.token_id);

-- name: import_token_changes
SELECT count(*), 0, max(chunk) + 1 FROM change_token;

-- name: import_token_add
INSERT INTO such_market.nfts (contract_address, token_id)
SELECT (SELECT $1::bytea::such_market.address), c.token_id FROM change_token AS c WHERE c.chunk = $2::bigint ORDER BY c.token_id;

-- name: import_token_merge
INSERT INTO such_market.nfts (contract_address, token_id)
SELECT $1::bytea, c.token_id FROM change_token AS c WHERE c.chunk = $2::bigint ORDER BY c.token_id
ON CONFLICT (contract_address, token_id) DO NOTHING;

-- name: import_token_done
TRUNCATE change_token;

-- name: import_owner_fresh
SELECT NOT EXISTS (SELECT FROM such_market.nft_ownership AS f WHERE f.contract_address = $1::bytea);

-- Filling a collection without holders.  The second connection is part of an import: who comes
-- next waits until it has gone, which it may do later than the first.
-- name: import_fill_second
SELECT pg_advisory_lock(7277816997830721538);

-- lock_timeout: below what other writers have (500 ms) and below deadlock_timeout (1 s).
-- name: import_fill_begin
SET lock_timeout = '400ms';
CREATE TEMP TABLE stage_chunk (
    contract_address bytea, token_id numeric, owner_address bytea, balance numeric)
    ON COMMIT DELETE ROWS;

-- name: import_fill_done
SET lock_timeout = '60s';

-- name: import_fill_add
COPY such_market.nft_ownership (contract_address, token_id, owner_address, balance)
FROM STDIN (FORMAT binary);

-- name: import_fill_patience
SET LOCAL lock_timeout = '60s';

-- name: import_fill_copy
COPY stage_chunk FROM STDIN (FORMAT binary);

-- name: import_fill_merge
INSERT INTO such_market.nft_ownership AS o (contract_address, token_id, owner_address, balance)
SELECT c.contract_address, c.token_id, c.owner_address, c.balance
FROM stage_chunk AS c ORDER BY c.token_id, c.owner_address
ON CONFLICT (contract_address, token_id, owner_address) DO UPDATE
SET balance = excluded.balance, updated_at = now(), last_verified_at = now()
WHERE o.balance IS DISTINCT FROM excluded.balance;

-- A token's old and new holder should change together, so the order is that of tokens.
-- name: import_owner_diff
INSERT INTO change_owner
SELECT (row_number() OVER (ORDER BY d.token_id, d.owner_address) - 1) / 10000,
    d.kind, d.token_id, d.owner_address, d.balance
FROM (SELECT
        CASE WHEN o.balance IS NULL THEN 'added' WHEN s.balance IS NULL THEN 'removed' ELSE 'changed' END AS kind,
        coalesce(s.token_id, o.token_id) AS token_id,
        coalesce(s.owner_address, o.owner_address) AS owner_address, s.balance
    FROM stage_owner AS s
    FULL JOIN (SELECT h.token_id::numeric AS token_id, h.owner_address::bytea AS owner_address, h.balance
        FROM such_market.nft_ownership AS h WHERE h.contract_address = $1::bytea) AS o
        ON o.token_id = s.token_id AND o.owner_address = s.owner_address
    WHERE s.balance IS DISTINCT FROM o.balance) AS d;

-- name: import_owner_diffed
CREATE INDEX ON change_owner USING brin (chunk) WITH (pages_per_range = 16);
ANALYZE change_owner (chunk, kind);

-- name: import_owner_changes
SELECT count(*) FILTER (WHERE kind = 'added'), count(*) FILTER (WHERE kind = 'changed'),
    max(chunk) + 1, count(*) FILTER (WHERE kind = 'removed') FROM change_owner;

-- A writer of one row may hold it and wait for the collection, which is held here: give way to
-- it before others' deadlock_timeout (1 s) would choose between the two.
-- name: import_owner_haste
SET LOCAL lock_timeout = '200ms';

-- name: import_owner_remove
DELETE FROM such_market.nft_ownership AS o
USING (SELECT (SELECT h.ctid FROM such_market.nft_ownership AS h
        WHERE h.contract_address = $1::bytea AND h.token_id = r.token_id
            AND h.owner_address = r.owner_address) AS at
    FROM change_owner AS r WHERE r.chunk = $2::bigint AND r.kind = 'removed' OFFSET 0) AS c
WHERE o.ctid = c.at;

-- name: import_owner_add
INSERT INTO such_market.nft_ownership AS o (contract_address, token_id, owner_address, balance)
SELECT (SELECT $1::bytea::such_market.address), c.token_id, c.owner_address, c.balance
FROM change_owner AS c WHERE c.chunk = $2::bigint ORDER BY c.token_id, c.owner_address;

-- name: import_owner_merge
INSERT INTO such_market.nft_ownership AS o (contract_address, token_id, owner_address, balance)
SELECT $1::bytea, c.token_id, c.owner_address, c.balance
FROM change_owner AS c WHERE c.chunk = $2::bigint AND c.kind <> 'removed'
ORDER BY c.token_id, c.owner_address
ON CONFLICT (contract_address, token_id, owner_address) DO UPDATE
SET balance = excluded.balance, updated_at = now(), last_verified_at = now()
WHERE o.balance IS DISTINCT FROM excluded.balance;

-- $1: the hash of the file.  Where a file tells hashes and no log index, a token's moves in one
-- transaction are told apart by their order.
-- name: import_transfer_diff
INSERT INTO change_transfer
SELECT (row_number() OVER (ORDER BY t.line) - 1) / 10000, t.line, t.token_id, t.from_address,
    t.to_address, t.quantity, t.origin, t.synthetic, t.log_index, t.batch_index,
    t.block_number, t.block_time
FROM (SELECT DISTINCT ON (u.origin, u.log_index, u.batch_index, u.token_id) u.*
    FROM (SELECT s.line, s.token_id, s.from_address, s.to_address, s.quantity, s.block_number,
            s.block_time, coalesce(s.hash, $1::bytea) AS origin, s.hash IS NULL AS synthetic,
            CASE WHEN s.hash IS NULL THEN s.line ELSE coalesce(s.log_index, 0) END AS log_index,
            CASE WHEN s.hash IS NULL THEN 0
            WHEN s.log_index IS NULL AND s.batch_index IS NULL
                THEN row_number() OVER (PARTITION BY s.hash, s.token_id ORDER BY s.line) - 1
            ELSE coalesce(s.batch_index, 0) END AS batch_index
        FROM stage_transfer AS s) AS u
    ORDER BY u.origin, u.log_index, u.batch_index, u.token_id, u.line) AS t
WHERE (SELECT x.id FROM such_market.transfers AS x
    WHERE x.origin = t.origin AND x.log_index = t.log_index
        AND x.batch_index = t.batch_index AND x.token_id = t.token_id) IS NULL;

-- name: import_transfer_staged
ANALYZE stage_transfer (token_id);

-- name: import_transfer_changes
SELECT count(*), 0, max(chunk) + 1 FROM change_transfer;

-- name: import_transfer_merge
INSERT INTO such_market.transfers
    (contract_address, token_id, from_address, to_address, quantity, origin, synthetic,
     log_index, batch_index, block_number, block_time)
SELECT $1::bytea, c.token_id, c.from_address, c.to_address, c.quantity, c.origin, c.synthetic,
    c.log_index, c.batch_index, c.block_number, c.block_time
FROM change_transfer AS c WHERE c.chunk = $2::bigint ORDER BY c.line
ON CONFLICT (origin, log_index, batch_index, token_id) DO NOTHING;

-- name: import_user_staged
CREATE INDEX ON stage_user (fid, line);
CREATE INDEX ON stage_user (line);
ANALYZE stage_user (line, fid);

-- name: import_user_diff
INSERT INTO change_user
SELECT (row_number() OVER (ORDER BY s.fid) - 1) / 10000, u.fid IS NULL, s.line
FROM stage_user AS s LEFT JOIN such_market.fc_users AS u ON u.fid = s.fid
WHERE NOT EXISTS (SELECT FROM stage_user AS l WHERE l.fid = s.fid AND l.line > s.line)
    AND (u.fid IS NULL
        OR (u.username, u.display_name, u.pfp_url, u.custody_address, u.verified_addresses)
        IS DISTINCT FROM
           (s.username, s.display_name, s.pfp_url, s.custody_address, s.verified_addresses));

-- name: import_user_changes
SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh), max(chunk) + 1 FROM change_user;

-- name: import_user_merge
INSERT INTO such_market.fc_users AS u
    (fid, username, display_name, pfp_url, custody_address, verified_addresses)
SELECT s.fid, s.username, s.display_name, s.pfp_url, s.custody_address, s.verified_addresses
FROM change_user AS c
CROSS JOIN LATERAL (SELECT * FROM stage_user AS l WHERE l.line = c.line OFFSET 0) AS s
WHERE c.chunk = $1::bigint ORDER BY s.fid
ON CONFLICT (fid) DO UPDATE SET
    username = excluded.username, display_name = excluded.display_name,
    pfp_url = excluded.pfp_url, custody_address = excluded.custody_address,
    verified_addresses = excluded.verified_addresses, updated_at = now();
