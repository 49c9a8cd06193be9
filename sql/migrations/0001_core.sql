-- The tables of such-market.  Addresses are bytea of 20 bytes, token ids and quantities
-- NUMERIC(78,0) held to uint256 (docs/design/schema.md has the measurements).
-- :chain_id, :app_role and :maintenance_role are put in by `such-market migrate`.
-- Big tables have no foreign keys (a check a row costs more than the row); the statement triggers
-- of 0002 refuse rows of an unknown collection instead.
-- The schema such_market and its table schema_migrations exist already: migrate makes them.

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;

CREATE DOMAIN such_market.address AS bytea CHECK (octet_length(VALUE) = 20);
CREATE DOMAIN such_market.hash32 AS bytea CHECK (octet_length(VALUE) = 32);
-- NaN and 2^256 both fail the comparison.
CREATE DOMAIN such_market.uint256 AS numeric(78, 0)
    CHECK (VALUE >= 0 AND VALUE < 115792089237316195423570985008687907853269984665640564039457584007913129639936);

-- One row: which chain this deployment serves, and the secret that cursors are signed with.
CREATE TABLE such_market.instance (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    chain_id bigint NOT NULL,
    cursor_secret bytea NOT NULL DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO such_market.instance (chain_id) VALUES (:chain_id);

CREATE TABLE such_market.collections (
    contract_address such_market.address PRIMARY KEY,
    id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    name text,
    symbol text,
    token_type text NOT NULL DEFAULT 'UNKNOWN'
        CHECK (token_type IN ('ERC721', 'ERC1155', 'CRYPTOPUNKS', 'UNKNOWN')),
    total_supply such_market.uint256,
    verified boolean NOT NULL DEFAULT false,
    description text,
    image_url text,
    banner_image_url text,
    external_url text,
    deployer such_market.address,
    deployed_block bigint CHECK (deployed_block >= 0),
    last_refresh_at timestamptz,
    refresh_cooldown_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX collections_created ON such_market.collections (created_at, contract_address);
CREATE INDEX collections_name ON such_market.collections (lower(coalesce(name, '')), contract_address);
CREATE INDEX collections_name_trgm ON such_market.collections USING gin (name gin_trgm_ops);
CREATE INDEX collections_search ON such_market.collections
    USING gin (to_tsvector('simple', coalesce(name, '') || ' ' || coalesce(symbol, '') || ' ' || coalesce(description, '')));

-- Counts, kept by triggers: a row for every collection, from its first day.
CREATE TABLE such_market.collection_stats (
    contract_address such_market.address PRIMARY KEY
        REFERENCES such_market.collections ON DELETE CASCADE,
    token_count bigint NOT NULL DEFAULT 0 CHECK (token_count >= 0),       -- rows of nfts
    owner_count bigint NOT NULL DEFAULT 0 CHECK (owner_count >= 0),       -- rows of user_collections
    balance numeric(98, 0) NOT NULL DEFAULT 0 CHECK (balance >= 0),       -- sum of all balances
    holding_count bigint NOT NULL DEFAULT 0 CHECK (holding_count >= 0),   -- rows of nft_ownership
    transfer_count bigint NOT NULL DEFAULT 0 CHECK (transfer_count >= 0), -- rows of transfers
    last_transfer_at timestamptz
) WITH (fillfactor = 50);
CREATE INDEX collection_stats_tokens ON such_market.collection_stats (token_count, contract_address);

CREATE TABLE such_market.nfts (
    contract_address such_market.address NOT NULL,
    token_id such_market.uint256 NOT NULL,
    name text,
    description text,
    image_url text,
    thumbnail_url text,
    animation_url text,
    external_url text,
    token_uri text,
    -- As answered: [{"traitType": text|null, "value": any, "displayType": text|null}, …]
    attributes jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(attributes) = 'array'),
    metadata json, -- as it came, never looked into
    rarity_rank integer,
    rarity_score double precision,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contract_address, token_id)
);
-- Tokens without a rank come last; 2147483647 stands for "none" in the key.
CREATE INDEX nfts_rarity ON such_market.nfts (contract_address, coalesce(rarity_rank, 2147483647), token_id);
CREATE INDEX nfts_updated ON such_market.nfts (contract_address, updated_at, token_id);
-- What is searched: parts of names, and words.  One index is cheaper to write than two.  Tokens
-- without words are not in it: whoever searches says a condition that implies this one.
CREATE INDEX nfts_words ON such_market.nfts
    USING gin (contract_address, name gin_trgm_ops,
        to_tsvector('simple', coalesce(name, '') || ' ' || coalesce(description, '')))
    WHERE name IS NOT NULL OR description IS NOT NULL;

