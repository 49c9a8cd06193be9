/* The token routes: parameters, cursors, refusals. */
#include "suite.h"
#include <stdio.h>
#include "api/ask.h"
#include "base/arena.h"
#include "base/scope.h"

#define NFTS ALPHA_PATH "/nfts"

static struct env *env;

/* The query with "cursor=" of the reply. */
static const char *next(const struct reply *r, const char *query)
{
	struct str cursor = BODY(env, *r, "nextCursor");

	ck_assert_uint_gt(cursor.len, 10);
	return arena_printf(env->arena, "%s&cursor=%.*s", query, (int)cursor.len - 2,
			    cursor.ptr + 1)
		.ptr;
}

static const char *tokens(const struct reply *r)
{
	return body_join(env, r->body, "nfts", "tokenId");
}

START_TEST(test_defaults)
{
	env = new_env();
	struct reply r = get(env, NFTS, NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "page"), "0");
	ck_str(BODY(env, r, "pageSize"), "20");
	ck_str(BODY(env, r, "total"), "120");
	ck_str(BODY(env, r, "totalPages"), "6");
	ck_str(BODY(env, r, "nfts.19.tokenId"), "\"20\"");
	ck_assert_msg(!header(&r, "Last-Modified").ptr, "a list has no one time");
	free_env(env);
}
END_TEST

START_TEST(test_parameters)
{
	static const struct {
		const char *query, *tokens;
	} cases[] = {
		{ "pageSize=3", "1 2 3" },
		{ "pageSize=3&page=2", "7 8 9" },
		{ "pageSize=2&order=desc", "120 119" },
		{ "pageSize=2&sort=rarity", "1 2" },
		{ "pageSize=2&sort=updatedAt&order=desc", "120 119" },
		{ "pageSize=2&owner=" WALLET "3", "3 8" },
		{ "pageSize=2&attributes[Hat]=h3", "3 7" },
		{ "pageSize=4&attributes[Hat]=h3&attributes[Hat]=h2", "2 3 6 7" },
		{ "pageSize=3&attributes%5BHat%5D=h3&attributes[Eyes]=e0", "3 15 27" },
		{ "pageSize=3&attributes[Nothing]=x", "" },
		{ "pageSize=3&search=%23119", "119" },
		{ "pageSize=3&search=cat+%2312", "12 120" },
		{ "pageSize=3&search=", "1 2 3" },
		{ "pageSize=3&unknown=1&unknown=2&pAgE=7", "1 2 3" },
	};

	env = new_env();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct reply r = get(env, NFTS, cases[i].query);

		ck_assert_int_eq(r.status, 200);
		ck_assert_msg(strcmp(tokens(&r), cases[i].tokens) == 0, "%s: %s",
			      cases[i].query, tokens(&r));
	}
	free_env(env);
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		const char *path, *query, *code;
	} cases[] = {
		{ NFTS, "pageSize=0", "invalid_parameter" },
		{ NFTS, "pageSize=101", "invalid_parameter" },
		{ NFTS, "pageSize=x", "invalid_parameter" },
		{ NFTS, "page=-1", "invalid_parameter" },
		{ NFTS, "page=99999999999999999999", "invalid_parameter" },
		{ NFTS, "page=500", "page_too_deep" },
		{ NFTS, "page=100&pageSize=100", "page_too_deep" },
		{ NFTS, "page=1&page=2", "repeated_parameter" },
		{ NFTS, "sort=price", "invalid_parameter" },
		{ NFTS, "order=up", "invalid_parameter" },
		{ NFTS, "cursor=AAAA", "invalid_cursor" },
		{ NFTS, "cursor=%00", "invalid_encoding" },
		{ NFTS "/owned", "", "missing_parameter" },
	};

	env = new_env();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct reply r = get(env, cases[i].path, cases[i].query);

		ck_assert_msg(r.status == 400, "%s: %d", cases[i].query, r.status);
		ck_problem(env, &r, 400, cases[i].code);
		ck_assert(BODY(env, r, "errors.0.parameter").len > 2);
	}
	struct reply r = get(env, NFTS, "page=99&pageSize=100");
	ck_assert_int_eq(r.status, 200);
	free_env(env);
}
END_TEST

