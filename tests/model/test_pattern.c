/* What a pattern of keys means, and which are refused. */
#include "suite.h"

#include "base/arena.h"
#include "base/scope.h"
#include "cache/tag.h"
#include "model/pattern.h"

#define A "0x00000000000000000000000000000000000000aa"
#define B "0x00000000000000000000000000000000000000bb"
#define P "such-market:"

START_TEST(test_meanings)
{
	static const struct {
		const char *text;
		enum pattern_kind kind;
		const char *tags; /* with spaces between */
	} rows[] = {
		{ P "*", PATTERN_ALL, "" },
		{ P "collections:{" A "}:*", PATTERN_TAGS, "c:" A " b:" A },
		{ P "collections:{" A "}:nfts:page:[0-9]:*", PATTERN_TAGS, "c:" A " b:" A },
		{ P "nfts:{" A "}:*", PATTERN_TAGS, "b:" A },
		{ P "ownership:{" A "}:1?", PATTERN_TAGS, "b:" A },
		{ P "wallets:{" A "}:*", PATTERN_TAGS, "o:" A },
		{ P "*" A "*", PATTERN_TAGS, "c:" A " b:" A " o:" A },
		{ P "*:{0x00000000000000000000000000000000000000AA}:*", PATTERN_TAGS,
		  "c:" A " b:" A " o:" A },
		{ P "users:{12}:*", PATTERN_TAGS, "u:12" },
		{ P "users:*", PATTERN_GLOB, "" },
		{ P "*:traits", PATTERN_GLOB, "" },
		{ P "**", PATTERN_GLOB, "" },
		{ P "nfts:{0x00*", PATTERN_GLOB, "" },
		{ P "*" A "*" B "*", PATTERN_GLOB, "" },
		{ P "[cn]*", PATTERN_GLOB, "" },
		/* A class is one character, whatever it is made of. */
		{ P "nfts:[" A "]*", PATTERN_GLOB, "" },
		{ P "nfts:{[^" A "]*", PATTERN_GLOB, "" },
		{ P "nfts:{[\\]" A "]*", PATTERN_GLOB, "" },
		{ P "nfts:{\\" A "}:*", PATTERN_GLOB, "" },
		{ P "nfts:{" A "}:[" B "]", PATTERN_TAGS, "b:" A },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct arena *arena = arena_new(1024);
		const char *code = "", *why = "";
		struct str tags = STR("");
		struct pattern p;

		ck_assert_msg(pattern_read(arena, STR("such-market"), str_of(rows[i].text), &p,
					   &code, &why) == RC_OK,
			      "%s: %s", rows[i].text, why);
		for (size_t k = 0; k < p.tags; k++)
			tags = arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(tags),
					    k ? " " : "", STR_ARG(p.tag[k]));
		ck_assert_msg(p.kind == rows[i].kind, "%s is of kind %d", rows[i].text, p.kind);
		ck_assert_msg(str_eqz(tags, rows[i].tags), "%s: " STR_FMT, rows[i].text,
			      STR_ARG(tags));
		arena_free(arena);
	}
}
END_TEST

/* The tag of a key is that of the copy, in whatever case its address is written. */
START_TEST(test_one_key)
{
	static const char *const texts[] = {
		P "nfts:{" A "}:7",
		P "nfts:{0x00000000000000000000000000000000000000AA}:7",
	};
	char want[TAG_KEY_TEXT];

	tag_write_key(STR("nfts:{" A "}:7"), want);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct arena *arena = arena_new(1024);
		const char *code, *why;
		struct pattern p;

		ck_assert_int_eq(pattern_read(arena, STR("such-market"), str_of(texts[i]), &p,
					      &code, &why),
				 RC_OK);
		ck_assert_int_eq(p.kind, PATTERN_KEY);
		ck_assert(str_eqz(p.rest, "nfts:{" A "}:7"));
		ck_assert_uint_eq(p.tags, 1);
		ck_assert(str_eqz(p.tag[0], want) && tag_sound(p.tag[0]));
		arena_free(arena);
	}
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		const char *text, *code, *why;
	} rows[] = {
		{ "", "pattern_outside_prefix", "prefix" },
		{ "*", "pattern_outside_prefix", "prefix" },
		{ "such-market", "pattern_outside_prefix", "prefix" },
		{ P, "pattern_outside_prefix", "prefix" },
		{ "such-market*", "pattern_outside_prefix", "prefix" },
		{ "such-markets:*", "pattern_outside_prefix", "prefix" },
		{ "s*:nfts:1", "pattern_outside_prefix", "prefix" },
		{ "^such-market:.*$", "invalid_pattern", "regular expression" },
		{ P "nfts:.*", "invalid_pattern", "regular expression" },
		{ P "(nfts|users):*", "invalid_pattern", "regular expression" },
		{ P "nfts:\\d", "invalid_pattern", "regular expression" },
		{ P "nfts:*$", "invalid_pattern", "regular expression" },
		{ P "nfts:[", "invalid_pattern", "brackets" },
		{ P "nfts:\\", "invalid_pattern", "brackets" },
		{ P "nfts:*a*a*a*a*a*a*a*a*", "invalid_pattern", "stars" },
		{ P "nfts:\n*", "invalid_pattern", "control" },
		{ P "analytics:*", "invalid_pattern", "no copies" },
		{ P "inv:*", "invalid_pattern", "no copies" },
		{ P "events", "invalid_pattern", "no copies" },
		{ P "nft*:x", "", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct arena *arena = arena_new(1024);
		const char *code = "", *why = NULL;
		struct pattern p;
		enum rc rc = pattern_read(arena, STR("such-market"), str_of(rows[i].text), &p,
					  &code, &why);

		ck_assert_msg((rc == RC_OK) == !rows[i].why, "%s", rows[i].text);
		if (rows[i].why) {
			ck_assert_msg(!strcmp(code, rows[i].code), "%s: %s", rows[i].text,
				      code);
			ck_assert_msg(strstr(why, rows[i].why), "%s: %s", rows[i].text, why);
		}
		arena_free(arena);
	}
}
END_TEST

SUITE(test_meanings, test_one_key, test_refused)
