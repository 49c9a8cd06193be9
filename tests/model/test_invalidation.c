/*
 * Every read model against writes to every table that feeds an answer, made in plain SQL: what
 * was answered from a copy after the relay's poll is what the database says.  And no more than
 * that dies: a transfer of one token leaves the other pages of its collection alone.
 */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/tmp.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "cache/map.h"
#include "cache/rule.h"
#include "jobs/relay.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/instance.h"
#include "model/questions.h"
#include "net/pg.h"

#define MEMORY (64 << 20)

/* In SQL. */
#define AA                "'\\x00000000000000000000000000000000000000aa'"
#define BB                "'\\x00000000000000000000000000000000000000bb'"
#define CC                "'\\x00000000000000000000000000000000000000cc'"
#define DD                "'\\x00000000000000000000000000000000000000dd'"
#define FF                "'\\x00000000000000000000000000000000000000ff'"
#define WALLET_SQL(digit) "'\\x100000000000000000000000000000000000000" digit "'"
#define W0                WALLET_SQL("0")
#define W1                WALLET_SQL("1")
#define W2                WALLET_SQL("2")
#define W3                WALLET_SQL("3")
#define W4                WALLET_SQL("4")
#define W9                WALLET_SQL("9")
#define SERIES(n)         " FROM generate_series(1, " #n ") AS i"
#define MADE              "decode(lpad(to_hex(65536 + i), 40, '0'), 'hex')"
#define MANY                                                                                   \
	"contract_address BETWEEN decode(lpad('10000', 40, '0'), 'hex')"                       \
	" AND decode(lpad('1ffff', 40, '0'), 'hex')"

/* clang-format off */
#define ONE(read, of)                { READ_##read, of, NULL, "", 0, 0 }
#define TOKEN(read, of, token)       { READ_##read, of, token, "", 0, 20 }
#define PAGE(read, of, filter, page) { READ_##read, of, NULL, filter, page, 20 }
#define CHANGES(table, how, sql)     { table, how, sql, false }
#define SILENT(table, how, sql)      { table, how, sql, true }
/* clang-format on */

static const struct question questions[] = {
#include "model/questions.def"
};
#define QUESTIONS COUNT_OF(questions)

static const char people[] =
	"INSERT INTO fc_users (fid, username, custody_address, verified_addresses) VALUES"
	" (1, 'one', " W1 ", ARRAY[" W2 "::bytea, " W1 "]),"
	" (2, 'two', NULL, ARRAY[" W3 "::bytea, " W9 "]), (3, 'three', NULL, '{}');"
	"INSERT INTO wallet_contracts (wallet_address, contract_address, token_count, balance,"
	" name, source, last_updated_at) VALUES"
	" (" W3 ", " CC ", 4, 4, 'Older', 'test', now()),"
	" (" W3 ", " AA ", 9, 9, 'Hidden', 'test', now())";

static const struct write {
	const char *table, *how;
	const char *sql;
	bool silent; /* no answer changes */
} writes[] = {
#include "model/writes.def"
};

static const struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 60000 };
static const struct cache_options kept = { .memory_on = true,
					   .ttl_ms = { 0, 3600000, 3600000, 3600000 },
					   .negative_ttl_ms = 3600000,
					   .pack_above = 1 << 30 };
static const struct relay_options relaying = { .interval_ms = 100, .keep_ms = 3600000 };
static struct cache_map *map;
static struct env *caching, *plain;
static struct pg *relay_pg, *writer;
static struct relay *relay;

static void run(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(writer, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(writer));
}

/* Until copies may be used for an hour. */
static void follow(void)
{
	map_end_lease(map); /* relays do not believe one of an hour */
	ck_assert_int_eq(relay_poll(relay, clock_boot_ns(), clock_mono_ns()), RC_OK);
	map_extend_lease(map, clock_boot_ns() + INT64_C(3600000000000));
}

static void up(void)
{
	const char *error = "";

	tmp_make();
	ck_assert_msg(cache_map_create(tmp_path("map"), MEMORY, &map, &error) == RC_OK, "%s",
		      error);
	writer = pg_new(&pg_options, live_pg_owner_url());
	run("SET search_path = such_market, public");
	relay_pg = pg_new(&pg_options, live_pg_url());
	relay = relay_new(relay_pg, map, "here", &relaying);
	follow();
	plain = new_env();
	caching = new_env();
	cache_free(caching->cache);
	caching->cache = cache_new(&kept, map, caching->pg);
}