-- The values that occur in a collection.  trait_id is what token_traits speaks of.
CREATE TABLE such_market.collection_traits (
    trait_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract_address such_market.address NOT NULL
        REFERENCES such_market.collections ON DELETE CASCADE,
    trait_type text NOT NULL,
    value text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('string', 'number', 'date')),
    token_count bigint NOT NULL DEFAULT 0 CHECK (token_count >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
-- Values may be longer than an index entry can be; the digest stands for them.
CREATE UNIQUE INDEX collection_traits_value
    ON such_market.collection_traits (contract_address, md5(trait_type), md5(value), kind);

CREATE TABLE such_market.token_traits (
    contract_address such_market.address NOT NULL,
    trait_id bigint NOT NULL,
    token_id such_market.uint256 NOT NULL,
    PRIMARY KEY (trait_id, token_id, contract_address) -- two decide; the third is for reading it alone
);
CREATE INDEX token_traits_token ON such_market.token_traits (contract_address, token_id, trait_id);

CREATE TABLE such_market.fc_users (
    fid bigint PRIMARY KEY CHECK (fid >= 0),
    username text,
    display_name text,
    pfp_url text,
    custody_address such_market.address,
    verified_addresses bytea[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Who holds what: the truth about ownership.  A row with balance 0 does not exist.
CREATE TABLE such_market.nft_ownership (
    contract_address such_market.address NOT NULL,
    token_id such_market.uint256 NOT NULL,
    owner_address such_market.address NOT NULL
        CHECK (owner_address <> '\x0000000000000000000000000000000000000000'),
    balance such_market.uint256 NOT NULL CHECK (balance > 0),
    last_verified_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contract_address, token_id, owner_address)
);
CREATE INDEX nft_ownership_owner
    ON such_market.nft_ownership (owner_address, contract_address, token_id);

-- Summaries of nft_ownership, kept by triggers (below).
-- Who holds tokens of a collection now: rows end with the last token.
CREATE TABLE such_market.user_collections (
    contract_address such_market.address NOT NULL,
    user_address such_market.address NOT NULL,
    token_count bigint NOT NULL CHECK (token_count >= 0),   -- distinct token ids
    balance numeric(98, 0) NOT NULL CHECK (balance >= 0),
    last_updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_address, contract_address) -- the wallet decides at the first comparison
);
-- The list of holders, and their distribution, from the index alone.
CREATE INDEX user_collections_largest ON such_market.user_collections
    (contract_address, balance DESC, user_address) INCLUDE (token_count);

-- What a wallet holds or has held: rows stay, with token_count 0 and last_owned_at.
CREATE TABLE such_market.wallet_collection_mapping (
    wallet_address such_market.address NOT NULL,
    contract_address such_market.address NOT NULL,
    token_count bigint NOT NULL CHECK (token_count >= 0),
    balance numeric(98, 0) NOT NULL CHECK (balance >= 0),
    last_owned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (wallet_address, contract_address)
) WITH (fillfactor = 80); -- its updates touch no index: room makes them HOT

CREATE TABLE such_market.transfers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract_address such_market.address NOT NULL,
    token_id such_market.uint256 NOT NULL,
    from_address such_market.address NOT NULL, -- 0x0: minted
    to_address such_market.address NOT NULL,   -- 0x0: burned
    quantity such_market.uint256 NOT NULL DEFAULT 1,
    -- The transaction's hash; for rows without one the hash of the file they came from.
    origin such_market.hash32 NOT NULL,
    synthetic boolean NOT NULL DEFAULT false,
    log_index bigint NOT NULL CHECK (log_index >= 0), -- of a synthetic origin: the line
    batch_index integer NOT NULL DEFAULT 0 CHECK (batch_index >= 0),
    block_number bigint CHECK (block_number >= 0),
    block_time timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(), -- that recorded it: under it the outbox has what this voids
    CONSTRAINT transfers_identity UNIQUE (origin, log_index, batch_index, token_id)
);
-- Newest first: by time, then block, then the order of recording.
CREATE INDEX transfers_collection ON such_market.transfers
    (contract_address, coalesce(block_time, 'epoch'), coalesce(block_number, 0), id);
CREATE INDEX transfers_token ON such_market.transfers
    (contract_address, token_id, coalesce(block_time, 'epoch'), coalesce(block_number, 0), id);

CREATE TABLE such_market.api_keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32), -- SHA-256 of the key
    hint text NOT NULL,                                             -- its first characters
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE UNIQUE INDEX api_keys_name ON such_market.api_keys (name) WHERE revoked_at IS NULL;

GRANT USAGE ON SCHEMA such_market TO :app_role, :maintenance_role;
GRANT SELECT ON ALL TABLES IN SCHEMA such_market TO :app_role, :maintenance_role;
-- The summaries are the triggers' to write.
GRANT INSERT, UPDATE, DELETE ON such_market.collections, such_market.nfts,
    such_market.collection_traits, such_market.token_traits, such_market.fc_users,
    such_market.nft_ownership, such_market.transfers TO :app_role;
-- A key is what it was made; it can only be revoked.
GRANT INSERT, UPDATE (revoked_at) ON such_market.api_keys TO :app_role;
GRANT UPDATE, DELETE ON such_market.collection_stats, such_market.user_collections,
    such_market.wallet_collection_mapping TO :maintenance_role;
GRANT INSERT ON such_market.user_collections, such_market.wallet_collection_mapping TO :maintenance_role;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA such_market TO :app_role;
