/*
 * A collection of 100,000 tokens: what every page statement reads, in generic and custom plans,
 * and that the long ways (merge, walk) answer what the short ones would.
 */
#include "suite.h"
#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/jsonin.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/nft.h"
#include "net/pg.h"

#define BIG       "0x0000000000000000000000000000000000000b16"
#define CONTRACT  "'\\x0000000000000000000000000000000000000b16'"
#define WHALE     "0x3000000000000000000000000000000000000000"
#define WHALE_SQL "'\\x3000000000000000000000000000000000000000'"
#define TOKENS    100000
#define DEEPEST   10101 /* rows that the deepest page number walks over, and its page */

static struct env *env;

static const char *const world[] = {
	"INSERT INTO such_market.collections (contract_address) VALUES (" CONTRACT ")",
	"INSERT INTO such_market.nfts (contract_address, token_id, name, description, "
	"image_url,"
	" attributes, metadata, rarity_rank, rarity_score, updated_at)"
	" SELECT " CONTRACT
	", n * 7919::numeric, 'Token #' || n, 'A token', 'https://i.invalid/',"
	" '[]', json_build_object('k', repeat('y', 100)), (n * 104729::bigint) % 100003, 1,"
	" to_timestamp(1700000000 - (n * 31337::bigint) % 1000003)"
	" FROM generate_series(1, 100000) n",
	"INSERT INTO such_market.collection_traits (contract_address, trait_type, value, kind,"
	" token_count) SELECT " CONTRACT ", 'Hat', 'h' || v, 'string', 2000"
	" FROM generate_series(0, 49) v",
	"INSERT INTO such_market.collection_traits (contract_address, trait_type, value, kind,"
	" token_count) SELECT " CONTRACT ", 'Eyes', 'e' || v, 'string', 33333 + (v = 1)::int"
	" FROM generate_series(0, 2) v",
	"INSERT INTO such_market.collection_traits (contract_address, trait_type, value, kind,"
	" token_count) VALUES (" CONTRACT ", 'Tail', 'long', 'string', 9091)",
	"INSERT INTO such_market.token_traits SELECT " CONTRACT
	", t.trait_id, n * 7919::numeric"
	" FROM generate_series(1, 100000, 11) n JOIN such_market.collection_traits t"
	" ON t.contract_address = " CONTRACT " AND t.value = 'long'",
	"INSERT INTO such_market.token_traits SELECT " CONTRACT
	", t.trait_id, n * 7919::numeric"
	" FROM generate_series(1, 100000) n JOIN such_market.collection_traits t"
	" ON t.contract_address = " CONTRACT
	" AND (t.value = 'h' || n % 50 OR t.value = 'e' || n % 3)",
	"INSERT INTO such_market.nft_ownership (contract_address, token_id, owner_address, "
	"balance)"
	" SELECT " CONTRACT
	", n * 7919::numeric, decode('3' || lpad((CASE WHEN n % 5 = 0 THEN 0"
	" ELSE n % 9973 + 1 END)::text, 39, '0'), 'hex'), 1 FROM generate_series(1, 100000) n",
	"VACUUM ANALYZE",
};

static void big_start(void)
{
	world_start();
	for (size_t i = 0; i < COUNT_OF(world); i++)
		live_pg_sql(world[i]);
}

/* The worst of a plan. */
struct reading {
	int64_t read;       /* rows that one scan went through */
	int64_t sorted;     /* rows that one sort took in */
	struct str through; /* table read through */
};

static int64_t number(const struct json_object *node, const char *key)
{
	int64_t n = 0;

	jsonin_i64(jsonin_get(node, key), &n);
	return n;
}

static int64_t rows_of(const struct json_object *node)
{
	return (number(node, "Actual Rows") + number(node, "Rows Removed by Filter") +
		number(node, "Rows Removed by Index Recheck")) *
	       number(node, "Actual Loops");
}