static void down(void)
{
	free_env(caching);
	free_env(plain);
	relay_free(relay);
	pg_free(relay_pg);
	pg_free(writer);
	cache_map_close(map);
	tmp_remove();
}

/* What the copies say; kept for the next. */
static enum source ask(const struct question *q)
{
	struct answer answer;
	enum rc rc = question_ask(caching, q, &answer);
	enum source source = answer.source;

	ck_assert_msg(rc == RC_OK || rc == RC_NOT_FOUND, "%s: %d", question_text(q), rc);
	arena_reset(caching->arena);
	return source;
}

/* --- nothing is stale -------------------------------------------------------------------- */

static struct seen {
	uint64_t hash[QUESTIONS];
} before;
static bool changed[READ_COUNT];

static uint64_t digest(enum rc rc, const struct answer *answer)
{
	return tag_hash(buf_str(&answer->body)) + (uint64_t)rc;
}

/* Everything is asked twice: the second time it comes from a copy. */
static void fill_all(void)
{
	struct answer answer;

	for (size_t i = 0; i < QUESTIONS; i++)
		ask(&questions[i]);
	for (size_t i = 0; i < QUESTIONS; i++) {
		enum rc rc = question_ask(caching, &questions[i], &answer);

		ck_assert_msg(answer.source == SOURCE_MEMORY, "not kept: %s",
			      question_text(&questions[i]));
		before.hash[i] = digest(rc, &answer);
		arena_reset(caching->arena);
	}
}

/* A message has its limit: from a little before the first difference on. */
static struct str shown(const struct answer *a, const struct answer *other)
{
	struct str body = buf_str(&a->body), rest = buf_str(&other->body);
	size_t same = 0;

	while (same < body.len && same < rest.len && body.ptr[same] == rest.ptr[same])
		same++;
	body = str_from(body, same < 80 ? 0 : same - 80);
	body.len = body.len < 400 ? body.len : 400;
	return body;
}

/* How many answers are others now; each one must be told. */
static int compare_all(const struct write *w)
{
	struct answer copy, truth;
	int n = 0;

	for (size_t i = 0; i < QUESTIONS; i++) {
		const struct question *q = &questions[i];
		enum rc told = question_ask(caching, q, &copy),
			rc = question_ask(plain, q, &truth);

		ck_assert_msg(told == rc && str_eq(buf_str(&copy.body), buf_str(&truth.body)),
			      "stale after %s of %s\n%s\nanswer of %s\ntold:  %d %.*s\ntruth: "
			      "%d %.*s",
			      w->how, w->table, w->sql, question_text(q), told,
			      STR_ARG(shown(&copy, &truth)), rc, STR_ARG(shown(&truth, &copy)));
		if (digest(rc, &truth) != before.hash[i]) {
			n++;
			changed[q->read] = true;
		}
		arena_reset(caching->arena);
		arena_reset(plain->arena);
	}
	return n;
}

static bool tags_are_emitted(const char *source, const char *kind)
{
	char sql[400];

	snprintf(sql, sizeof(sql),
		 "SELECT FROM cache_events, unnest(tags) AS t (tag)"
		 " WHERE source = '%s' AND tag ~ '%s' LIMIT 1",
		 source, kind);
	SCOPED(pg_result_done) struct pg_result rows = pg_exec(writer, sql);

	ck_assert_msg(rows.rc == RC_OK, "%s: %s", sql, pg_error(writer));
	return rows.count > 0;
}

static const struct hole {
	const char *tag, *from;
} holes[] = {
	{ "r:{contract}", "^[cnmrhtb]:0x" },
	{ "t:{contract}:{token}", "^[tb]:0x" },
	{ "o:{wallet}", "^o:" },
	{ "u:{fid}", "^u:" },
};

