#include "suite.h"

#include "app/outworn.h"

static int64_t bytes;
static int looks;

static int64_t memory(void)
{
	looks++;
	return bytes;
}

START_TEST(requests_end_within_ten_per_cent)
{
	struct outworn o;

	for (uint64_t random = 0; random < 1000; random++) {
		outworn_init(&o, 1000, 0, random * 7919);
		ck_assert_int_eq(outworn_due(&o, 899, memory), OUTWORN_NOT);
		ck_assert_int_eq(outworn_due(&o, 1100, memory), OUTWORN_REQUESTS);
	}
	outworn_init(&o, 1000, 0, 0);
	uint64_t first = o.requests_end;
	outworn_init(&o, 1000, 0, 77);
	ck_assert_uint_ne(o.requests_end, first);
}
END_TEST

START_TEST(zero_is_no_end)
{
	struct outworn o;

	outworn_init(&o, 0, 0, 12345);
	looks = 0;
	ck_assert_int_eq(outworn_due(&o, UINT64_MAX, memory), OUTWORN_NOT);
	ck_assert_int_eq(looks, 0);
}
END_TEST

START_TEST(one_request_is_a_life)
{
	struct outworn o;

	outworn_init(&o, 1, 0, UINT64_MAX);
	ck_assert_int_eq(outworn_due(&o, 0, memory), OUTWORN_NOT);
	ck_assert_int_eq(outworn_due(&o, 1, memory), OUTWORN_REQUESTS);
}
END_TEST

START_TEST(growth_counts_from_when_it_was_warm)
{
	struct outworn o;

	outworn_init(&o, 0, 1000, 1);
	looks = 0;
	bytes = 1 << 20;
	for (uint64_t served = 0; served < OUTWORN_EVERY; served++)
		ck_assert_int_eq(outworn_due(&o, served, memory), OUTWORN_NOT);
	ck_assert_int_eq(looks, 0);
	ck_assert_int_eq(outworn_due(&o, OUTWORN_EVERY, memory), OUTWORN_NOT);
	bytes += 1000;
	ck_assert_int_eq(outworn_due(&o, 2 * OUTWORN_EVERY, memory), OUTWORN_NOT);
	bytes += 1;
	ck_assert_int_eq(outworn_due(&o, 2 * OUTWORN_EVERY + 1, memory), OUTWORN_NOT);
	ck_assert_int_eq(outworn_due(&o, 3 * OUTWORN_EVERY, memory), OUTWORN_MEMORY);
	ck_assert_int_eq(looks, 3);
}
END_TEST

START_TEST(this_process_has_memory)
{
	ck_assert_int_gt(outworn_memory(), 0);
}
END_TEST

SUITE(requests_end_within_ten_per_cent, zero_is_no_end, one_request_is_a_life,
      growth_counts_from_when_it_was_warm, this_process_has_memory)
