#include "suite.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/jsonin.h"
#include <stdio.h>
#include <string.h>

static struct arena *arena;

static void start(void)
{
	arena = arena_new(1024);
}

static void stop(void)
{
	arena_free(arena);
}

static struct json_object *parse(struct str text)
{
	struct json_object *node = NULL;
	const char *error = "";

	ck_assert_msg(jsonin_parse(arena, text, 8, &node, &error) == RC_OK, STR_FMT ": %s",
		      STR_ARG(text), error);
	return node;
}

static const char *error_of(struct str text)
{
	struct json_object *node = (void *)arena;
	const char *error = NULL;

	ck_assert_msg(jsonin_parse(arena, text, 8, &node, &error) == RC_INVALID, STR_FMT,
		      STR_ARG(text));
	ck_assert_ptr_eq(node, (void *)arena);
	return error;
}

#define IS(s, lit) ck_assert_msg(str_eq((s), STR(lit)), "got " STR_FMT, STR_ARG(s))

START_TEST(values_have_types)
{
	struct json_object *o =
		parse(STR(" {\"s\":\"x\",\"n\":1,\"d\":1.5,\"b\":true,\"z\":null,"
			  "\"a\":[1,[2]],\"o\":{}}\n"));
	int64_t n = 0;
	bool b = false;

	ck_assert_int_eq(jsonin_type(o), JSONIN_OBJECT);
	IS(jsonin_str(jsonin_get(o, "s")), "x");
	ck_assert(jsonin_i64(jsonin_get(o, "n"), &n) && n == 1);
	ck_assert(!jsonin_i64(jsonin_get(o, "d"), &n));
	ck_assert(!jsonin_i64(jsonin_get(o, "s"), &n));
	ck_assert(jsonin_bool(jsonin_get(o, "b"), &b) && b);
	ck_assert(!jsonin_bool(jsonin_get(o, "n"), &b));
	ck_assert(jsonin_bool(parse(STR("false")), &b) && !b);
	ck_assert_ptr_null(jsonin_get(o, "z"));
	ck_assert(jsonin_has(o, "z"));
	ck_assert(!jsonin_has(o, "y"));
	ck_assert_ptr_null(jsonin_get(jsonin_get(o, "a"), "x"));
	ck_assert_ptr_null(jsonin_str(jsonin_get(o, "n")).ptr);
	ck_assert_uint_eq(jsonin_count(jsonin_get(o, "a")), 2);
	ck_assert_uint_eq(jsonin_count(o), 0);
	ck_assert_int_eq(jsonin_type(jsonin_at(jsonin_get(o, "a"), 1)), JSONIN_ARRAY);
	ck_assert_ptr_null(jsonin_at(jsonin_get(o, "a"), 2));
	ck_assert_int_eq(jsonin_type(NULL), JSONIN_NULL);
	ck_assert_ptr_null(parse(STR("null")));
}
END_TEST

