/* Texts that anybody may have written into the outbox. */
#include "suite.h"

#include "base/scope.h"
#include "cache/tag.h"

#define A "0xabcdef0123456789abcdef0123456789abcdef01"

static struct str rest_of(bool wanted, const char *rest)
{
	return wanted ? str_of(rest) : STR_NONE;
}

/* Every row of the table, with all it may have. */
START_TEST(what_is_written_is_sound)
{
	static const struct {
		bool address, rest;
	} rows[] = {
#define TAG(name, prefix, address, rest, help) { address, rest },
#include "cache/tags.def"
	};
	static const char *const rests[] = {
		"0", "17",
		"115792089237316195423570985008687907853269984665640564039457584007913129639935"
	};
	struct address a;
	char text[TAG_TEXT_MAX];

	ck_assert_int_eq(address_read(STR(A), &a), RC_OK);
	for (int kind = 0; kind < TAG_KINDS; kind++)
		for (size_t i = 0; i < COUNT_OF(rests); i++) {
			size_t n =
				tag_write((enum tag_kind)kind, rows[kind].address ? &a : NULL,
					  rest_of(rows[kind].rest, rests[i]), text);
			ck_assert_msg(tag_sound((struct str){ text, n }), "%.*s", (int)n, text);
			ck_assert(!tag_sound((struct str){ text, n - 1 }) || rows[kind].rest);
			text[n] = 'x';
			ck_assert_msg(!tag_sound((struct str){ text, n + 1 }), "%.*s",
				      (int)n + 1, text);
		}
}
END_TEST

START_TEST(anything_else_is_not)
{
	static const char *const texts[] = {
		"",
		":",
		"c",
		"c:",
		"c:0x",
		"list:",
		"lis",
		"x:" A,
		"o:**",
		"o",
		"u",
		"u:",
		"u:x",
		"u:01",
		"u:-1",
		"u:1:1",
		"c:" A ":1",
		"t:" A,
		"t:" A ":",
		"t:" A ":0x1",
		"t:" A ": 1",
		"c:0xABCDEF0123456789abcdef0123456789abcdef01",
		"c:abcdef0123456789abcdef0123456789abcdef0123",
		" c:" A,
		"c:" A "\n",
		"k\n",
		"b:*",
		"t:" A ":1111111111111111111111111111111111111111111111111111111111111111111111"
		"111111111",
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		ck_assert_msg(!tag_sound(str_of(texts[i])), "%s", texts[i]);
	ck_assert(!tag_sound((struct str){ "k\0", 2 }));
}
END_TEST

SUITE(what_is_written_is_sound, anything_else_is_not)
