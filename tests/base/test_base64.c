#include "suite.h"
#include "base/base64.h"
#include <string.h>

static const struct {
	const char *bytes, *text;
} known[] = {
	{ "", "" },
	{ "f", "Zg" },
	{ "fo", "Zm8" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg" },
	{ "fooba", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "-__-" },
};

START_TEST(known_texts)
{
	char text[32];
	uint8_t back[32];
	size_t len = strlen(known[_i].bytes), got = 99;

	ck_assert_uint_eq(base64url_write(known[_i].bytes, len, text), strlen(known[_i].text));
	ck_assert_str_eq(text, known[_i].text);
	ck_assert_int_eq(base64url_read(str_of(text), back, len, &got), RC_OK);
	ck_assert_uint_eq(got, len);
	ck_assert_mem_eq(back, known[_i].bytes, len);
	if (len)
		ck_assert_int_eq(base64url_read(str_of(text), back, len - 1, &got), RC_INVALID);
}
END_TEST

START_TEST(all_lengths_fill_their_size)
{
	uint8_t bytes[100], back[100];
	char text[BASE64_SIZE(100)];
	size_t got;

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		memset(bytes, (int)(len * 7 + 1), len);
		ck_assert_uint_eq(base64url_write(bytes, len, text) + 1, BASE64_SIZE(len));
		ck_assert_int_eq(base64url_read(str_of(text), back, len, &got), RC_OK);
		ck_assert_uint_eq(got, len);
		ck_assert_mem_eq(back, bytes, len);
	}
}
END_TEST

START_TEST(only_canonical_text_is_read)
{
	static const struct str bad[] = { { "Z", 1 },      { "Zg==", 4 },  { "Zh", 2 },
					  { "Zm9", 3 },    { "Zm9vZ", 5 }, { "Zm+v", 4 },
					  { "Zm/v", 4 },   { "Zm9 ", 4 },  { "Zm\0v", 4 },
					  { "Zm\xffv", 4 } };
	uint8_t back[16];
	size_t got = 99;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_int_eq(base64url_read(bad[i], back, sizeof(back), &got), RC_INVALID);
	ck_assert_uint_eq(got, 99);
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_loop_test(tc, known_texts, 0, sizeof(known) / sizeof(*known));
	tcase_add_test(tc, all_lengths_fill_their_size);
	tcase_add_test(tc, only_canonical_text_is_read);
}

SUITE_OF(all)