static void read_plan(const struct json_object *node, struct reading *r)
{
	struct str type = jsonin_str(jsonin_get(node, "Node Type"));
	struct str table = jsonin_str(jsonin_get(node, "Relation Name"));
	const struct json_object *below = jsonin_get(node, "Plans");

	if (str_eq(type, STR("Seq Scan")) || str_eq(type, STR("Parallel Seq Scan")))
		r->through = table;
	if (table.len && rows_of(node) > r->read)
		r->read = rows_of(node);
	for (size_t i = 0; i < jsonin_count(below); i++) {
		const struct json_object *child = jsonin_at(below, i);

		if (str_eq(type, STR("Sort")) && rows_of(child) > r->sorted)
			r->sorted = rows_of(child);
		read_plan(child, r);
	}
}

static void run(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(env->pg, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(env->pg));
}

static struct reading plan_of(const char *mode, const char *name, const char *args)
{
	struct str sql =
		arena_printf(env->arena, "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE p(%s)", args);
	struct reading r = { 0 };
	struct json_object *tree;
	const char *error;

	run(arena_printf(env->arena, "SET plan_cache_mode = %s", mode).ptr);
	SCOPED(pg_result_done) struct pg_result row = pg_exec(env->pg, sql.ptr);
	ck_assert_msg(row.rc == RC_OK, "%s(%s): %s", name, args, pg_error(env->pg));
	ck_assert_int_eq(jsonin_parse(env->arena, pg_str(&row, 0, 0), 100, &tree, &error),
			 RC_OK);
	read_plan(jsonin_get(jsonin_at(tree, 0), "Plan"), &r);
	return r;
}

/* Nothing is read through; no scan goes over more than read_max rows, no sort takes more than
 * sort_max. */
static void check(enum stmt stmt, const char *args, int64_t read_max, int64_t sort_max)
{
	static const char *const modes[] = { "force_generic_plan", "force_custom_plan" };
	const char *name = stmt_name(stmt);

	run(arena_printf(env->arena, "PREPARE p AS %s", stmt_text(stmt)).ptr);
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		struct reading r = plan_of(modes[i], name, args);

		ck_assert_msg(!r.through.len, "%s, %s(%s): reads %.*s through", modes[i], name,
			      args, STR_ARG(r.through));
		ck_assert_msg(r.read <= read_max, "%s, %s(%s): a scan of %" PRId64 " rows",
			      modes[i], name, args, r.read);
		ck_assert_msg(r.sorted <= sort_max, "%s, %s(%s): a sort of %" PRId64 " rows",
			      modes[i], name, args, r.sorted);
	}
	run("DEALLOCATE p");
}

/* Where a page begins: $2 token, $3 rows to skip, and the key of each order. */
static const struct place {
	bool descending;
	const char *token, *skip, *key[NFT_SORTS];
	int64_t read;
} places[] = {
	{ false, "-1", "0", { "0", "-62135596800000000", "-62135596800000000" }, 200 },
	{ false, "395950000", "0", { "0", "50000", "1699500000000000" }, 200 },
	{ false, "-1", "9900", { "0", "-62135596800000000", "-62135596800000000" }, DEEPEST },
	{ true, U256_MAX, "0", { "0", "253402300800000000", "253402300800000000" }, 200 },
	{ true, "395950000", "0", { "0", "50000", "1699500000000000" }, 200 },
	{ true,
	  U256_MAX,
	  "9900",
	  { "0", "253402300800000000", "253402300800000000" },
	  DEEPEST },
};

/* Arguments that all lists begin with. */
static const char *begin(const struct place *p)
{
	return arena_printf(env->arena, CONTRACT ", %s, %s, 101", p->token, p->skip).ptr;
}

#define ARGS(...) arena_printf(env->arena, __VA_ARGS__).ptr

static const char *trait_id(const char *value)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_exec_args(env->pg,
			     "SELECT trait_id FROM such_market.collection_traits"
			     " WHERE contract_address = " CONTRACT " AND value = $1",
			     PG_ARGS(pg_text(value)));
	static char text[8][32];
	static int next;
	char *id = text[next++ % 8];

	ck_assert_int_eq(row.count, 1);
	snprintf(id, sizeof(text[0]), "%" PRId64, pg_i64(&row, 0, 0));
	return id;
}

