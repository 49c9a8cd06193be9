/*
 * The older layout moves in: as its operators have it, with parts missing, with dirt in it, and
 * again when more of it appears.  Every case is a database of its own.
 */
#include "suite.h"
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "lib/live_pg.h"
#include "net/migrate.h"
#include "net/pg.h"

#define APE  "0xbc4ca0eda7647a8ab7c2061c2e118a18a936f13d"
#define LAND "0x1111111111111111111111111111111111111111"
#define BOB  "0x00000000000000000000000000000000000000b0"
#define EVE  "0x00000000000000000000000000000000000000e0"
#define ID   "11111111-2222-4333-8444-55555555555"

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 60000 };
static struct arena *arena;
static struct pg *pg;

static const char layout[] =
	"CREATE TABLE collections (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
	" contract_address text NOT NULL UNIQUE, name text NOT NULL, symbol text,"
	" token_type text NOT NULL, total_supply bigint, verified boolean DEFAULT false,"
	" last_refresh_at timestamptz, refresh_cooldown_until timestamptz,"
	" created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now());"
	"CREATE TABLE nfts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), collection_id uuid"
	" REFERENCES collections(id) ON DELETE CASCADE, token_id text NOT NULL, title text,"
	" description text, image_url text, thumbnail_url text, metadata jsonb, attributes "
	"jsonb,"
	" media jsonb, owner_address text, last_owner_check_at timestamptz,"
	" created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),"
	" UNIQUE (collection_id, token_id));"
	"CREATE TABLE collection_traits (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
	" collection_id uuid, trait_type text NOT NULL, trait_value text NOT NULL,"
	" token_ids text[] NOT NULL);"
	"CREATE TABLE fc_users (fid bigint PRIMARY KEY, username text, display_name text,"
	" pfp_url text, verified_addresses jsonb, created_at timestamptz DEFAULT now(),"
	" updated_at timestamptz DEFAULT now());"
	"CREATE TABLE user_nft_cache (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
	" wallet_address text NOT NULL UNIQUE, contracts jsonb NOT NULL,"
	" last_updated timestamptz DEFAULT now());";
static const char later[] =
	"CREATE TABLE nft_ownership (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
	" collection_id uuid, token_id text NOT NULL, owner_address text NOT NULL,"
	" last_verified_at timestamptz DEFAULT now(), created_at timestamptz DEFAULT now(),"
	" updated_at timestamptz DEFAULT now(), UNIQUE (collection_id, token_id, "
	"owner_address));"
	"CREATE TABLE user_collections (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
	" user_address text NOT NULL, collection_id uuid, token_count integer DEFAULT 0,"
	" last_updated_at timestamptz DEFAULT now(), UNIQUE (user_address, collection_id));"
	"CREATE TABLE wallet_collection_mapping (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
	" wallet_address text NOT NULL, collection_address text NOT NULL,"
	" token_count integer DEFAULT 0, last_owned_at timestamptz DEFAULT now(),"
	" UNIQUE (wallet_address, collection_address));";
