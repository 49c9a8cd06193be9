#include "suite.h"
#include "base/arena.h"
#include "base/buf.h"

START_TEST(grows_on_the_heap)
{
	struct buf b;

	buf_init(&b, NULL, BUF_NO_MAX);
	for (int i = 0; i < 10000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	buf_adds(&b, STR("tail"));
	ck_assert_uint_eq(b.len, 10004);
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(b.ptr[i], 'a' + i % 26);
	ck_assert_mem_eq(b.ptr + 10000, "tail", 4);
	ck_assert(!buf_failed(&b));
	buf_release(&b);
	ck_assert_uint_eq(b.len, 0);
	buf_release(NULL);
}
END_TEST

START_TEST(grows_in_an_arena_between_other_allocations)
{
	struct arena *a = arena_new(256);
	struct buf b;

	buf_init(&b, a, BUF_NO_MAX);
	for (int i = 0; i < 3000; i++) {
		buf_addc(&b, (char)i);
		if (i % 100 == 0)
			memset(arena_alloc(a, 40), 0xee, 40);
	}
	for (int i = 0; i < 3000; i++)
		ck_assert_int_eq(b.ptr[i], (char)i);
	buf_release(&b);
	arena_free(a);
}
END_TEST

START_TEST(failure_sticks)
{
	struct buf b;

	buf_init(&b, NULL, 10);
	buf_adds(&b, STR("12345678"));
	buf_adds(&b, STR("abc"));
	ck_assert(buf_failed(&b));
	buf_addc(&b, 'x');
	buf_add_u64(&b, 1);
	ck_assert_ptr_null(buf_room(&b, 1));
	ck_assert(str_eq(buf_str(&b), STR("12345678")));
	buf_clear(&b);
	ck_assert(!buf_failed(&b));
	buf_adds(&b, STR("1234567890"));
	ck_assert(!buf_failed(&b));
	ck_assert_uint_le(b.cap, 10);
	buf_addc(&b, 'x');
	ck_assert(buf_failed(&b));
	ck_assert_uint_eq(b.len, 10);
	buf_release(&b);
}
END_TEST

START_TEST(formats_short_and_long)
{
	struct buf b;

	buf_init(&b, NULL, 5000);
	buf_addf(&b, "%d %s", -7, "x");
	ck_assert(str_eq(buf_str(&b), STR("-7 x")));
	buf_addf(&b, "%04000d", 5);
	ck_assert_uint_eq(b.len, 4004);
	ck_assert_int_eq(b.ptr[4003], '5');
	buf_addf(&b, "%04000d", 5);
	ck_assert(buf_failed(&b));
	buf_release(&b);
}
END_TEST

START_TEST(numbers)
{
	struct buf b;

	buf_init(&b, NULL, 100);
	buf_add_u64(&b, 0);
	buf_addc(&b, ' ');
	buf_add_u64(&b, UINT64_MAX);
	ck_assert(str_eq(buf_str(&b), STR("0 18446744073709551615")));
	buf_release(&b);
}
END_TEST

START_TEST(room_is_writable_to_its_end)
{
	struct buf b;
	char *p;

	buf_init(&b, NULL, BUF_NO_MAX);
	buf_addc(&b, '<');
	p = buf_room(&b, 1000);
	memset(p, 'r', 1000);
	b.len += 1000;
	buf_addc(&b, '>');
	ck_assert_uint_eq(b.len, 1002);
	ck_assert_int_eq(b.ptr[0], '<');
	ck_assert_int_eq(b.ptr[1001], '>');
	buf_release(&b);
}
END_TEST

SUITE(grows_on_the_heap, grows_in_an_arena_between_other_allocations, failure_sticks,
      formats_short_and_long, numbers, room_is_writable_to_its_end)