static const struct {
	struct str text;
	const char *error;
} bad[] = {
	{ { NULL, 0 }, "unexpected end at byte 0" },
	{ { " ", 1 }, "unexpected end at byte 1" },
	{ { "{} x", 4 }, "text after the value at byte 3" },
	{ { "{}\0", 3 }, "text after the value at byte 2" },
	{ { "1 2", 3 }, "text after the value at byte 2" },
	{ { "[1,]", 4 }, "unexpected character at byte 3" },
	{ { "{\"a\":1,}", 8 }, "unexpected character at byte 7" },
	{ { "{a:1}", 5 }, "unexpected character at byte 1" },
	{ { "{\"a\"}", 5 }, "unexpected character at byte 4" },
	{ { "{\"a\":}", 6 }, "unexpected character at byte 5" },
	{ { "[1 2]", 5 }, "unexpected character at byte 3" },
	{ { "[", 1 }, "unexpected end at byte 1" },
	{ { "\"abc", 4 }, "unexpected end at byte 4" },
	{ { "\"a\\", 3 }, "unexpected end at byte 3" },
	{ { "\"\\x\"", 4 }, "unexpected character at byte 2" },
	{ { "\"\\u12g4\"", 8 }, "unexpected character at byte 5" },
	{ { "\"a\nb\"", 5 }, "a control character in a string at byte 2" },
	{ { "\"a\0b\"", 5 }, "a control character in a string at byte 2" },
	{ { "\"a\xff\"", 4 }, "malformed UTF-8 at byte 2" },
	{ { "\"\xc3", 2 }, "malformed UTF-8 at byte 1" },
	{ { "{\"a\\u0000b\":1}", 14 }, "a member's name holds U+0000 at byte 9" },
	{ { "NaN", 3 }, "unexpected character at byte 0" },
	{ { "-NaN", 4 }, "unexpected character at byte 1" },
	{ { "Infinity", 8 }, "unexpected character at byte 0" },
	{ { "-Infinity", 9 }, "unexpected character at byte 1" },
	{ { "01", 2 }, "unexpected end at byte 2" },
	{ { "1.", 2 }, "unexpected end at byte 2" },
	{ { ".5", 2 }, "unexpected character at byte 0" },
	{ { "+1", 2 }, "unexpected character at byte 0" },
	{ { "1e", 2 }, "unexpected end at byte 2" },
	{ { "0x1", 3 }, "text after the value at byte 1" },
	{ { "tru", 3 }, "unexpected character at byte 0" },
	{ { "True", 4 }, "unexpected character at byte 0" },
	{ { "'a'", 3 }, "unexpected character at byte 0" },
	{ { "/**/1", 5 }, "unexpected character at byte 0" },
	{ { "\xef\xbb\xbf"
	    "1",
	    4 },
	  "unexpected character at byte 0" },
	{ { "[[[[[[[[[1]]]]]]]]]", 19 }, "nested too deep at byte 9" },
};

START_TEST(malformed_texts_say_where)
{
	ck_assert_str_eq(error_of(bad[_i].text), bad[_i].error);
}
END_TEST

START_TEST(depth_counts_arrays_and_objects)
{
	ck_assert_ptr_nonnull(parse(STR("[[[[[[[[1]]]]]]]]")));
	ck_assert_ptr_nonnull(parse(STR("[[],[],[],[],[],[],[],[],[],[]]")));
	ck_assert_ptr_nonnull(parse(STR("{\"a\":[[[[[[{\"b\":1}]]]]]]}")));
}
END_TEST

START_TEST(a_million_brackets_are_refused_cheaply)
{
	char *text = arena_alloc(arena, 1000000);

	memset(text, '[', 1000000);
	ck_assert_str_eq(error_of((struct str){ text, 1000000 }), "nested too deep at byte 9");
}
END_TEST

static const struct {
	const char *text;
	bool whole;
	int64_t n;
} numbers[] = {
	{ "0", true, 0 },
	{ "-0", true, 0 },
	{ "-7", true, -7 },
	{ "999999999999999999", true, 999999999999999999 },
	{ "1000000000000000000", true, 1000000000000000000 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "-9223372036854775808", true, INT64_MIN },
	{ "9223372036854775808", false, 0 },
	{ "-9223372036854775809", false, 0 },
	{ "18446744073709551616", false, 0 },
	{ "115792089237316195423570985008687907853269984665640564039457584007913129639935",
	  false, 0 },
	{ "1e3", true, 1000 },
	{ "5.0", true, 5 },
	{ "-2E+2", true, -200 },
	{ "1.5", false, 0 },
	{ "1e999", false, 0 },
	{ "1e19", false, 0 },
	{ "0.10", false, 0 },
	{ "1e-00", true, 1 },
};

START_TEST(numbers_keep_their_text)
{
	struct str text = str_of(numbers[_i].text);
	struct json_object *node = parse(text);
	int64_t n = 42;

	ck_assert_int_eq(jsonin_type(node), JSONIN_NUMBER);
	ck_assert_msg(str_eq(jsonin_text(node), text), STR_FMT, STR_ARG(jsonin_text(node)));
	ck_assert_int_eq(jsonin_i64(node, &n), numbers[_i].whole);
	ck_assert_int_eq(n, numbers[_i].whole ? numbers[_i].n : 42);
}
END_TEST