static const char clean[] =
	"INSERT INTO collections (id, contract_address, name, symbol, token_type, total_supply,"
	" verified, created_at) VALUES ('" ID
	"1', '0xBC4CA0EdA7647A8aB7C2061c2E118A18a936f13D',"
	" 'Apes', 'APE', 'ERC721', 10000, true, to_timestamp(1000)),"
	" ('" ID "2', '" LAND "', 'Land', NULL, 'ERC1155', NULL, false, to_timestamp(2000));"
	"INSERT INTO nfts (collection_id, token_id, title, metadata, attributes, owner_address)"
	" SELECT '" ID "1', n::text, 'Ape ' || n, jsonb_build_object('edition', n),"
	" jsonb_build_array(jsonb_build_object('trait_type', 'Fur', 'value', 'f' || n % 2)),"
	" CASE WHEN n % 2 = 0 THEN '" BOB "' ELSE upper('" EVE "') END"
	" FROM generate_series(1, 10) n;"
	"INSERT INTO nfts (collection_id, token_id, title) VALUES ('" ID "2', '0xff', 'Plot');"
	"INSERT INTO collection_traits (collection_id, trait_type, trait_value, token_ids)"
	" VALUES ('" ID "2', 'Biome', 'sea', '{0xff}');"
	"INSERT INTO fc_users VALUES (3, 'dwr', 'Dan', 'https://i.invalid/3',"
	" '[\"" BOB "\", \"" EVE "\"]'), (4, NULL, NULL, NULL, NULL);"
	"INSERT INTO user_nft_cache (wallet_address, contracts, last_updated) VALUES ('" BOB
	"',"
	" '[{\"address\": \"" APE "\", \"totalBalance\": 5, \"numDistinctTokensOwned\": 5},"
	" {\"address\": \"0x2222222222222222222222222222222222222222\", \"totalBalance\":"
	" \"12345678901234567890123\", \"numDistinctTokensOwned\": 2, \"isSpam\": true,"
	" \"name\": \"Free\", \"symbol\": \"FR\", \"tokenType\": \"ERC1155\"}]',"
	" to_timestamp(5000));";

/* Opens a new database as its owner, with these tables of the older system in it. */
static void begin(const char *name, const char *sql, const char *more)
{
	arena = arena_new(65536);
	pg = pg_new(&options, arena_strz(arena, str_of(live_pg_empty_database(name))));
	for (int i = 0; i < 2; i++) {
		SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, i ? more : sql);
		ck_assert_msg(done.rc == RC_OK, "%s", pg_error(pg));
	}
}

static void end(void)
{
	pg_free(pg);
	arena_free(arena);
}

static enum rc migrate(const char *optional)
{
	const struct migrate_options o = { .dir = live_pg_migrations(),
					   .chain_id = LIVE_PG_CHAIN,
					   .app_role = "such_market_app",
					   .maintenance_role = "such_market_maintenance",
					   .optional = optional };
	const char *error = "";
	int applied;

	enum rc rc = migrate_apply(pg, arena, &o, NULL, NULL, &applied, &error);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", error);
	return rc;
}

static const char *ask(const char *sql)
{
	struct buf out;
	SCOPED(pg_result_done) struct pg_result rows = pg_exec(pg, sql);

	ck_assert_msg(rows.rc == RC_OK, "%s: %s", sql, pg_error(pg));
	buf_init(&out, arena, BUF_NO_MAX);
	for (int i = 0; i < rows.count; i++) {
		if (i)
			buf_addc(&out, ' ');
		buf_adds(&out, pg_str(&rows, i, 0));
	}
	buf_addc(&out, '\0');
	return out.ptr;
}

#define says(sql, want) ck_assert_str_eq(ask(sql), want)
#define run(sql)        (void)ask(sql)

/* Runs it once more: all that is told, source:total:taken:present:rejected. */
#define AGAIN                                                                                  \
	"SELECT concat_ws(':', source, total, taken, present, rejected)"                       \
	" FROM such_market.take_over_legacy()"
#define EXACT "SELECT count(*) FROM such_market.summary_differences()"

