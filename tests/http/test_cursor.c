#include "base/arena.h"
#include "base/scope.h"
#include "http/cursor.h"
#include "suite.h"

static struct arena *arena;
static const struct str secret = { "0123456789abcdef0123456789abcdef", 32 };
static const struct str scope = { "nfts|0xabc|rarity|desc", 22 };

static void start(void)
{
	arena = arena_new(65536);
}

static void stop(void)
{
	arena_free(arena);
}

START_TEST(what_was_written_is_read)
{
	const struct str fields[] = { STR("17"), STR(""), STR_NONE, STR("a\0b|\xff") };
	struct str back[4];

	for (size_t n = 0; n <= 4; n++) {
		struct str text = cursor_write(arena, secret, scope, fields, n);

		ck_assert_uint_gt(text.len, 0);
		ck_assert_int_eq(cursor_read(arena, secret, scope, text, back, n), RC_OK);
		for (size_t i = 0; i < n; i++) {
			ck_assert(str_eq(back[i], fields[i]));
			ck_assert_int_eq(back[i].ptr == NULL, fields[i].ptr == NULL);
		}
	}
	ck_assert_int_eq(back[0].ptr[2], '\0'); /* terminated */
	ck_assert_int_eq(back[3].ptr[5], '\0');
}
END_TEST

START_TEST(it_is_made_for_urls)
{
	char bytes[200];
	struct str field = { bytes, sizeof(bytes) };

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	struct str text = cursor_write(arena, secret, scope, &field, 1);

	ck_assert_uint_eq(strspn(text.ptr,
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789-_"),
			  text.len);
}
END_TEST

START_TEST(any_changed_byte_is_refused)
{
	const struct str field = STR("12345678901234567890");
	struct str text = cursor_write(arena, secret, scope, &field, 1), back;
	char *copy = arena_strz(arena, text);

	for (size_t i = 0; i < text.len; i++) {
		for (const char *c = "Ab0_-=%\x80"; *c; c++) {
			if (*c == text.ptr[i])
				continue;
			copy[i] = *c;
			ck_assert_int_eq(cursor_read(arena, secret, scope,
						     (struct str){ copy, text.len }, &back, 1),
					 RC_INVALID);
		}
		copy[i] = text.ptr[i];
	}
	for (size_t n = 0; n < text.len; n++)
		ck_assert_int_eq(cursor_read(arena, secret, scope, (struct str){ text.ptr, n },
					     &back, 1),
				 RC_INVALID);
}
END_TEST

START_TEST(another_scope_secret_or_count_is_refused)
{
	const struct str fields[] = { STR("1"), STR("2") };
	struct str text = cursor_write(arena, secret, scope, fields, 2), back[3];

	ck_assert_int_eq(
		cursor_read(arena, secret, STR("nfts|0xabc|rarity|asc"), text, back, 2),
		RC_INVALID);
	ck_assert_int_eq(cursor_read(arena, secret, STR_NONE, text, back, 2), RC_INVALID);
	ck_assert_int_eq(cursor_read(arena, STR("another"), scope, text, back, 2), RC_INVALID);
	ck_assert_int_eq(cursor_read(arena, secret, scope, text, back, 1), RC_INVALID);
	ck_assert_int_eq(cursor_read(arena, secret, scope, text, back, 3), RC_INVALID);
	ck_assert_int_eq(cursor_read(arena, secret, scope, text, back, 2), RC_OK);
}
END_TEST

/* The end of the scope is not the beginning of the fields. */
START_TEST(scope_and_fields_do_not_run_together)
{
	const struct str field = STR("x");
	struct str text = cursor_write(arena, secret, STR("ab"), &field, 1), back;

	ck_assert_int_eq(cursor_read(arena, secret, STR("a"), text, &back, 1), RC_INVALID);
}
END_TEST

START_TEST(long_fields)
{
	char bytes[2000];
	struct str field = { bytes, 1500 }, back;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 'n';
	struct str text = cursor_write(arena, secret, scope, &field, 1);

	ck_assert_uint_le(text.len, CURSOR_TEXT_MAX);
	ck_assert_int_eq(cursor_read(arena, secret, scope, text, &back, 1), RC_OK);
	field.len = 2000;
	ck_assert_ptr_null(cursor_write(arena, secret, scope, &field, 1).ptr);
}
END_TEST

START_TEST(text_beyond_its_bound_is_refused)
{
	static char text[CURSOR_TEXT_MAX * 2];
	struct str back;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = 'A';
	for (size_t n = CURSOR_TEXT_MAX - 8; n < CURSOR_TEXT_MAX + 8; n++)
		ck_assert_int_eq(
			cursor_read(arena, secret, scope, (struct str){ text, n }, &back, 1),
			RC_INVALID);
}
END_TEST

SUITE_WITH(start, stop, 10, what_was_written_is_read, it_is_made_for_urls,
	   any_changed_byte_is_refused, another_scope_secret_or_count_is_refused,
	   scope_and_fields_do_not_run_together, long_fields, text_beyond_its_bound_is_refused)