START_TEST(test_bad_ids)
{
	env = new_env();
	struct reply r = get(env, "/api/collection/0x12/nfts", NULL);

	ck_problem(env, &r, 400, "invalid_address");
	r = get(env, NFTS "/abc", NULL);
	ck_problem(env, &r, 400, "invalid_token_id");
	r = get(env,
		NFTS "/115792089237316195423570985008687907853269984665640564039457584007913129"
		     "639936",
		NULL);
	ck_problem(env, &r, 400, "invalid_token_id");
	r = get(env, NFTS "/-1", NULL);
	ck_problem(env, &r, 400, "invalid_token_id");
	r = get(env, NFTS, "owner=0xzz");
	ck_assert_int_eq(r.status, 400);
	free_env(env);
}
END_TEST

START_TEST(test_one)
{
	env = new_env();
	struct reply r =
		get(env, "/api/collection/0x00000000000000000000000000000000000000AA/nfts/0x0a",
		    NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "tokenId"), "\"10\"");
	ck_str(BODY(env, r, "contractAddress"), "\"" ALPHA "\"");
	ck_str(BODY(env, r, "metadata.name"), "\"Cat #10\"");
	ck_str(header(&r, "Last-Modified"), "Tue, 14 Nov 2023 22:13:30 GMT");
	r = get(env, "/api/collection/" WEIRD "/nfts/" U256_MAX, NULL);
	ck_str(BODY(env, r, "tokenId"), "\"" U256_MAX "\"");
	free_env(env);
}
END_TEST

START_TEST(test_cursor)
{
	env = new_env();
	struct reply r = get(env, NFTS, "pageSize=4&sort=rarity&attributes[Hat]=h3");
	const char *query = next(&r, "pageSize=2&attributes[Hat]=h3&sort=rarity");

	ck_assert_str_eq(tokens(&r), "3 7 11 15");
	r = get(env, NFTS, query);
	ck_assert_str_eq(tokens(&r), "19 23");
	ck_str(BODY(env, r, "page"), "null");
	/* The same cursor on another list, with other filters, another order, another route. */
	const char *cursor = strstr(query, "&cursor=") + 1;
	static const char *const others[] = { "sort=rarity", "sort=rarity&attributes[Hat]=h2",
					      "attributes[Hat]=h3",
					      "sort=rarity&order=desc&attributes[Hat]=h3",
					      "sort=rarity&attributes[Hat]=h3&search=cat" };
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		r = get(env, NFTS, arena_printf(env->arena, "%s&%s", others[i], cursor).ptr);
		ck_problem(env, &r, 400, "invalid_cursor");
	}
	r = get(env, "/api/collection/" WEIRD "/nfts",
		arena_printf(env->arena, "sort=rarity&attributes[Hat]=h3&%s", cursor).ptr);
	ck_problem(env, &r, 400, "invalid_cursor");
	r = get(env, NFTS, arena_printf(env->arena, "%s&page=1", query).ptr);
	ck_problem(env, &r, 400, "invalid_parameter");
	free_env(env);
}
END_TEST

/* A worker that has not met the database yet knows no secret: it asks before it judges. */
START_TEST(test_cursor_on_a_fresh_worker)
{
	env = new_env();
	struct reply r = get(env, NFTS, "pageSize=2");
	const char *query = next(&r, "pageSize=2");
	char copy[1000];

	snprintf(copy, sizeof(copy), "%s", query);
	free_env(env);
	env = new_env();
	r = get(env, NFTS, copy);
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(tokens(&r), "3 4");
	free_env(env);
}
END_TEST

START_TEST(test_owned)
{
	env = new_env();
	struct reply r = get(env, NFTS "/owned", "userAddress=" WALLET "2&pageSize=2");

	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(tokens(&r), "2 6");
	ck_assert_str_eq(body_join(env, r.body, "nfts", "balance"), "1 3");
	ck_str(BODY(env, r, "total"), "25");
	r = get(env, NFTS "/owned", next(&r, "userAddress=" WALLET "2&pageSize=2"));
	ck_assert_str_eq(tokens(&r), "7 12");
	r = get(env, NFTS "/owned", "userAddress=" NOWHERE);
	ck_str(BODY(env, r, "nfts"), "[]");
	ck_str(BODY(env, r, "total"), "0");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_defaults, test_parameters, test_refused,
	   test_bad_ids, test_one, test_cursor, test_cursor_on_a_fresh_worker, test_owned)