static void clean_is_here(void)
{
	says("SELECT concat_ws(',', contract_address, id, name, symbol, token_type, "
	     "total_supply,"
	     " verified) FROM such_market.collections WHERE name IN ('Apes', 'Land') ORDER BY "
	     "name",
	     "\\xbc4ca0eda7647a8ab7c2061c2e118a18a936f13d," ID "1,Apes,APE,ERC721,10000,t"
	     " \\x1111111111111111111111111111111111111111," ID "2,Land,ERC1155,f");
	says("SELECT string_agg(concat_ws(',', token_id, name, attributes -> 0 ->> 'traitType',"
	     " attributes -> 0 ->> 'value', metadata ->> 'edition'), ';' ORDER BY token_id)"
	     " FROM such_market.nfts WHERE token_id IN (7, 255)",
	     "7,Ape 7,Fur,f1,7;255,Plot,Biome,sea");
	says("SELECT count(*) FROM such_market.nfts", "11");
	says("SELECT right(user_address::text, 2) || ':' || token_count"
	     " FROM such_market.user_collections WHERE contract_address ="
	     " '\\xbc4ca0eda7647a8ab7c2061c2e118a18a936f13d' ORDER BY 1",
	     "b0:5 e0:5");
	says("SELECT concat_ws(',', fid, username, cardinality(verified_addresses))"
	     " FROM such_market.fc_users ORDER BY fid",
	     "3,dwr,2 4,0");
	says("SELECT concat_ws(',', contract_address, token_count, balance, spam, source)"
	     " FROM such_market.wallet_contracts",
	     "\\x2222222222222222222222222222222222222222,2,12345678901234567890123,t,"
	     "user_nft_cache");
	says("SELECT token_type || name FROM such_market.collections"
	     " WHERE contract_address = '\\x2222222222222222222222222222222222222222'",
	     "ERC1155Free");
	says("SELECT count(*) FROM such_market.legacy_rejects", "0");
	says(EXACT, "0");
}

START_TEST(test_full)
{
	begin("legacy_full", layout, later);
	run(clean);
	run("INSERT INTO nft_ownership (collection_id, token_id, owner_address, "
	    "last_verified_at)"
	    " SELECT collection_id, token_id, lower(owner_address), to_timestamp(9000) FROM "
	    "nfts"
	    " WHERE owner_address IS NOT NULL UNION ALL VALUES"
	    " ('" ID "2'::uuid, '255', '" BOB "', to_timestamp(9000)),"
	    " ('" ID "2', '255', '" EVE "', to_timestamp(9001));"
	    "INSERT INTO user_collections (user_address, collection_id, token_count)"
	    " VALUES ('" BOB "', '" ID "1', 5);"
	    "INSERT INTO wallet_collection_mapping (wallet_address, collection_address,"
	    " token_count, last_owned_at) VALUES ('" BOB "', '" APE "', 5, to_timestamp(7000)),"
	    " ('" EVE "', '0x3333333333333333333333333333333333333333', 0, to_timestamp(8000)),"
	    " ('" EVE
	    "', '0x4444444444444444444444444444444444444444', 3, to_timestamp(8000))");
	ck_assert_int_eq(migrate(NULL), RC_OK);
	says("SELECT concat_ws(',', right(contract_address::text, 4), "
	     "right(wallet_address::text, 2),"
	     " token_count, extract(epoch FROM last_owned_at)::int)"
	     " FROM such_market.wallet_collection_mapping"
	     " WHERE last_owned_at < now() - interval '1 year' ORDER BY contract_address",
	     "3333,e0,0,8000 f13d,b0,5,7000");
	says("SELECT token_count FROM such_market.wallet_contracts"
	     " WHERE source = 'wallet_collection_mapping'",
	     "3");
	says("SELECT count(*) || ',' || min(extract(epoch FROM last_verified_at))::int"
	     " FROM such_market.nft_ownership WHERE token_id = 255",
	     "2,9000");
	run("DELETE FROM such_market.wallet_contracts WHERE source = "
	    "'wallet_collection_mapping'");
	clean_is_here();
	says(AGAIN, "collections:2:0:2:0 nfts:11:0:11:0 nft_ownership:12:0:12:0"
		    " nfts.owner_address:10:0:10:0 fc_users:2:0:2:0"
		    " fc_users.verified_addresses:2:0:2:0 user_nft_cache:2:0:2:0"
		    " wallet_collection_mapping:3:1:2:0 user_collections:1:0:1:0");
	end();
}
END_TEST