/* Rules may ask an event for what the triggers say, and for nothing else. */
static void compare_rules(void)
{
	static const char *const tables[] = {
#define TABLE(name, of_rows, of_updates) #name,
#include "cache/tables.def"
	};
	static const char *const ops[] = { "insert", "update", "delete" };
	struct rules rules;
	const char *why;
	struct str at;

	for (size_t i = 0; i < COUNT_OF(tables) * COUNT_OF(ops) * COUNT_OF(holes); i++) {
		const struct hole *hole = &holes[i % COUNT_OF(holes)];
		char source[64], rule[128];

		snprintf(source, sizeof(source), "%s:%s",
			 tables[i / COUNT_OF(holes) / COUNT_OF(ops)],
			 ops[i / COUNT_OF(holes) % COUNT_OF(ops)]);
		snprintf(rule, sizeof(rule), "%s -> %s", source, hole->tag);
		ck_assert_msg((rules_read(rule, &rules, &why, &at) == RC_OK) ==
				      tags_are_emitted(source, hole->from),
			      "%s", rule);
	}
}

START_TEST(whatever_changes_is_told)
{
	run(people);
	for (size_t i = 0; i < COUNT_OF(writes); i++) {
		const struct write *w = &writes[i];

		follow();
		fill_all();
		run(w->sql);
		follow();
		int n = compare_all(w);
		ck_assert_msg((n == 0) == w->silent, "%s of %s changes %d answers: %s", w->how,
			      w->table, n, w->sql);
	}
	for (int i = 0; i < READ_COUNT; i++)
		ck_assert_msg(changed[i], "no write changes %s", reads[i].name);
	compare_rules();
}
END_TEST

static bool is_tried(const char *table, const char *op)
{
	for (size_t i = 0; i < COUNT_OF(writes); i++)
		if (strcmp(writes[i].table, table) == 0 &&
		    strncmp(writes[i].how, op, strlen(op)) == 0)
			return true;
	return false;
}

START_TEST(no_table_is_left_out)
{
	static const char *const ops[] = { "insert", "update", "delete" };

	SCOPED(pg_result_done)
	struct pg_result rows = pg_exec(
		writer,
		"SELECT DISTINCT c.relname FROM pg_trigger AS t"
		" JOIN pg_class AS c ON c.oid = t.tgrelid WHERE tgname LIKE 'outbox_%'");
	ck_assert_int_ge(rows.count, 12);
	for (int i = 0; i < rows.count; i++)
		for (size_t k = 0; k < COUNT_OF(ops); k++) {
			char table[64];

			snprintf(table, sizeof(table), STR_FMT, STR_ARG(pg_str(&rows, i, 0)));
			ck_assert_msg(is_tried(table, ops[k]), "no %s of %s is tried", ops[k],
				      table);
		}
}
END_TEST

/* --- and nothing dies in vain ------------------------------------------------------------ */

#define BIG "0x00000000000000000000000000000000000000dd"

static const struct {
	struct question q;
	bool moved; /* dies when token 250 goes from wallet 1 to wallet 2 */
	bool named; /* dies when token 250 gets another name */
} big[] = {
	{ ONE(collection, BIG), false, false },
	{ PAGE(collection_list, NULL, "", 0), false, false },
	{ PAGE(collection_list, NULL, "tokens-", 0), false, false },
	{ ONE(stats, BIG), true, false },
	{ ONE(traits, BIG), false, false },
	{ ONE(owner_distribution, BIG), true, false },
	{ PAGE(owner_list, BIG, "", 0), true, false },
	{ PAGE(transfers, BIG, "", 0), true, false },
	{ TOKEN(nft, BIG, "249"), false, false },
	{ TOKEN(nft, BIG, "250"), true, true },
	{ TOKEN(nft, BIG, "251"), false, false },
	{ TOKEN(owner, BIG, "250"), true, true },
	{ TOKEN(owner, BIG, "251"), false, false },
	{ TOKEN(transfers, BIG, "250"), true, true },
	{ TOKEN(transfers, BIG, "251"), false, false },
	{ PAGE(nft_list, BIG, "", 0), false, false },
	{ PAGE(nft_list, BIG, "", 11), false, false }, /* 221 … 240 */
	{ PAGE(nft_list, BIG, "", 12), true, true },   /* 241 … 260 */
	{ PAGE(nft_list, BIG, "", 13), false, false },
	{ PAGE(nft_list, BIG, "token-", 0), false, false },
	{ PAGE(nft_list, BIG, "rarity", 0), false, false },
	{ PAGE(nft_list, BIG, "rarity", 12), true, true },
	{ PAGE(nft_list, BIG, "updated", 0), false, true },
	{ PAGE(nft_list, BIG, "search=Dog #9", 0), false, true },
	{ PAGE(nft_list, BIG, "search=Dog #250", 0), true, true },
	{ PAGE(nft_list, BIG, "trait=Hat=h7", 0), false, false },
	{ PAGE(nft_list, BIG, "owner=" WALLET "1", 0), true, false },
	{ PAGE(nft_list, BIG, "owner=" WALLET "2", 0), true, true },
	{ PAGE(nft_list, BIG, "owner=" WALLET "3", 0), false, false },
	{ PAGE(wallet_nfts, WALLET "1", "of=" BIG, 0), true, false },
	{ PAGE(wallet_nfts, WALLET "3", "of=" BIG, 0), false, false },
	{ PAGE(wallet_collections, WALLET "2", "", 0), true, false },
	{ PAGE(wallet_collections, WALLET "3", "", 0), false, false },
	{ ONE(collection, ALPHA), false, false },
	{ PAGE(nft_list, ALPHA, "", 0), false, false },
	{ ONE(stats, ALPHA), false, false },
};