START_TEST(test_whole_collection)
{
	static const enum stmt stmts[NFT_SORTS][2] = {
		{ STMT_nft_page_token_asc, STMT_nft_page_token_desc },
		{ STMT_nft_page_rarity_asc, STMT_nft_page_rarity_desc },
		{ STMT_nft_page_updated_asc, STMT_nft_page_updated_desc },
	};

	env = new_env();
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const struct place *p = &places[i];

		for (int s = 0; s < NFT_SORTS; s++)
			check(stmts[s][p->descending],
			      s == NFT_BY_TOKEN ? begin(p)
						: ARGS("%s, %s", begin(p), p->key[s]),
			      p->read, 200);
	}
	free_env(env);
}
END_TEST

START_TEST(test_ordered_filters)
{
	env = new_env();
	const char *h1 = trait_id("h1"), *e0 = trait_id("e0"), *e1 = trait_id("e1");

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const struct place *p = &places[i];

		check(p->descending ? STMT_nft_trait_desc : STMT_nft_trait_asc,
		      ARGS("%s, %s", begin(p), e0), p->read, 200);
		check(p->descending ? STMT_nft_owner_desc : STMT_nft_owner_asc,
		      ARGS("%s, " WHALE_SQL, begin(p)), p->read, 200);
		check(p->descending ? STMT_nft_traits_desc : STMT_nft_traits_asc,
		      ARGS("%s, '{%s,%s}', '{}', '{}', '{}'", begin(p), e0, e1), 2 * p->read,
		      2 * DEEPEST);
		/* One of 25 even tokens of a third has the hat. */
		check(p->descending ? STMT_nft_traits_desc : STMT_nft_traits_asc,
		      ARGS("%s, '{%s,%s}', '{%s}', '{1}', '{1}'", begin(p), e0, e1, h1),
		      2 * TOKENS, 2 * DEEPEST);
	}
	check(STMT_nft_traits_total, ARGS(CONTRACT ", '{%s,%s}', '{}', '{}', '{}'", e0, e1),
	      TOKENS, 2 * DEEPEST);
	free_env(env);
}
END_TEST

START_TEST(test_gathered)
{
	env = new_env();
	const char *h1 = trait_id("h1"), *h2 = trait_id("h2"), *e0 = trait_id("e0");

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const struct place *p = &places[i];

		for (int s = 0; s < NFT_SORTS; s++) {
			const char *order =
				ARGS("%s, %d, %d", p->key[s], s, p->descending ? -1 : 1);

			check(STMT_nft_gather_traits,
			      ARGS("%s, NULL, NULL, NULL, '{%s}', '{1}', '{1}', %s, '{%s,%s}'",
				   begin(p), e0, order, h1, h2),
			      DEEPEST, DEEPEST);
			check(STMT_nft_gather_owner,
			      ARGS("%s, '\\x3000000000000000000000000000000000000007', NULL, "
				   "NULL,"
				   " '{%s}', '{1}', '{1}', %s",
				   begin(p), e0, order),
			      200, 200);
			check(STMT_nft_gather_pattern,
			      ARGS("%s, NULL, '%%#777%%', NULL, '{}', '{}', '{}', %s", begin(p),
				   order),
			      DEEPEST, DEEPEST);
			check(STMT_nft_gather_words,
			      ARGS("%s, NULL, NULL, '''77'':*', '{}', '{}', '{}', %s", begin(p),
				   order),
			      DEEPEST, DEEPEST);
		}
	}
	free_env(env);
}
END_TEST

