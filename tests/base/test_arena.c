#include "suite.h"
#include "base/arena.h"
#include <signal.h>
#include <stdint.h>

static char order[8];
static size_t order_len;

static void note(void *obj)
{
	order[order_len++] = *(const char *)obj;
}

START_TEST(allocations_are_aligned_and_apart)
{
	struct arena *a = arena_new(100);
	char *p[64];

	for (size_t i = 0; i < 64; i++) {
		p[i] = arena_alloc(a, i);
		ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)i, i);
	}
	for (size_t i = 0; i < 64; i++) {
		for (size_t k = 0; k < i; k++)
			ck_assert_int_eq(p[i][k], (char)i);
	}
	arena_free(a);
}
END_TEST

START_TEST(reset_keeps_the_first_block)
{
	struct arena *a = arena_new(1024);
	void *first = arena_alloc(a, 100);

	arena_alloc(a, 5000000);
	ck_assert_uint_ge(arena_used(a), 5000100);
	arena_reset(a);
	ck_assert_uint_eq(arena_used(a), 0);
	ck_assert_ptr_eq(arena_alloc(a, 100), first);
	arena_free(a);
}
END_TEST

START_TEST(zalloc_clears_what_was_used)
{
	struct arena *a = arena_new(256);
	char *p = arena_alloc(a, 256);

	memset(p, 'x', 256);
	arena_reset(a);
	p = arena_zalloc(a, 256);
	for (int i = 0; i < 256; i++)
		ck_assert_int_eq(p[i], 0);
	arena_free(a);
}
END_TEST

START_TEST(defers_run_once_last_in_first_out)
{
	struct arena *a = arena_new(64);
	char letters[] = "abc";

	order_len = 0;
	for (int i = 0; i < 3; i++)
		arena_defer(a, note, &letters[i]);
	arena_reset(a);
	ck_assert_uint_eq(order_len, 3);
	ck_assert_mem_eq(order, "cba", 3);
	arena_reset(a);
	ck_assert_uint_eq(order_len, 3);
	arena_defer(a, note, &letters[0]);
	arena_free(a);
	ck_assert_uint_eq(order_len, 4);
	arena_free(NULL);
}
END_TEST

START_TEST(extends_only_the_newest)
{
	struct arena *a = arena_new(1024);
	char *p = arena_alloc(a, 100), *q;

	ck_assert(arena_extend(a, p, 100, 400));
	q = arena_alloc(a, 16);
	ck_assert(q >= p + 400);
	ck_assert(!arena_extend(a, p, 400, 500));
	ck_assert(!arena_extend(a, q, 16, 100000));
	ck_assert(!arena_extend(a, NULL, 0, 16));
	arena_free(a);
}
END_TEST

START_TEST(texts_are_copied)
{
	struct arena *a = arena_new(64);
	char raw[] = "ab\0c";
	struct str dup = arena_dup(a, (struct str){ raw, 4 });
	char *z = arena_strz(a, (struct str){ raw, 2 });
	struct str out = arena_printf(a, "%s-%0200d", "x", 7);

	raw[0] = '!';
	ck_assert(str_eq(dup, STR("ab\0c")));
	ck_assert_str_eq(z, "ab");
	ck_assert_uint_eq(out.len, 202);
	ck_assert_uint_eq(strlen(out.ptr), 202);
	ck_assert_ptr_null(arena_dup(a, STR_NONE).ptr);
	ck_assert_ptr_nonnull(arena_dup(a, STR("")).ptr);
	ck_assert_str_eq(arena_strz(a, STR_NONE), "");
	arena_free(a);
}
END_TEST

START_TEST(heap_memory_is_cleared_and_copied)
{
	char *p = mem_alloc(100), *copy;

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(p[i], 0);
	p = mem_grow(p, 200);
	copy = mem_strdup("text");
	ck_assert_str_eq(copy, "text");
	free(copy);
	free(p);
}
END_TEST

START_TEST(no_memory_ends_the_process)
{
	arena_alloc(arena_new(64), SIZE_MAX - 4);
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_test(tc, allocations_are_aligned_and_apart);
	tcase_add_test(tc, reset_keeps_the_first_block);
	tcase_add_test(tc, zalloc_clears_what_was_used);
	tcase_add_test(tc, defers_run_once_last_in_first_out);
	tcase_add_test(tc, extends_only_the_newest);
	tcase_add_test(tc, texts_are_copied);
	tcase_add_test(tc, heap_memory_is_cleared_and_copied);
	tcase_add_test_raise_signal(tc, no_memory_ends_the_process, SIGABRT);
}

SUITE_OF(all)
