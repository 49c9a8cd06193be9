/* What must not be told is not. */
#include "suite.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/secret.h"

#define KEY "sm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_"

static const struct {
	const char *text, *told;
} rows[] = {
	{ "", "" },
	{ "nothing here", "nothing here" },
	{ KEY, "[hidden]" },
	{ "a=" KEY "&b=" KEY, "a=[hidden]&b=[hidden]" },
	{ "sm_short sm_", "sm_short sm_" },
	{ "postgresql://me:pass@host/db", "postgresql://me:[hidden]@host/db" },
	{ "x://h/y redis://:secret@h:1/0 z", "x://h/y redis://:[hidden]@h:1/0 z" },
	{ "http://host:80/a@b", "http://host:80/a@b" },
	{ "host=h password=pass user=u", "host=h password=[hidden] user=u" },
};

START_TEST(test_rows)
{
	struct arena *arena = arena_new(4096);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str text = str_of(rows[i].text);
		struct buf out;

		buf_init(&out, arena, BUF_NO_MAX);
		secret_hide(text, &out);
		ck_assert_msg(str_eqz(buf_str(&out), rows[i].told), "%s: %.*s", rows[i].text,
			      (int)out.len, out.ptr);
		ck_assert_int_eq(secret_any(text), strcmp(rows[i].text, rows[i].told) != 0);
	}
	arena_free(arena);
}
END_TEST

START_TEST(test_key)
{
	ck_assert(secret_has_key(STR(KEY)));
	ck_assert(secret_has_key(STR("x" KEY "x")));
	ck_assert(secret_has_key(STR("sm_sm_" KEY)));
	ck_assert(secret_has_key(STR("__a_" KEY)));
	ck_assert(secret_has_key(STR("s_m_sm" KEY "_")));
	ck_assert(!secret_has_key(STR("sm_")));
	ck_assert(!secret_has_key(STR_NONE));
	ck_assert(!secret_has_key((struct str){ KEY, 45 }));
}
END_TEST

SUITE(test_rows, test_key)
