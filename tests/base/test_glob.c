/* Globs: what they match, what nobody should match with, and that none takes for ever. */
#include "suite.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/glob.h"
#include "base/scope.h"

START_TEST(test_rows)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} rows[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "abc", true },
		{ "a*", "abc", true },
		{ "*c", "abc", true },
		{ "a*c", "abbbc", true },
		{ "a*c", "abbb", false },
		{ "*b*b*", "abab", true },
		{ "*b*b*", "aba", false },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "[a-c]x", "bx", true },
		{ "[a-c]x", "dx", false },
		{ "[^a-c]x", "dx", true },
		{ "[^a-c]x", "ax", false },
		{ "[ab]*", "b", true },
		{ "[-]", "-", true },
		{ "[\\]]", "]", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "collections:{0xab}:*", "collections:{0xab}:metadata", true },
		{ "collections:{0xab}:*", "collections:{0xac}:metadata", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		ck_assert_msg(glob_match(str_of(rows[i].pattern), str_of(rows[i].text)) ==
				      rows[i].match,
			      "%s against %s", rows[i].pattern, rows[i].text);
}
END_TEST

/* All short texts over a small alphabet, against the C library's. */
START_TEST(test_against_fnmatch)
{
	static const char letters[] = "ab*?[]^";
	static const char plain[] = "ab";
	char pattern[6] = "", text[5] = "";

	for (int p = 0; p < 7 * 7 * 7 * 7; p++) {
		for (int i = 0, k = p; i < 4; i++, k /= 7)
			pattern[i] = letters[k % 7];
		if (glob_fault(str_of(pattern)) || strstr(pattern, "[]") ||
		    strstr(pattern, "[^]"))
			continue;
		for (int t = 0; t < 16; t++) {
			for (int i = 0; i < 4; i++)
				text[i] = plain[t >> i & 1];
			ck_assert_msg(glob_match(str_of(pattern), str_of(text)) ==
					      (fnmatch(pattern, text, 0) == 0),
				      "%s against %s", pattern, text);
		}
	}
}
END_TEST

START_TEST(test_faults)
{
	static const char *const bad[] = { "[",     "a[b",  "[^",   "a\\",
					   "[a\\]", "a\nb", "\x7f", "*********" };
	static const char *const good[] = { "", "*", "[a]", "[^a-z]*", "\\[", "********" };
	char longer[GLOB_MAX + 2];

	memset(longer, 'a', GLOB_MAX + 1);
	longer[GLOB_MAX + 1] = '\0';
	ck_assert_ptr_nonnull(glob_fault(str_of(longer)));
	ck_assert_ptr_null(glob_fault(str_of(longer + 1)));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(glob_fault(str_of(bad[i])) != NULL, "%s", bad[i]);
	for (size_t i = 0; i < COUNT_OF(good); i++)
		ck_assert_msg(glob_fault(str_of(good[i])) == NULL, "%s", good[i]);
}
END_TEST

/* What takes others 2^n steps. */
START_TEST(test_bombs_are_cheap)
{
	char text[512], pattern[64] = "";
	int64_t start = clock_mono_ns();

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < GLOB_STARS; i++)
		memcpy(pattern + 4 * i, "*aaa", 5);
	pattern[strlen(pattern)] = 'b';
	for (int i = 0; i < 1000; i++)
		ck_assert(!glob_match(str_of(pattern), str_of(text)));
	ck_assert_int_lt(clock_mono_ns() - start, INT64_C(1000000000));
}
END_TEST

START_TEST(test_literal)
{
	ck_assert_uint_eq(glob_literal(STR("abc")), 3);
	ck_assert_uint_eq(glob_literal(STR("ab*c")), 2);
	ck_assert_uint_eq(glob_literal(STR("\\a")), 0);
}
END_TEST

SUITE(test_rows, test_against_fnmatch, test_faults, test_bombs_are_cheap, test_literal)