START_TEST(test_walked)
{
	static const enum stmt stmts[NFT_SORTS][2] = {
		{ STMT_nft_walk_token_asc, STMT_nft_walk_token_desc },
		{ STMT_nft_walk_rarity_asc, STMT_nft_walk_rarity_desc },
		{ STMT_nft_walk_updated_asc, STMT_nft_walk_updated_desc },
	};

	env = new_env();
	const char *e0 = trait_id("e0"), *e1 = trait_id("e1");

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const struct place *p = &places[i];
		/* A third of a fifth has both: some 1,500 tokens to a page of 101. */
		int64_t read = p->read == 200 ? 5000 : TOKENS;

		for (int s = 0; s < NFT_SORTS; s++) {
			const char *key = s == NFT_BY_TOKEN ? "" : ARGS(", %s", p->key[s]);

			check(stmts[s][p->descending],
			      ARGS("%s, " WHALE_SQL
				   ", '%%token%%', NULL, '{%s}', '{1}', '{1}'%s",
				   begin(p), e0, key),
			      read, 200);
			check(stmts[s][p->descending],
			      ARGS("%s, NULL, NULL, '''to'':*', '{%s,%s}', '{1}', '{2}'%s",
				   begin(p), e0, e1, key),
			      read, 200);
		}
	}
	check(STMT_nft_walk_total,
	      ARGS(CONTRACT ", " WHALE_SQL ", NULL, NULL, '{%s}', '{1}', '{1}'", e0), TOKENS,
	      200);
	free_env(env);
}
END_TEST

START_TEST(test_single_rows)
{
	env = new_env();
	check(STMT_nft_show, CONTRACT ", 7919", 1, 10);
	check(STMT_nft_filters, CONTRACT ", " WHALE_SQL ", '{Hat,Eyes}', '{h1,e0}'", 3, 10);
	check(STMT_collection_show, CONTRACT, 1, 10);
	check(STMT_collection_stats, CONTRACT, 10000, 10);
	free_env(env);
}
END_TEST

START_TEST(test_collections)
{
	static const struct {
		enum stmt stmt;
		const char *args;
	} cases[] = {
		{ STMT_collection_list_created_asc, "21, -62135596800000000, ''" },
		{ STMT_collection_list_created_desc, "21, 1700000000000000, ''" },
		{ STMT_collection_list_name_asc, "21, 'collection 5', ''" },
		{ STMT_collection_list_name_desc, "21, 'collection 5', ''" },
		{ STMT_collection_list_tokens_asc, "21, -1, ''" },
		{ STMT_collection_list_tokens_desc, "21, 9223372036854775807, ''" },
		{ STMT_collection_search_asc, "21, NULL, NULL, 0, '%tion 77%', '''77'':*'" },
		{ STMT_collection_search_desc, "21, NULL, NULL, 1, NULL, '''77'':*'" },
	};

	env = new_env();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, name, created_at)"
		    " SELECT decode('4' || lpad(n::text, 39, '0'), 'hex'), 'Collection ' || n,"
		    " to_timestamp(1600000000 + n) FROM generate_series(1, 20000) n");
	live_pg_sql("VACUUM ANALYZE such_market.collections, such_market.collection_stats");
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check(cases[i].stmt, cases[i].args, 300, 300);
	free_env(env);
}
END_TEST

