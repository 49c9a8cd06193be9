/* The outbox on a real server: which statement emits which tags, and that none escapes it. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/scope.h"
#include "lib/live_pg.h"
#include "net/pg.h"

#define A  "'\\xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
#define B  "'\\xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'"
#define W1 "'\\x1111111111111111111111111111111111111111'"
#define W2 "'\\x2222222222222222222222222222222222222222'"
/* The same in tags: short names are put in for the long ones. */
#define SHORT                                                                                  \
	"replace(replace(replace(replace(%s, '0x' || repeat('a', 40), 'A'),"                   \
	" '0x' || repeat('b', 40), 'B'), '0x' || repeat('1', 40), 'W1'),"                      \
	" '0x' || repeat('2', 40), 'W2')"

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 60000 };
static struct pg *pg;

static void text(const char *sql, char ret[4096])
{
	SCOPED(pg_result_done) struct pg_result row = pg_exec(pg, sql);

	ck_assert_msg(row.rc == RC_OK && row.count == 1, "%s: %s", sql, pg_error(pg));
	snprintf(ret, 4096, STR_FMT, STR_ARG(pg_str(&row, 0, 0)));
}

static long number(const char *sql)
{
	char cell[4096];

	text(sql, cell);
	return strtol(cell, NULL, 10);
}

static void run(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(pg));
}

/* What a statement emits: "kind: tag tag / kind: tag", tags in order. */
static const char *emitted(const char *sql)
{
	static char ret[4096];
	long last = number("SELECT coalesce(max(id), 0) FROM such_market.cache_events");
	char query[1024];

	run(sql);
	snprintf(query, sizeof(query),
		 "SELECT coalesce(string_agg(kind || ': ' || t.tags, ' / ' ORDER BY id), '')"
		 " FROM such_market.cache_events, LATERAL (SELECT " SHORT
		 " AS tags FROM unnest(cache_events.tags) AS u (tag)) AS t WHERE id > %ld",
		 "string_agg(tag, ' ' ORDER BY tag COLLATE \"C\")", last);
	text(query, ret);
	return ret;
}

static void up(void)
{
	pg = pg_new(&options, live_pg_super_url());
	run("DELETE FROM such_market.collections; DELETE FROM such_market.fc_users;"
	    "INSERT INTO such_market.collections (contract_address) VALUES (" A "), (" B ");"
	    "INSERT INTO such_market.nfts (contract_address, token_id) VALUES (" A ", 1),"
	    " (" A ", 2), (" B ", 1);"
	    "INSERT INTO such_market.nft_ownership VALUES (" A ", 1, " W1 ", 1), (" A ", 2, " W2
	    ", 1)");
}

static void down(void)
{
	pg_free(pg);
}

#define IS(sql, want) ck_assert_str_eq(emitted(sql), want)

START_TEST(collections)
{
	IS("UPDATE such_market.collections SET name = 'x' WHERE contract_address = " A,
	   "collection_updated: c:A list");
	IS("DELETE FROM such_market.collections WHERE contract_address = " B,
	   "collection_refreshed: h:B list m:B n:B r:B t:B:1 / collection_updated: b:B c:B "
	   "list");
	IS("INSERT INTO such_market.collections (contract_address) VALUES (" B ")",
	   "collection_updated: b:B c:B list");
	IS("DELETE FROM such_market.collections WHERE false", "");
}
END_TEST

START_TEST(tokens)
{
	IS("INSERT INTO such_market.nfts (contract_address, token_id) VALUES (" A ", 3)",
	   "collection_refreshed: h:A list m:A n:A r:A t:A:3");
	IS("UPDATE such_market.nfts SET name = 'x' WHERE contract_address = " A
	   " AND token_id = 1",
	   "collection_refreshed: m:A t:A:1");
	IS("UPDATE such_market.nfts SET rarity_rank = 3 WHERE contract_address = " A
	   " AND token_id = 1",
	   "collection_refreshed: m:A r:A t:A:1");
	IS("UPDATE such_market.nfts SET metadata = '{\"a\":1}' WHERE token_id = 1",
	   "collection_refreshed: m:A m:B t:A:1 t:B:1");
	IS("UPDATE such_market.nfts SET name = name, metadata = metadata", "");
	IS("DELETE FROM such_market.nfts WHERE contract_address = " A " AND token_id = 3",
	   "collection_refreshed: h:A list m:A n:A r:A t:A:3");
}
END_TEST

