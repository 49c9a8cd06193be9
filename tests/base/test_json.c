#include "suite.h"
#include "base/buf.h"
#include "base/json.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct buf out;
static struct json j;

static void start(void)
{
	buf_init(&out, NULL, BUF_NO_MAX);
	json_init(&j, &out);
}

#define IS(lit)                                                                                \
	do {                                                                                   \
		ck_assert_msg(str_eq(buf_str(&out), STR(lit)), "got " STR_FMT,                 \
			      STR_ARG(buf_str(&out)));                                         \
		buf_release(&out);                                                             \
	} while (0)

START_TEST(reads_like_the_json)
{
	start();
	json_object(&j, NULL);
	json_strz(&j, "name", "a");
	json_array(&j, "ids");
	json_int(&j, NULL, 7);
	json_int(&j, NULL, INT64_MIN);
	json_object(&j, NULL);
	json_end(&j);
	json_array(&j, NULL);
	json_end(&j);
	json_end(&j);
	json_bool(&j, "yes", true);
	json_bool(&j, "no", false);
	json_null(&j, "none");
	json_str(&j, "absent", STR_NONE);
	json_strz(&j, "absent2", NULL);
	json_str(&j, "empty", STR(""));
	json_raw(&j, "raw", STR("[1,2]"));
	json_raw(&j, "noraw", STR_NONE);
	json_time(&j, "at", 1795262400123456);
	json_end(&j);
	IS("{\"name\":\"a\",\"ids\":[7,-9223372036854775808,{},[]],\"yes\":true,\"no\":false,"
	   "\"none\":null,\"absent\":null,\"absent2\":null,\"empty\":\"\",\"raw\":[1,2],"
	   "\"noraw\":null,\"at\":\"2026-11-21T12:00:00.123Z\"}");
}
END_TEST

START_TEST(a_lone_value_is_json_too)
{
	start();
	json_int(&j, NULL, 0);
	IS("0");
}
END_TEST

START_TEST(every_ascii_byte_is_escaped_rightly_at_every_place)
{
	static const char *const named[128] = {
		['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r",
		['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\"
	};

	for (int c = 0; c < 128; c++) {
		for (size_t place = 0; place < 20; place++) {
			char text[20], one[8], expected[64];

			memset(text, 'x', sizeof(text));
			text[place] = (char)c;
			if (named[c])
				snprintf(one, sizeof(one), "%s", named[c]);
			else
				snprintf(one, sizeof(one), c < 0x20 ? "\\u%04x" : "%c", c);
			snprintf(expected, sizeof(expected), "\"%.*s%s%.*s\"", (int)place,
				 "xxxxxxxxxxxxxxxxxxxx", one, (int)(19 - place),
				 "xxxxxxxxxxxxxxxxxxxx");
			start();
			json_quote(&out, (struct str){ text, sizeof(text) });
			ck_assert(str_eqz(buf_str(&out), expected));
			buf_release(&out);
		}
	}
}
END_TEST

START_TEST(good_utf8_stays_and_bad_bytes_are_replaced)
{
	start();
	json_quote(&out, STR("é€🐵"));
	IS("\"é€🐵\"");
	start();
	json_quote(&out, STR("a\xff"
			     "b\xc3"));
	IS("\"a\xef\xbf\xbd"
	   "b\xef\xbf\xbd\"");
	start();
	json_quote(&out, STR("\xed\xa0\x80"));
	IS("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}
END_TEST

START_TEST(keys_are_escaped)
{
	start();
	json_object(&j, NULL);
	json_int(&j, "a\"b", 1);
	json_end(&j);
	IS("{\"a\\\"b\":1}");
}
END_TEST

START_TEST(doubles_are_short_and_exact)
{
	start();
	json_array(&j, NULL);
	json_double(&j, NULL, 0.1);
	json_double(&j, NULL, 1.0 / 3);
	json_double(&j, NULL, 5);
	json_double(&j, NULL, -0.5);
	json_double(&j, NULL, 1e300);
	json_double(&j, NULL, 0.1 + 0.2);
	json_double(&j, NULL, INFINITY);
	json_double(&j, NULL, NAN);
	json_end(&j);
	IS("[0.1,0.3333333333333333,5,-0.5,1e+300,0.30000000000000004,null,null]");
}
END_TEST

START_TEST(failure_is_the_buffers)
{
	buf_init(&out, NULL, 20);
	json_init(&j, &out);
	json_array(&j, NULL);
	for (int i = 0; i < 100; i++)
		json_strz(&j, NULL, "text");
	json_end(&j);
	ck_assert(buf_failed(&out));
	ck_assert_uint_le(out.len, 20);
	buf_release(&out);
}
END_TEST

START_TEST(too_deep_is_our_bug)
{
	start();
	for (int i = 0; i < JSON_DEPTH; i++)
		json_array(&j, NULL);
}
END_TEST

START_TEST(a_member_without_a_name_is_our_bug)
{
	start();
	json_object(&j, NULL);
	json_int(&j, NULL, 1);
}
END_TEST

START_TEST(two_values_are_our_bug)
{
	start();
	json_int(&j, NULL, 1);
	json_int(&j, NULL, 2);
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_test(tc, reads_like_the_json);
	tcase_add_test(tc, a_lone_value_is_json_too);
	tcase_add_test(tc, every_ascii_byte_is_escaped_rightly_at_every_place);
	tcase_add_test(tc, good_utf8_stays_and_bad_bytes_are_replaced);
	tcase_add_test(tc, keys_are_escaped);
	tcase_add_test(tc, doubles_are_short_and_exact);
	tcase_add_test(tc, failure_is_the_buffers);
	tcase_add_test_raise_signal(tc, too_deep_is_our_bug, SIGABRT);
	tcase_add_test_raise_signal(tc, a_member_without_a_name_is_our_bug, SIGABRT);
	tcase_add_test_raise_signal(tc, two_values_are_our_bug, SIGABRT);
}

SUITE_OF(all)
