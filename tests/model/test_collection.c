/* Collections: one, the list in every order, search, counts. */
#include "suite.h"
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/collection.h"
#include "model/fixture.h"
#include "net/pg.h"

static struct env *env;

static struct answer list(const struct collection_query *q)
{
	struct answer answer;

	ck_assert_msg(collection_page_read(env, q, &answer) == RC_OK, "%s", pg_error(env->pg));
	return answer;
}

/* Last digits of the addresses of all pages. */
static const char *all(struct collection_query q, int64_t limit)
{
	struct buf out;
	struct answer answer;

	buf_init(&out, env->arena, BUF_NO_MAX);
	q.page = page_of(limit, 0);
	do {
		answer = list(&q);
		struct str rest = str_of(JOIN(env, &answer, "collections", "contractAddress"));
		while (rest.len) {
			struct str address = str_cut(&rest, ' ');
			buf_adds(&out, str_from(address, address.len - 1));
		}
	} while (page_after(env, &answer, &q.page));
	buf_addc(&out, '\0');
	return out.ptr;
}

START_TEST(test_shape)
{
	env = new_env();
	struct address contract = address_of(ALPHA);
	struct answer answer;

	ck_assert_int_eq(collection_read(env, &contract, &answer), RC_OK);
	ck_str(AT(env, &answer, "contractAddress"), "\"" ALPHA "\"");
	ck_str(AT(env, &answer, "name"), "\"Alpha Cats\"");
	ck_str(AT(env, &answer, "tokenType"), "\"ERC721\"");
	ck_str(AT(env, &answer, "totalSupply"), "\"10000\"");
	ck_str(AT(env, &answer, "verified"), "false");
	ck_str(AT(env, &answer, "deployer"), "\"0x2000000000000000000000000000000000000001\"");
	ck_str(AT(env, &answer, "deployedBlock"), "17");
	ck_str(AT(env, &answer, "lastRefreshAt"), "null");
	ck_str(AT(env, &answer, "createdAt"), "\"1970-01-01T00:16:40.000Z\"");
	ck_assert_int_eq(answer.modified_us, EPOCH_US);
	ck_assert_uint_eq(AT(env, &answer, "id").len, 38);
	contract = address_of(WEIRD);
	ck_assert_int_eq(collection_read(env, &contract, &answer), RC_OK);
	ck_str(AT(env, &answer, "name"),
	       "\"O'Neil \\\"\U0001F980\\\" \u05E9\u05DC\u05D5\u05DD\"");
	ck_str(AT(env, &answer, "symbol"), "null");
	contract = address_of(NOWHERE);
	ck_assert_int_eq(collection_read(env, &contract, &answer), RC_NOT_FOUND);
	ck_str(buf_str(&answer.body), "collection");
	free_env(env);
}
END_TEST

START_TEST(test_orders)
{
	static const struct {
		enum collection_sort sort;
		const char *ascending, *descending;
	} cases[] = {
		{ COLLECTION_BY_CREATED, "abc", "cba" },
		{ COLLECTION_BY_NAME, "abc", "cba" },
		{ COLLECTION_BY_TOKENS, "cba", "abc" },
	};

	env = new_env();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct collection_query q = { .sort = cases[i].sort };

		for (int limit = 1; limit <= 3; limit++) {
			q.descending = false;
			ck_assert_str_eq(all(q, limit), cases[i].ascending);
			q.descending = true;
			ck_assert_str_eq(all(q, limit), cases[i].descending);
		}
	}
	free_env(env);
}
END_TEST

START_TEST(test_search)
{
	static const struct {
		struct str text;
		const char *found;
	} cases[] = {
		{ STR("alpha"), "a" },      { STR("pha c"), "a" },
		{ STR("al"), "a" },         { STR("ca"), "a" },
		{ STR("zet"), "c" },        { STR("(100%_\\)"), "c" },
		{ STR("%"), "c" },          { STR("_"), "c" },
		{ STR("100"), "c" },        { STR("O'N"), "b" },
		{ STR("\U0001F980"), "b" }, { STR("\u05E9\u05DC\u05D5\u05DD"), "b" },
		{ STR("more"), "a" },       { STR("nothing"), "" },
		{ STR("!"), "" },           { STR("' | 'x"), "" },
		{ STR("ze | al"), "" },
	};

	env = new_env();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct collection_query q = { .search = cases[i].text };

		ck_assert_msg(strcmp(all(q, 1), cases[i].found) == 0, STR_FMT " found %s",
			      STR_ARG(cases[i].text), all(q, 1));
	}
	free_env(env);
}
END_TEST