START_TEST(traits)
{
	IS("INSERT INTO such_market.collection_traits (contract_address, trait_type, value, "
	   "kind)"
	   " VALUES (" A ", 'Hat', 'Red', 'string')",
	   "collection_refreshed: r:A");
	IS("INSERT INTO such_market.token_traits SELECT contract_address, trait_id, 1"
	   " FROM such_market.collection_traits WHERE contract_address = " A,
	   "collection_refreshed: r:A");
	IS("UPDATE such_market.collection_traits SET token_count = 1",
	   "collection_refreshed: r:A");
	IS("DELETE FROM such_market.token_traits", "collection_refreshed: r:A");
	IS("DELETE FROM such_market.collection_traits", "collection_refreshed: r:A");
}
END_TEST

/* A transfer of one token is no news to the collection's other tokens, order or traits. */
START_TEST(owners)
{
	IS("UPDATE such_market.nft_ownership SET owner_address = " W2
	   " WHERE contract_address = " A " AND token_id = 1",
	   "ownership_changed: h:A o:W1 o:W2 t:A:1");
	IS("UPDATE such_market.nft_ownership SET last_verified_at = now() + interval '1s'"
	   " WHERE contract_address = " A " AND token_id = 1",
	   "ownership_changed: t:A:1");
	IS("INSERT INTO such_market.nft_ownership VALUES (" B ", 1, " W1 ", 5)",
	   "ownership_changed: h:B o:W1 t:B:1");
	IS("UPDATE such_market.nft_ownership SET balance = 4 WHERE contract_address = " B,
	   "ownership_changed: h:B o:W1 t:B:1");
	IS("DELETE FROM such_market.nft_ownership WHERE contract_address = " B,
	   "ownership_changed: h:B o:W1 t:B:1");
}
END_TEST

START_TEST(transfers)
{
	IS("INSERT INTO such_market.transfers (contract_address, token_id, from_address,"
	   " to_address, origin, log_index) VALUES (" A ", 1, " W1 ", " W2
	   ", sha256('test'), 1)",
	   "nft_transferred: h:A t:A:1");
	IS("UPDATE such_market.transfers SET token_id = 2", "nft_transferred: h:A t:A:1 t:A:2");
	IS("DELETE FROM such_market.transfers", "nft_transferred: h:A t:A:2");
}
END_TEST

START_TEST(users_keys_and_legacy)
{
	IS("INSERT INTO such_market.fc_users (fid) VALUES (1), (2)", "user_updated: u:1 u:2");
	IS("UPDATE such_market.fc_users SET fid = 3 WHERE fid = 2", "user_updated: u:2 u:3");
	IS("DELETE FROM such_market.fc_users WHERE fid = 1", "user_updated: u:1");
	IS("INSERT INTO such_market.api_keys (name, role, digest, hint)"
	   " VALUES ('outbox', 'viewer', sha256('outbox'), 'sm_')",
	   "key_updated: k");
	IS("UPDATE such_market.api_keys SET revoked_at = now() WHERE name = 'outbox'",
	   "key_updated: k");
	IS("INSERT INTO such_market.wallet_contracts VALUES (" W1 ", " A
	   ", 1, 1, NULL, NULL, false, 'test', now())",
	   "ownership_changed: o:W1");
	IS("UPDATE such_market.wallet_contracts SET wallet_address = " W2,
	   "ownership_changed: o:W1 o:W2");
	IS("DELETE FROM such_market.wallet_contracts", "ownership_changed: o:W2");
}
END_TEST

/* The summaries emit when somebody mends them, not when they follow their tables. */
START_TEST(summaries_by_hand)
{
	IS("UPDATE such_market.collection_stats SET token_count = token_count"
	   " WHERE contract_address = " A,
	   "ownership_changed: b:A list o:*");
	IS("UPDATE such_market.user_collections SET balance = balance",
	   "ownership_changed: b:A list o:*");
	IS("DELETE FROM such_market.wallet_collection_mapping WHERE false", "");
}
END_TEST