static void fill_big(void)
{
	follow();
	for (size_t i = 0; i < COUNT_OF(big); i++)
		ask(&big[i].q);
	for (size_t i = 0; i < COUNT_OF(big); i++)
		ck_assert_int_eq(ask(&big[i].q), SOURCE_MEMORY);
}

START_TEST(one_of_many_tokens)
{
	run("INSERT INTO collections (contract_address) VALUES (" DD ");"
	    "INSERT INTO nfts (contract_address, token_id, name, rarity_rank)"
	    " SELECT " DD ", i, 'Dog #' || i, i" SERIES(
		    100000) ";"
			    "INSERT INTO collection_traits (contract_address, trait_type, "
			    "value, kind, token_count)"
			    " VALUES (" DD ", 'Hat', 'h7', 'string', 100);"
			    "INSERT INTO token_traits SELECT contract_address, trait_id, i * "
			    "1000"
			    " FROM collection_traits, generate_series(1, 100) AS i WHERE "
			    "contract_address = " DD ";"
			    "INSERT INTO nft_ownership SELECT " DD ", i,"
			    " decode(lpad(to_hex(i % 300 + 1), 40, '3'), 'hex'), 1" SERIES(
				    1000) ";"
					  "UPDATE nft_ownership SET owner_address = CASE "
					  "token_id WHEN 250 THEN " W1 "::bytea"
					  " WHEN 251 THEN " W2 " ELSE " W3 " END"
					  " WHERE contract_address = " DD
					  " AND token_id BETWEEN 250 AND 252;"
					  "ANALYZE");
	fill_big();
	run("BEGIN;"
	    "UPDATE nft_ownership SET owner_address = " W2 " WHERE contract_address = " DD
	    " AND token_id = 250;"
	    "INSERT INTO transfers (contract_address, token_id, from_address, to_address, "
	    "origin,"
	    " log_index, block_time) VALUES (" DD ", 250, " W1 ", " W2
	    ", sha256('one'), 0, now());"
	    "COMMIT");
	follow();
	for (size_t i = 0; i < COUNT_OF(big); i++)
		ck_assert_msg((ask(&big[i].q) == SOURCE_DATABASE) == big[i].moved,
			      "a transfer %s %s", big[i].moved ? "leaves" : "kills",
			      question_text(&big[i].q));
	fill_big();
	run("UPDATE nfts SET name = 'Fido' WHERE contract_address = " DD " AND token_id = 250");
	follow();
	for (size_t i = 0; i < COUNT_OF(big); i++)
		ck_assert_msg((ask(&big[i].q) == SOURCE_DATABASE) == big[i].named,
			      "a name %s %s", big[i].named ? "leaves" : "kills",
			      question_text(&big[i].q));
}
END_TEST

static void add_all(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, world_start, world_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 180);
	tcase_add_test(tc, one_of_many_tokens);
	tcase_add_test(tc, whatever_changes_is_told);
	tcase_add_test(tc, no_table_is_left_out);
}

SUITE_OF(add_all)
