/* Search texts and array literals. */
#include "suite.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/scope.h"
#include "model/search.h"

static const struct {
	struct str text;
	const char *pattern, *words;
} cases[] = {
	{ STR_NONE, NULL, NULL },
	{ STR(""), NULL, NULL },
	{ STR("a"), NULL, "'a':*" },
	{ STR("a b"), "%a b%", NULL },
	{ STR("ab"), NULL, "'ab':*" },
	{ STR("abc"), "%abc%", NULL },
	{ STR("50%"), "%50\\%%", NULL },
	{ STR("a_\\"), "%a\\_\\\\%", NULL },
	{ STR("'a"), NULL, "'''a':*" },
	{ STR("\\a"), NULL, "'\\\\a':*" },
	{ STR("\u00e9"), NULL, "'\u00e9':*" },
	{ STR("\u732b"), NULL, "'\u732b':*" },
	{ STR("\U0001F980"), "%\U0001F980%", NULL },
	{ STR("\u2764"), "%\u2764%", NULL },
	{ STR("!"), "%!%", NULL },
};

START_TEST(test_read)
{
	struct arena *arena = arena_new(4096);

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct search search = search_read(arena, cases[i].text);

		ck_assert_pstr_eq(search.pattern, cases[i].pattern);
		ck_assert_pstr_eq(search.words, cases[i].words);
	}
	arena_free(arena);
}
END_TEST

START_TEST(test_words)
{
	struct arena *arena = arena_new(4096);

	ck_assert_pstr_eq(search_words(arena, STR("cat  dog")), "'cat':* & 'dog':*");
	ck_assert_pstr_eq(search_words(arena, STR("cat' | !x")), "'cat''':* & '|':* & '!x':*");
	ck_assert_ptr_null(search_words(arena, STR("!?")));
	arena_free(arena);
}
END_TEST

START_TEST(test_arrays)
{
	struct arena *arena = arena_new(4096);
	struct buf array;

	buf_init(&array, arena, 1000);
	ck_assert_str_eq(array_end(&array), "{}");
	buf_init(&array, arena, 1000);
	array_add(&array, STR("a\"b"));
	array_add(&array, STR(""));
	array_add(&array, STR("c\\,{}"));
	ck_assert_str_eq(array_end(&array), "{\"a\\\"b\",\"\",\"c\\\\,{}\"}");
	buf_init(&array, arena, 1000);
	array_add_int(&array, -7);
	array_add_int(&array, INT64_MAX);
	ck_assert_str_eq(array_end(&array), "{-7,9223372036854775807}");
	arena_free(arena);
}
END_TEST

SUITE(test_read, test_words, test_arrays)