START_TEST(bulk_is_coarse)
{
	IS("INSERT INTO such_market.nfts (contract_address, token_id)"
	   " SELECT " A ", g FROM generate_series(10, 110) AS g",
	   "collection_refreshed: b:A list");
	IS("UPDATE such_market.nfts SET name = 'y' WHERE contract_address = " A,
	   "collection_refreshed: b:A");
	IS("INSERT INTO such_market.nft_ownership SELECT " A ", g, " W1
	   ", 1 FROM generate_series(10, 110) AS g",
	   "ownership_changed: b:A o:*");
	IS("UPDATE such_market.nft_ownership SET owner_address = " W2 " WHERE token_id > 9",
	   "ownership_changed: b:A o:*");
	/* 60 rows of 60 wallets would be 121 tags. */
	IS("UPDATE such_market.nft_ownership SET owner_address ="
	   " decode(lpad(to_hex(token_id::int + 4096), 40, '0'), 'hex')"
	   " WHERE token_id BETWEEN 10 AND 69",
	   "ownership_changed: b:A o:*");
	IS("DELETE FROM such_market.nft_ownership WHERE token_id > 9",
	   "ownership_changed: b:A o:*");
	IS("INSERT INTO such_market.transfers (contract_address, token_id, from_address,"
	   " to_address, origin, log_index) SELECT " A ", 1, " W1 ", " W2
	   ", sha256('bulk'), g FROM generate_series(1, 101) AS g",
	   "nft_transferred: b:A");
	IS("INSERT INTO such_market.fc_users (fid) SELECT generate_series(1000, 1100)",
	   "user_updated: u:*");
	IS("UPDATE such_market.fc_users SET fid = fid + 10000 WHERE fid >= 1040",
	   "user_updated: u:*");
	/* A hundred rows are still told one by one. */
	ck_assert_ptr_nonnull(strstr(emitted("INSERT INTO such_market.fc_users (fid) SELECT "
					     "generate_series(1, 100)"),
				     " u:100 "));
}
END_TEST

START_TEST(many_collections)
{
	run("INSERT INTO such_market.collections (contract_address)"
	    " SELECT decode(lpad(to_hex(g), 40, '0'), 'hex') FROM generate_series(1, 101) AS "
	    "g");
	IS("UPDATE such_market.collections SET verified = true",
	   "collection_updated: c:* list");
}
END_TEST

/* Who writes, and with which settings, makes no difference. */
START_TEST(nobody_goes_past_it)
{
	IS("SET session_replication_role = replica;"
	   "UPDATE such_market.collections SET name = 'z' WHERE contract_address = " A ";"
	   "SET session_replication_role = origin",
	   "collection_updated: c:A list");
	pg_free(pg);
	pg = pg_new(&options, live_pg_url());
	IS("UPDATE such_market.collections SET name = 'w' WHERE contract_address = " A,
	   "collection_updated: c:A list");
}
END_TEST

START_TEST(truncation_clears_all)
{
	long before = number("SELECT cleared FROM such_market.cache_clear");

	IS("TRUNCATE such_market.fc_users", "");
	ck_assert_int_eq(number("SELECT cleared FROM such_market.cache_clear"), before + 1);
}
END_TEST

/* The migrations say which tables are spared, and why: "-- outbox: not such_market.NAME: why".
 */
static void spared(char ret[4096])
{
	const char *top = getenv("top_srcdir");
	char command[1024];

	snprintf(command, sizeof(command),
		 "sed -n 's/^-- outbox: not such_market\\.\\([a-z_]*\\): .*/\\1/p'"
		 " '%s'/sql/migrations/*.sql | LC_ALL=C sort | paste -sd ' ' | tr -d '\\n'",
		 top ? top : ".");
	FILE *out = popen(command, "r");
	ck_assert_ptr_nonnull(out);
	ret[fread(ret, 1, 4095, out)] = '\0';
	ck_assert_int_eq(pclose(out), 0);
}