START_TEST(big_numbers_inside_keep_their_text)
{
	static const char text[] =
		"{\"a\":[12345678901234567890123,{\"b\":-98765432109876543210}],"
		"\"c\":\"12345678901234567890123e-00\",\"d\":1}";
	struct json_object *o = parse(STR("  {\"a\": [12345678901234567890123 ,"
					  "{\"b\":-98765432109876543210}],"
					  "\"c\":\"12345678901234567890123e-00\",\"d\":1}"));

	ck_assert(str_eqz(jsonin_text(o), text));
	IS(jsonin_text(jsonin_at(jsonin_get(o, "a"), 0)), "12345678901234567890123");
	IS(jsonin_text(jsonin_get(jsonin_at(jsonin_get(o, "a"), 1), "b")),
	   "-98765432109876543210");
}
END_TEST

START_TEST(strings_are_decoded)
{
	IS(jsonin_str(parse(STR("\"a\\u0000b\""))), "a\0b");
	IS(jsonin_str(parse(STR("\"\\ud83d\\udc35\""))), "🐵");
	IS(jsonin_str(parse(STR("\"\\ud83d\""))), "\xef\xbf\xbd");
	IS(jsonin_str(parse(STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""))), "\"\\/\b\f\n\r\t");
	IS(jsonin_str(parse(STR("\"\""))), "");
	IS(jsonin_str(parse(STR("\"\x7fé\""))), "\x7fé");
}
END_TEST

START_TEST(text_is_compact)
{
	IS(jsonin_text(
		   parse(STR("{ \"a\" : [ 1.50 , null, true ] , \"u\":\"https:\\/\\/x\" }"))),
	   "{\"a\":[1.50,null,true],\"u\":\"https://x\"}");
	IS(jsonin_text(NULL), "null");
	IS(jsonin_text(parse(STR("\"a\\u0000\""))), "\"a\\u0000\"");
}
END_TEST

START_TEST(the_last_of_equal_names_wins)
{
	int64_t n = 0;

	ck_assert(jsonin_i64(jsonin_get(parse(STR("{\"a\":1,\"b\":2,\"a\":3}")), "a"), &n));
	ck_assert_int_eq(n, 3);
}
END_TEST

static bool append(void *ctx, struct str key, struct json_object *value)
{
	buf_adds(ctx, key);
	buf_adds(ctx, jsonin_text(value));
	return !str_eq(key, STR("c"));
}

START_TEST(each_goes_in_order_until_told_to_stop)
{
	struct buf seen;

	buf_init(&seen, arena, BUF_NO_MAX);
	jsonin_each(parse(STR("{\"z\":1,\"a\":null,\"c\":[],\"d\":4}")), append, &seen);
	IS(buf_str(&seen), "z1anullc[]");
	jsonin_each(parse(STR("[1]")), append, &seen);
	jsonin_each(NULL, append, &seen);
	IS(buf_str(&seen), "z1anullc[]");
}
END_TEST

START_TEST(the_tree_dies_with_the_arena)
{
	for (int i = 0; i < 3; i++) {
		parse(STR("{\"a\":[1,2,{\"b\":\"c\"}],\"n\":123456789012345678901234567890}"));
		arena_reset(arena);
		ck_assert_uint_eq(arena_used(arena), 0);
	}
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, values_have_types);
	tcase_add_loop_test(tc, malformed_texts_say_where, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(tc, depth_counts_arrays_and_objects);
	tcase_add_test(tc, a_million_brackets_are_refused_cheaply);
	tcase_add_loop_test(tc, numbers_keep_their_text, 0, sizeof(numbers) / sizeof(*numbers));
	tcase_add_test(tc, big_numbers_inside_keep_their_text);
	tcase_add_test(tc, strings_are_decoded);
	tcase_add_test(tc, text_is_compact);
	tcase_add_test(tc, the_last_of_equal_names_wins);
	tcase_add_test(tc, each_goes_in_order_until_told_to_stop);
	tcase_add_test(tc, the_tree_dies_with_the_arena);
}

SUITE_OF(all)