/* What the model makes of it, against a plain statement. */
static const struct {
	const char *truth, *order;
	struct nft_query query;
	struct nft_trait traits[3];
	int64_t total;
	bool exact;
} big[] = {
	{ "n.token_id / 7919 % 3 < 2",
	  "n.token_id DESC",
	  { .descending = true },
	  { { STR("Eyes"), STR("e0") }, { STR("Eyes"), STR("e1") } },
	  10000,
	  false },
	{ "n.token_id / 7919 % 3 = 0",
	  "n.rarity_rank, n.token_id",
	  { .sort = NFT_BY_RARITY },
	  { { STR("Eyes"), STR("e0") } },
	  33333,
	  true },
	{ "n.token_id / 7919 % 5 = 0",
	  "n.updated_at DESC, n.token_id DESC",
	  { .sort = NFT_BY_UPDATED, .descending = true, .by_owner = true },
	  { { STR_NONE, STR_NONE } },
	  20000,
	  true },
	{ "n.token_id / 7919 % 5 = 0 AND n.token_id / 7919 % 3 = 0",
	  "n.token_id",
	  { .by_owner = true },
	  { { STR("Eyes"), STR("e0") } },
	  6666,
	  true },
	{ "true",
	  "n.rarity_rank DESC, n.token_id DESC",
	  { .sort = NFT_BY_RARITY, .descending = true, .search = STR("token #") },
	  { { STR_NONE, STR_NONE } },
	  10000,
	  false },
	{ "n.token_id / 7919 % 11 = 1",
	  "n.rarity_rank, n.token_id",
	  { .sort = NFT_BY_RARITY },
	  { { STR("Tail"), STR("long") } },
	  9091,
	  true },
	{ "n.name ILIKE '%#12%' AND n.token_id / 7919 % 3 = 0",
	  "n.token_id",
	  { .search = STR("#12") },
	  { { STR("Eyes"), STR("e0") } },
	  373,
	  true },
	{ "n.token_id / 7919 % 50 = 7 AND n.token_id / 7919 % 5 = 0",
	  "n.token_id",
	  { .by_owner = true },
	  { { STR("Hat"), STR("h7") } },
	  0,
	  true },
	{ "n.token_id / 7919 % 50 = 5 AND n.token_id / 7919 % 3 = 1",
	  "n.rarity_rank, n.token_id",
	  { .sort = NFT_BY_RARITY, .by_owner = true, .search = STR("to") },
	  { { STR("Hat"), STR("h5") }, { STR("Eyes"), STR("e1") } },
	  667,
	  true },
};

static const char *truth(const char *where, const char *order, int64_t skip)
{
	struct str sql = arena_printf(
		env->arena,
		"SELECT coalesce(string_agg(q.token_id::text, ' ' ORDER BY q.i), '') FROM ("
		"SELECT n.token_id, row_number() OVER (ORDER BY %s) AS i FROM such_market.nfts "
		"n"
		" WHERE n.contract_address = " CONTRACT " AND (%s) ORDER BY i OFFSET %" PRId64
		" LIMIT 10) q",
		order, where, skip);
	SCOPED(pg_result_done) struct pg_result row = pg_exec(env->pg, sql.ptr);

	ck_assert_msg(row.rc == RC_OK, "%s: %s", sql.ptr, pg_error(env->pg));
	return arena_strz(env->arena, pg_str(&row, 0, 0));
}

static void check_answer(size_t i, const struct nft_query *q, int64_t skip)
{
	struct answer answer;

	ck_assert_msg(nft_page_read(env, q, &answer) == RC_OK, "%s", pg_error(env->pg));
	ck_assert_msg(strcmp(JOIN(env, &answer, "nfts", "tokenId"),
			     truth(big[i].truth, big[i].order, skip)) == 0,
		      "list %zu after %" PRId64 ": %s, not %s", i, skip,
		      JOIN(env, &answer, "nfts", "tokenId"),
		      truth(big[i].truth, big[i].order, skip));
	ck_str(AT(env, &answer, "total"), page_int(env->arena, big[i].total).ptr);
	ck_str(AT(env, &answer, "totalIsExact"), big[i].exact ? "true" : "false");
}

START_TEST(test_long_ways)
{
	env = new_env();
	for (size_t i = 0; i < COUNT_OF(big); i++) {
		struct nft_query q = big[i].query;
		struct nft_trait traits[3];
		struct answer answer;

		memcpy(traits, big[i].traits, sizeof(traits));
		q.traits = traits;
		while (q.trait_count < 3 && traits[q.trait_count].type.ptr)
			q.trait_count++;
		q.contract = address_of(BIG);
		if (q.by_owner)
			q.owner = address_of(WHALE);
		q.page = page_of(10, 0);
		check_answer(i, &q, 0);
		ck_assert_int_eq(nft_page_read(env, &q, &answer), RC_OK);
		if (page_after(env, &answer, &q.page))
			check_answer(i, &q, 10);
		q.page = page_of(10, 20);
		check_answer(i, &q, 200);
		arena_reset(env->arena);
	}
	free_env(env);
}
END_TEST

SUITE_WITH(big_start, world_done, 300, test_whole_collection, test_ordered_filters,
	   test_gathered, test_walked, test_single_rows, test_collections, test_long_ways)