/* The tables and their triggers as they are, whatever made them. */
START_TEST(every_table_is_watched)
{
	char left[4096], said[4096];

	text("SELECT coalesce(string_agg(c.relname, ' ' ORDER BY c.relname COLLATE \"C\"), '')"
	     " FROM pg_class AS c WHERE relnamespace = 'such_market'::regnamespace"
	     " AND relkind IN ('r', 'p') AND (SELECT count(*) FROM pg_trigger AS t"
	     "  WHERE t.tgrelid = c.oid AND t.tgname LIKE 'outbox\\_%' AND t.tgenabled = 'A'"
	     "   AND t.tgtype & 1 = 0) <> 4",
	     left);
	spared(said);
	ck_assert_str_eq(left, said);
	ck_assert_ptr_nonnull(strstr(said, "cache_events"));
}
END_TEST

static void refused(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

	ck_assert_msg(done.rc != RC_OK, "%s", sql);
	ck_assert_str_eq(pg_sqlstate(pg), "42501");
}

START_TEST(the_application_cannot_forge)
{
	pg_free(pg);
	pg = pg_new(&options, live_pg_url());
	refused("INSERT INTO such_market.cache_events (kind, tags) VALUES ('cache_cleared', "
		"'{}')");
	refused("DELETE FROM such_market.cache_events");
	refused("UPDATE such_market.cache_clear SET cleared = 0");
	refused("DELETE FROM such_market.cache_incarnation");
	refused("SELECT such_market.cache_watch('such_market.nfts', 'emit_keys')");
	run("SELECT such_market.cache_invalidate('{list}')");
}
END_TEST

/* Only what failed; and asked for twice it is done once, unless that fails as well. */
START_TEST(a_retried_event_is_a_new_one)
{
	long id = number("SELECT such_market.cache_invalidate('{u:1,u:2}')");
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM such_market.cache_retry(%ld)"
		 " WHERE outcome = 'not_failed' AND retry IS NULL",
		 id);
	ck_assert_int_eq(number(sql), 1);
	snprintf(sql, sizeof(sql), "SELECT such_market.cache_park(%ld, 'why')", id);
	run(sql);
	snprintf(sql, sizeof(sql), "SELECT outcome FROM such_market.cache_retry(%ld)", id);
	IS(sql, "cache_cleared: u:1 u:2");
	ck_assert_int_eq(number("SELECT attempt FROM such_market.cache_events"
				" ORDER BY id DESC LIMIT 1"),
			 2);
	IS(sql, "");
	snprintf(sql, sizeof(sql), "SELECT retry FROM such_market.cache_retry(%ld)", id);
	long again = number(sql);
	ck_assert_int_gt(again, id);
	snprintf(sql, sizeof(sql), "SELECT such_market.cache_park(%ld, 'why')", again);
	run(sql);
	snprintf(sql, sizeof(sql), "SELECT retry FROM such_market.cache_retry(%ld)", id);
	ck_assert_int_gt(number(sql), again);
	IS("SELECT outcome FROM such_market.cache_retry(0)", "");
}
END_TEST

START_TEST(an_event_says_where_it_comes_from)
{
	run("INSERT INTO such_market.fc_users (fid) VALUES (77);"
	    "UPDATE such_market.fc_users SET username = 'x' WHERE fid = 77");
	ck_assert_int_eq(number("SELECT count(*) FROM such_market.cache_events"
				" WHERE tags = '{u:77}' AND source IN ('fc_users:insert',"
				" 'fc_users:update')"),
			 2);
	run("DELETE FROM such_market.fc_users WHERE fid = 77");
}
END_TEST

static void add_all(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, live_pg_start, live_pg_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, collections);
	tcase_add_test(tc, tokens);
	tcase_add_test(tc, traits);
	tcase_add_test(tc, owners);
	tcase_add_test(tc, transfers);
	tcase_add_test(tc, users_keys_and_legacy);
	tcase_add_test(tc, summaries_by_hand);
	tcase_add_test(tc, bulk_is_coarse);
	tcase_add_test(tc, many_collections);
	tcase_add_test(tc, nobody_goes_past_it);
	tcase_add_test(tc, truncation_clears_all);
	tcase_add_test(tc, every_table_is_watched);
	tcase_add_test(tc, the_application_cannot_forge);
	tcase_add_test(tc, a_retried_event_is_a_new_one);
	tcase_add_test(tc, an_event_says_where_it_comes_from);
}

SUITE_OF(add_all)