START_TEST(test_earlier)
{
	begin("legacy_earlier", layout, clean);
	ck_assert_int_eq(migrate(NULL), RC_OK);
	clean_is_here();
	says("SELECT count(*) FROM such_market.nft_ownership", "10");
	says("SELECT count(*) || ',' || max(token_count) FROM such_market.collection_traits",
	     "3,5");
	/* What happened here since is newer; what appears there later comes too. */
	run("UPDATE such_market.nft_ownership SET owner_address ="
	    " '\\x00000000000000000000000000000000000000aa' WHERE token_id = 1");
	run("UPDATE such_market.nfts SET name = 'Renamed' WHERE token_id = 2");
	run("INSERT INTO public.nfts (collection_id, token_id, owner_address)"
	    " VALUES ('" ID "1', '11', '" BOB "')");
	says(AGAIN, "collections:2:0:2:0 nfts:12:1:11:0 nfts.owner_address:11:1:9:1"
		    " fc_users:2:0:2:0 fc_users.verified_addresses:2:0:2:0"
		    " user_nft_cache:2:0:2:0");
	says("SELECT name FROM such_market.nfts WHERE token_id = 2", "Renamed");
	says("SELECT right(owner_address::text, 2) FROM such_market.nft_ownership"
	     " WHERE token_id IN (1, 11) ORDER BY token_id",
	     "aa b0");
	says(EXACT, "0");
	ck_assert_int_eq(migrate("drop_user_nft_cache"), RC_OK);
	says("SELECT coalesce(to_regclass('public.user_nft_cache')::text, 'gone')", "gone");
	end();
}
END_TEST

START_TEST(test_minimal)
{
	begin("legacy_minimal",
	      "CREATE TABLE collections (id int PRIMARY KEY, contract_address text)",
	      "CREATE TABLE user_nft_cache (wallet_address text, contracts jsonb);"
	      "CREATE TABLE nfts (collection_id int, token_id text);"
	      "INSERT INTO collections VALUES (1, '" APE "'); INSERT INTO nfts VALUES (1, '0');"
	      "INSERT INTO user_nft_cache VALUES ('" BOB "', '[{\"address\": \"" LAND "\"}]')");
	ck_assert_int_eq(migrate(NULL), RC_OK);
	says(AGAIN, "collections:1:0:1:0 nfts:1:0:1:0 nfts.owner_address:0:0:0:0"
		    " user_nft_cache:1:0:1:0");
	says("SELECT token_type || ':' || count(*) FROM such_market.collections GROUP BY "
	     "token_type",
	     "UNKNOWN:2");
	says("SELECT token_count FROM such_market.wallet_contracts", "1");
	end();
}
END_TEST

START_TEST(test_nothing)
{
	begin("legacy_nothing", "SELECT", "SELECT");
	ck_assert_int_eq(migrate(NULL), RC_OK);
	says(AGAIN, "");
	ck_assert_int_eq(migrate("drop_user_nft_cache"), RC_OK);
	end();
}
END_TEST