START_TEST(test_search_orders)
{
	env = new_env();
	struct collection_query q = { .search = STR("eil"), .sort = COLLECTION_BY_NAME };

	ck_assert_str_eq(all(q, 1), "b");
	/* "a" begins a word of each description but WEIRD's. */
	live_pg_sql("UPDATE such_market.collections SET description = 'findme' || symbol");
	q.search = STR("findme");
	for (int sort = 0; sort < COLLECTION_SORTS; sort++) {
		q.sort = (enum collection_sort)sort;
		q.descending = false;
		ck_assert_str_eq(all(q, 1), sort == COLLECTION_BY_TOKENS ? "ca" : "ac");
		q.descending = true;
		ck_assert_str_eq(all(q, 1), sort == COLLECTION_BY_TOKENS ? "ac" : "ca");
	}
	live_pg_sql(
		"UPDATE such_market.collections SET description = CASE WHEN symbol = 'ALPHA'"
		" THEN 'cats & more' END");
	free_env(env);
}
END_TEST

/* Names alike in their first 60 characters: the cursor still tells them apart. */
START_TEST(test_long_names)
{
	env = new_env();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, name)"
		    " SELECT decode(lpad('d' || n, 40, '0'), 'hex'), repeat('n', 100) || n"
		    " FROM generate_series(0, 9) n");
	struct collection_query q = { .sort = COLLECTION_BY_NAME };

	ck_assert_str_eq(all(q, 3), "a0123456789bc");
	q.descending = true;
	ck_assert_str_eq(all(q, 3), "cb9876543210a");
	live_pg_sql("DELETE FROM such_market.collections WHERE name LIKE 'nnn%'");
	free_env(env);
}
END_TEST

START_TEST(test_stats)
{
	env = new_env();
	struct address contract = address_of(ALPHA);
	struct answer answer;

	ck_assert_int_eq(collection_stats_read(env, &contract, &answer), RC_OK);
	ck_str(AT(env, &answer, "contractAddress"), "\"" ALPHA "\"");
	ck_str(AT(env, &answer, "nftCount"), "120");
	ck_str(AT(env, &answer, "ownerCount"), "5");
	ck_str(AT(env, &answer, "transferCount"), "1");
	ck_str(AT(env, &answer, "totalBalance"), "\"123\"");
	ck_str(AT(env, &answer, "uniqueOwnerShare"), "0.04065");
	ck_str(AT(env, &answer, "averageTokensPerOwner"), "24");
	ck_str(AT(env, &answer, "averageOwnersPerToken"), "1");
	ck_str(AT(env, &answer, "lastTransferAt"), "\"2020-09-13T12:26:40.000Z\"");
	contract = address_of(EMPTY);
	ck_assert_int_eq(collection_stats_read(env, &contract, &answer), RC_OK);
	ck_str(AT(env, &answer, "nftCount"), "0");
	ck_str(AT(env, &answer, "uniqueOwnerShare"), "0");
	ck_str(AT(env, &answer, "lastTransferAt"), "null");
	contract = address_of(NOWHERE);
	ck_assert_int_eq(collection_stats_read(env, &contract, &answer), RC_NOT_FOUND);
	free_env(env);
}
END_TEST

START_TEST(test_database_away)
{
	env = new_env();
	struct address contract = address_of(ALPHA);
	struct answer answer;

	ck_assert_int_eq(collection_read(env, &contract, &answer), RC_OK);
	live_pg_stop();
	ck_assert_int_eq(collection_read(env, &contract, &answer), RC_UNAVAILABLE);
	live_pg_resume();
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_shape, test_orders, test_search,
	   test_search_orders, test_long_names, test_stats, test_database_away)
