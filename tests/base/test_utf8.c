#include "suite.h"
#include "base/utf8.h"

static const struct str good[] = {
	{ NULL, 0 },
	{ "", 0 },
	{ "plain ascii, long enough for whole words", 40 },
	{ "a\0b", 3 },
	{ "\xc2\x80", 2 },
	{ "\xdf\xbf", 2 },
	{ "\xe0\xa0\x80", 3 },
	{ "\xed\x9f\xbf", 3 },
	{ "\xee\x80\x80", 3 },
	{ "\xef\xbf\xbf", 3 },
	{ "\xf0\x90\x80\x80", 4 },
	{ "\xf4\x8f\xbf\xbf", 4 },
	{ "12345678\xf0\x9f\x90\xb5tail", 16 },
};

START_TEST(well_formed)
{
	ck_assert(utf8_valid(good[_i]));
}
END_TEST

static const struct str bad[] = {
	{ "\x80", 1 },             /* a tail alone */
	{ "\xc0\x80", 2 },         /* overlong NUL */
	{ "\xc1\xbf", 2 },         /* overlong */
	{ "\xe0\x9f\xbf", 3 },     /* overlong */
	{ "\xf0\x8f\xbf\xbf", 4 }, /* overlong */
	{ "\xed\xa0\x80", 3 },     /* a surrogate */
	{ "\xed\xbf\xbf", 3 },     /* a surrogate */
	{ "\xf4\x90\x80\x80", 4 }, /* above U+10FFFF */
	{ "\xf5\x80\x80\x80", 4 },
	{ "\xff", 1 },
	{ "\xc2", 1 },         /* cut */
	{ "\xe2\x82", 2 },     /* cut */
	{ "\xf0\x9f\x90", 3 }, /* cut */
	{ "\xc2"
	  "a",
	  2 },
	{ "\xe2\x82"
	  "a",
	  3 },
	{ "\xf0\x9f\x90"
	  "a",
	  4 },
	{ "12345678\xff", 9 },
};

START_TEST(malformed)
{
	ck_assert(!utf8_valid(bad[_i]));
}
END_TEST

START_TEST(all_pairs_and_triples_agree_with_the_definition)
{
	int pairs = 0, triples = 0;
	char c[3];

	for (int a = 0x80; a < 0x100; a++) {
		for (int b = 0; b < 0x100; b++) {
			c[0] = (char)a;
			c[1] = (char)b;
			pairs += utf8_char(c, 2) == 2;
			for (int t = 0; t < 0x100; t++) {
				c[2] = (char)t;
				triples += utf8_char(c, 3) == 3;
			}
		}
	}
	ck_assert_int_eq(pairs, 0x800 - 0x80);
	ck_assert_int_eq(triples, 0x10000 - 0x800 - 0x800);
}
END_TEST

START_TEST(counts_characters)
{
	ck_assert_uint_eq(utf8_count(STR("")), 0);
	ck_assert_uint_eq(utf8_count(STR("ab")), 2);
	ck_assert_uint_eq(utf8_count(STR("é€🐵")), 3);
}
END_TEST

/* Each byte at each place of texts of each length. */
START_TEST(plain_is_printable_ascii)
{
	char text[20];

	for (size_t len = 0; len <= sizeof(text); len++) {
		memset(text, 'a', sizeof(text));
		ck_assert(utf8_plain((struct str){ text, len }));
		for (size_t at = 0; at < len; at++) {
			for (int byte = 0; byte < 256; byte++) {
				text[at] = (char)byte;
				ck_assert_int_eq(utf8_plain((struct str){ text, len }),
						 byte >= ' ' && byte <= '~');
			}
			text[at] = at % 2 ? ' ' : '~';
		}
	}
}
END_TEST

static void all(TCase *tc)
{
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, well_formed, 0, sizeof(good) / sizeof(*good));
	tcase_add_loop_test(tc, malformed, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(tc, all_pairs_and_triples_agree_with_the_definition);
	tcase_add_test(tc, counts_characters);
	tcase_add_test(tc, plain_is_printable_ascii);
}

SUITE_OF(all)