static const char dirt[] =
	"INSERT INTO collections (id, contract_address, name, token_type) VALUES"
	" ('" ID "3', 'nonsense', 'x', 'ERC721'), ('" ID "4', '" APE "', 'again', 'ERC721');"
	"INSERT INTO nfts (collection_id, token_id, title, attributes, owner_address) VALUES"
	" ('" ID "1', 'seven', NULL, NULL, NULL), ('" ID "1', '-1', NULL, NULL, NULL),"
	" ('" ID "1', repeat('9', 78), NULL, NULL, NULL), ('" ID "3', '1', NULL, NULL, NULL),"
	" (NULL, '1', NULL, NULL, NULL), ('" ID "1', '007', 'double', NULL, NULL),"
	" ('" ID "1', '20', 'map', '{\"Fur\": \"red\"}', 'nobody'),"
	" ('" ID "1', '21', 'list', '[\"rare\", {\"value\": 3, \"display_type\": \"number\"}]',"
	"  '0x0000000000000000000000000000000000000000'),"
	" ('" ID "1', '22', 'text', '\"oops\"', ''),"
	" ('" ID
	"1', '115792089237316195423570985008687907853269984665640564039457584007913129639935',"
	"  'largest', NULL, '" EVE "');"
	"UPDATE nfts SET updated_at = now() - interval '1 day' WHERE token_id = '007';"
	"INSERT INTO nft_ownership (collection_id, token_id, owner_address, last_verified_at) "
	"VALUES"
	" ('" ID "1', '30', '" BOB "', to_timestamp(1)), ('" ID "1', '30', '" EVE
	"', to_timestamp(2)),"
	" ('" ID "1', 'x', '" BOB "', now()), ('" ID "9', '1', '" BOB "', now());"
	"INSERT INTO fc_users VALUES (-1, 'minus', NULL, NULL, '[\"" BOB "\"]'),"
	" (5, 'sol', NULL, NULL, '[\"So11111111111111111111111111111111111111112\", \"" EVE
	"\", 7]'),"
	" (6, 'object', NULL, NULL, '{\"a\": 1}');"
	"INSERT INTO user_nft_cache (wallet_address, contracts) VALUES"
	" ('me.eth', '[{\"address\": \"" LAND "\"}]'), ('" EVE
	"', '[{\"address\": \"x\"}, null,"
	" {\"address\": \"" LAND "\", \"totalBalance\": 1.5},"
	" {\"address\": \"" LAND "\", \"totalBalance\": -1}]'),"
	" ('0x00000000000000000000000000000000000000a0', '\"none\"');"
	"INSERT INTO wallet_collection_mapping (wallet_address, collection_address) VALUES"
	" ('x', '" APE "'), ('" BOB "', 'y')";

START_TEST(test_dirty)
{
	begin("legacy_dirty", layout, later);
	run(clean);
	run(dirt);
	ck_assert_int_eq(migrate(NULL), RC_OK);
	says(AGAIN, "collections:4:0:2:2 nfts:21:0:15:6 nft_ownership:4:0:1:3"
		    " nfts.owner_address:14:0:11:3 fc_users:5:0:4:1"
		    " fc_users.verified_addresses:7:0:3:4 user_nft_cache:8:0:2:6"
		    " wallet_collection_mapping:2:0:0:2 user_collections:0:0:0:0");
	says("SELECT string_agg(reason, '; ' ORDER BY reason) FROM such_market.legacy_rejects"
	     " WHERE source = 'nfts'",
	     "another row has the same token; its collection is not known; its collection is "
	     "not"
	     " known; token_id is no number of 256 bits; token_id is no number of 256 bits;"
	     " token_id is no number of 256 bits");
	says("SELECT content ->> 'token_id' FROM such_market.legacy_rejects"
	     " WHERE source = 'nft_ownership' ORDER BY 1",
	     "1 30 x");
	says("SELECT attributes FROM such_market.nfts WHERE token_id BETWEEN 20 AND 22"
	     " ORDER BY token_id",
	     "[{\"value\": \"red\", \"traitType\": \"Fur\", \"displayType\": null}]"
	     " [{\"value\": \"rare\", \"traitType\": null, \"displayType\": null},"
	     " {\"value\": 3, \"traitType\": null, \"displayType\": \"number\"}] []");
	says("SELECT name FROM such_market.nfts WHERE token_id = 7", "Ape 7");
	says("SELECT right(owner_address::text, 2) FROM such_market.nft_ownership"
	     " WHERE token_id >= 30 AND contract_address ="
	     " '\\xbc4ca0eda7647a8ab7c2061c2e118a18a936f13d' ORDER BY token_id",
	     "e0 e0");
	says(EXACT, "0");
	/* Something is left behind: the table stays. */
	ck_assert_int_ne(migrate("drop_user_nft_cache"), RC_OK);
	says("SELECT count(*) FROM public.user_nft_cache", "4");
	end();
}
END_TEST

SUITE_WITH(live_pg_start, live_pg_done, 60, test_full, test_earlier, test_minimal, test_nothing,
	   test_dirty)
