#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/scope.h"
#include "http/cursor.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/request.h"
#include "suite.h"

static const struct param params[] = {
	{ "pageSize", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
	{ "page", .kind = PARAM_INT },
	{ "sort", PARAM_CHOICE, .choices = "tokenId|rarity|updatedAt" },
	{ "verified", .kind = PARAM_BOOL },
	{ "owner", .kind = PARAM_ADDRESS },
	{ "token", .kind = PARAM_TOKEN },
	{ "search", PARAM_TEXT, .max = 10 },
	{ "cursor", .kind = PARAM_CURSOR },
	{ "attributes", .kind = PARAM_TRAITS },
	{ "offset", PARAM_INT, .min = -5, .max = 5, .preset = 1 },
};
enum {
	PAGE_SIZE,
	PAGE,
	SORT,
	VERIFIED,
	OWNER,
	TOKEN,
	SEARCH,
	CURSOR,
	TRAITS,
	OFFSET,
	COUNT
};

static struct arena *arena;
static struct param_value v[COUNT];
static struct problem problem;

static void start(void)
{
	arena = arena_new(65536);
}

static void stop(void)
{
	arena_free(arena);
}

static enum rc query(const char *text)
{
	const struct request req = { .arena = arena, .query = str_of(text) };

	problem = (struct problem){ 0 };
	return query_read(&req, params, COUNT, v, &problem);
}

START_TEST(nothing_given)
{
	ck_assert_int_eq(query(""), RC_OK);
	ck_assert_int_eq(v[PAGE_SIZE].num, 20);
	ck_assert_int_eq(v[PAGE].num, 0);
	ck_assert_int_eq(v[SORT].num, 0);
	ck_assert_int_eq(v[OFFSET].num, 1);
	for (int i = 0; i < COUNT; i++)
		ck_assert(!v[i].given);
	ck_assert_uint_eq(v[TRAITS].trait_count, 0);
	ck_assert_int_eq(query("&&&"), RC_OK);
}
END_TEST

START_TEST(everything_given)
{
	ck_assert_int_eq(query("pageSize=100&page=0&sort=updatedAt&verified=true"
			       "&owner=0x00000000000000000000000000000000000000aB&token=0xff"
			       "&search=+caf%C3%A9%20&cursor=abc-_&offset=-5"),
			 RC_OK);
	ck_assert_int_eq(v[PAGE_SIZE].num, 100);
	ck_assert(v[PAGE].given);
	ck_assert_int_eq(v[SORT].num, 2);
	ck_assert_int_eq(v[VERIFIED].num, 1);
	ck_assert_int_eq(v[OWNER].address.byte[19], 0xab);
	ck_assert_str_eq(v[TOKEN].token.dec, "255");
	ck_assert(str_eqz(v[SEARCH].text, "caf\xc3\xa9"));
	ck_assert(str_eqz(v[CURSOR].text, "abc-_"));
	ck_assert_int_eq(v[OFFSET].num, -5);
}
END_TEST

START_TEST(empty_text_and_cursor_count_as_absent)
{
	ck_assert_int_eq(query("search=++&cursor="), RC_OK);
	ck_assert(!v[SEARCH].given);
	ck_assert(!v[CURSOR].given);
}
END_TEST

START_TEST(bad_values)
{
	static const struct {
		const char *query, *parameter, *code;
	} rows[] = {
		{ "pageSize=0", "pageSize", "invalid_parameter" },
		{ "pageSize=101", "pageSize", "invalid_parameter" },
		{ "pageSize=-1", "pageSize", "invalid_parameter" },
		{ "pageSize=", "pageSize", "invalid_parameter" },
		{ "pageSize", "pageSize", "invalid_parameter" },
		{ "pageSize=1.5", "pageSize", "invalid_parameter" },
		{ "pageSize=1e1", "pageSize", "invalid_parameter" },
		{ "pageSize=+5", "pageSize", "invalid_parameter" },
		{ "pageSize=0x10", "pageSize", "invalid_parameter" },
		{ "page=-1", "page", "invalid_parameter" },
		{ "page=-", "page", "invalid_parameter" },
		{ "page=9223372036854775808", "page", "invalid_parameter" },
		{ "page=99999999999999999999999999", "page", "invalid_parameter" },
		{ "offset=-6", "offset", "invalid_parameter" },
		{ "sort=", "sort", "invalid_parameter" },
		{ "sort=rar", "sort", "invalid_parameter" },
		{ "sort=rarity|updatedAt", "sort", "invalid_parameter" },
		{ "verified=yes", "verified", "invalid_parameter" },
		{ "owner=0x12", "owner", "invalid_address" },
		{ "owner=", "owner", "invalid_address" },
		{ "token=-1", "token", "invalid_token_id" },
		{ "token="
		  "1157920892373161954235709850086879078532699846656405640394575840079131296399"
		  "36",
		  "token", "invalid_token_id" },
		{ "search=12345678901", "search", "invalid_parameter" },
		{ "search=%ff", "search", "invalid_encoding" },
		{ "search=%00", "search", "invalid_encoding" },
		{ "search=a%0d%0ab", "search", "invalid_encoding" },
		{ "search=%7f", "search", "invalid_encoding" },
		{ "search=%zz", "search", "invalid_encoding" },
		{ "search=%", "search", "invalid_encoding" },
		{ "search=%4", "search", "invalid_encoding" },
		{ "search=%c3", "search", "invalid_encoding" },
		{ "search=%ed%a0%80", "search", "invalid_encoding" },
		{ "search=%c0%80", "search", "invalid_encoding" },
		{ "page=1&page=1", "page", "repeated_parameter" },
		{ "p%61ge=1&page=2", "page", "repeated_parameter" },
		{ "cursor=a&cursor=b", "cursor", "repeated_parameter" },
		{ "attributes=x", "attributes", "invalid_parameter" },
		{ "attributes[]=x", "attributes", "invalid_parameter" },
		{ "attributes[x=y", "attributes", "invalid_parameter" },
		{ "attributes[x]=%fe", "attributes", "invalid_encoding" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(query(rows[i].query) == RC_INVALID, "%s", rows[i].query);
		ck_assert_int_eq(problem.rc, RC_INVALID);
		ck_assert_int_eq(problem.count, 1);
		ck_assert_msg(str_eqz(problem.errors[0].parameter, rows[i].parameter), "%s",
			      rows[i].query);
		ck_assert_msg(strcmp(problem.code, rows[i].code) == 0, "%s: %s", rows[i].query,
			      problem.code);
		ck_assert_uint_gt(problem.errors[0].detail.len, 0);
	}
}
END_TEST

START_TEST(a_bad_name_is_told)
{
	static const char *const bad[] = { "%ff=1", "%=1", "a%00b=1", "%5=1" };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		ck_assert_int_eq(query(bad[i]), RC_INVALID);
		ck_assert_str_eq(problem.code, "invalid_query");
	}
}
END_TEST

START_TEST(several_bad_values_are_told_at_once)
{
	ck_assert_int_eq(query("pageSize=0&owner=x&sort=y"), RC_INVALID);
	ck_assert_int_eq(problem.count, 3);
	ck_assert(str_eqz(problem.errors[0].detail, "must be a whole number from 1 to 100"));
	ck_assert(str_eqz(problem.errors[2].detail, "must be one of tokenId|rarity|updatedAt"));
}
END_TEST

START_TEST(unknown_parameters_are_ignored)
{
	ck_assert_int_eq(query("utm=1&utm=2&Page=x&pages=1&bad=%ff&page=3&=&=x"), RC_OK);
	ck_assert_int_eq(v[PAGE].num, 3);
}
END_TEST

START_TEST(traits)
{
	ck_assert_int_eq(query("attributes[Hat]=Red&attributes%5BHat%5D=Blue+One"
			       "&attributes[%C3%89t%C3%A9]=a%26b&attributes[Hat]=Red"
			       "&attributes[a[b]]=c&attributes[e]="),
			 RC_OK);
	ck_assert(v[TRAITS].given);
	ck_assert_uint_eq(v[TRAITS].trait_count, 5);
	ck_assert(str_eqz(v[TRAITS].traits[0].type, "Hat"));
	ck_assert(str_eqz(v[TRAITS].traits[0].value, "Red"));
	ck_assert(str_eqz(v[TRAITS].traits[1].value, "Blue One"));
	ck_assert(str_eqz(v[TRAITS].traits[2].type, "\xc3\x89t\xc3\xa9"));
	ck_assert(str_eqz(v[TRAITS].traits[2].value, "a&b"));
	ck_assert(str_eqz(v[TRAITS].traits[3].type, "a[b]"));
	ck_assert_uint_eq(v[TRAITS].traits[4].value.len, 0);
	ck_assert_int_eq(query("attributesX[Hat]=Red"), RC_OK);
	ck_assert(!v[TRAITS].given);
}
END_TEST

START_TEST(traits_are_bounded)
{
	static char text[65536];
	size_t len = 0;

	for (int i = 0; i < 64; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "attributes[t]=%d&", i);
	ck_assert_int_eq(query(text), RC_OK);
	ck_assert_uint_eq(v[TRAITS].trait_count, 64);
	snprintf(text + len, sizeof(text) - len, "attributes[t]=64");
	ck_assert_int_eq(query(text), RC_INVALID);
	ck_assert(str_eqz(problem.errors[0].detail, "at most 64 attribute filters"));
}
END_TEST

START_TEST(required)
{
	static const struct param needed[] = { { "userAddress", PARAM_ADDRESS,
						 .required = true } };
	const struct request req = { .arena = arena, .query = STR("x=1") };
	struct param_value one;

	problem = (struct problem){ 0 };
	ck_assert_int_eq(query_read(&req, needed, 1, &one, &problem), RC_INVALID);
	ck_assert_str_eq(problem.code, "missing_parameter");
	ck_assert(str_eqz(problem.errors[0].parameter, "userAddress"));
}
END_TEST

START_TEST(long_cursors_are_refused)
{
	static char text[CURSOR_TEXT_MAX + 16] = "cursor=";

	for (size_t i = 7; i < 7 + CURSOR_TEXT_MAX + 1; i++)
		text[i] = 'A';
	ck_assert_int_eq(query(text), RC_INVALID);
	ck_assert_str_eq(problem.code, "invalid_cursor");
	text[7 + CURSOR_TEXT_MAX] = '\0';
	ck_assert_int_eq(query(text), RC_OK);
}
END_TEST

START_TEST(segments)
{
	struct address address;
	struct u256 token;
	uint64_t fid;

	problem = (struct problem){ 0 };
	ck_assert_int_eq(path_address(STR("0x00000000000000000000000000000000000000ff"),
				      "address", &address, &problem),
			 RC_OK);
	ck_assert_int_eq(path_token(STR("0x0a"), "tokenId", &token, &problem), RC_OK);
	ck_assert_str_eq(token.dec, "10");
	ck_assert_int_eq(path_u64(STR("7"), "fid", 100, &fid, &problem), RC_OK);
	ck_assert_uint_eq(fid, 7);
	ck_assert_int_eq(problem.count, 0);
	ck_assert_int_eq(path_address(STR("0xff"), "address", &address, &problem), RC_INVALID);
	ck_assert_str_eq(problem.code, "invalid_address");
	ck_assert_int_eq(path_token(STR("1.0"), "tokenId", &token, &problem), RC_INVALID);
	ck_assert_int_eq(path_u64(STR("101"), "fid", 100, &fid, &problem), RC_INVALID);
	ck_assert_int_eq(problem.count, 3);
	ck_assert(str_eqz(problem.errors[2].parameter, "fid"));
}
END_TEST

START_TEST(plus_is_a_space_only_where_asked)
{
	struct str out;

	ck_assert(percent_decode(arena, STR("a+b%2B"), false, &out));
	ck_assert(str_eqz(out, "a+b+"));
	ck_assert(percent_decode(arena, STR("a+b%2B"), true, &out));
	ck_assert(str_eqz(out, "a b+"));
	ck_assert(percent_decode(arena, STR_NONE, true, &out));
	ck_assert_uint_eq(out.len, 0);
	ck_assert(percent_decode(arena, STR("%2541"), true, &out)); /* once */
	ck_assert(str_eqz(out, "%41"));
}
END_TEST

SUITE_WITH(start, stop, 10, nothing_given, everything_given,
	   empty_text_and_cursor_count_as_absent, bad_values, a_bad_name_is_told,
	   several_bad_values_are_told_at_once, unknown_parameters_are_ignored, traits,
	   traits_are_bounded, required, long_cursors_are_refused, segments,
	   plus_is_a_space_only_where_asked)
