#include "suite.h"
#include "base/str.h"

#define EQ(s, lit) ck_assert_msg(str_eq((s), STR(lit)), "got \"" STR_FMT "\"", STR_ARG(s))

START_TEST(cut_walks_all_parts)
{
	struct str s = STR("a,,b,");

	EQ(str_cut(&s, ','), "a");
	EQ(str_cut(&s, ','), "");
	EQ(str_cut(&s, ','), "b");
	ck_assert_ptr_nonnull(s.ptr);
	EQ(str_cut(&s, ','), "");
	ck_assert_ptr_null(s.ptr);
	EQ(str_cut(&s, ','), "");
}
END_TEST

START_TEST(slices_may_hold_any_byte)
{
	struct str s = STR("a\0b:c");

	ck_assert(str_eq(str_cut(&s, ':'), STR("a\0b")));
	ck_assert(!str_eq(STR("a\0b"), STR("a\0c")));
	ck_assert(!str_eqz(STR("a\0b"), "a"));
	ck_assert(str_starts(STR("a\0bc"), STR("a\0b")));
}
END_TEST

START_TEST(trim_takes_blanks_only)
{
	EQ(str_trim(STR(" \t a b\t ")), "a b");
	EQ(str_trim(STR(" \t")), "");
	EQ(str_trim(STR("\na")), "\na");
	EQ(str_trim(STR_NONE), "");
}
END_TEST

START_TEST(from_and_starts_stay_inside)
{
	EQ(str_from(STR("abc"), 1), "bc");
	EQ(str_from(STR("abc"), 3), "");
	EQ(str_from(STR("abc"), 9), "");
	EQ(str_from(STR("abc"), 0), "abc");
	ck_assert_ptr_null(str_from(STR_NONE, 2).ptr);
	ck_assert(str_starts(STR("abc"), STR("")));
	ck_assert(str_starts(STR_NONE, STR_NONE));
	ck_assert(!str_starts(STR("ab"), STR("abc")));
	ck_assert(str_eq_nocase(STR("HoSt"), STR("host")));
	ck_assert(!str_eq_nocase(STR("host"), STR("hosts")));
}
END_TEST

START_TEST(numbers_are_digits_only)
{
	static const char *const bad[] = { "",
					   "-1",
					   "+1",
					   " 1",
					   "1 ",
					   "1e3",
					   "0x1",
					   "1.0",
					   "18446744073709551616",
					   "99999999999999999999999" };
	uint64_t n = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!str_u64(str_of(bad[i]), UINT64_MAX, &n), "%s", bad[i]);
	ck_assert(!str_u64(STR_NONE, UINT64_MAX, &n));
	ck_assert_uint_eq(n, 7);
	ck_assert(str_u64(STR("18446744073709551615"), UINT64_MAX, &n));
	ck_assert_uint_eq(n, UINT64_MAX);
	ck_assert(str_u64(STR("007"), 7, &n));
	ck_assert_uint_eq(n, 7);
	ck_assert(!str_u64(STR("8"), 7, &n));
	ck_assert(!str_u64(STR("1\0"), 100, &n));
}
END_TEST

SUITE(cut_walks_all_parts, slices_may_hold_any_byte, trim_takes_blanks_only,
      from_and_starts_stay_inside, numbers_are_digits_only)
