/* Which classes of copies are worth a write to Redis, by what became of them. */
#include "../suite.h"
#include <stdio.h>
#include "base/scope.h"
#include "cache/layout.h"
#include "cache/worth.h"
#include "mapped.h"

#define ONE STR("collections:{0x01}:stats")
#define TWO STR("collections:{0x02}:stats")

static struct worth_counts counts(size_t model)
{
	struct worth_counts ret;

	worth_count(map, model, &ret);
	return ret;
}

static void lives(uint32_t class, int read, int unread)
{
	for (int i = 0; i < unread; i++)
		worth_unread(map, class);
	for (int i = 0; i < read; i++)
		worth_read(map, class);
}

/* Of n fills these are written. */
static int written(uint32_t class, int n)
{
	int ret = 0;

	for (int i = 0; i < n; i++)
		ret += worth_writing(map, class);
	return ret;
}

START_TEST(what_nobody_has_seen_is_written)
{
	uint32_t class = worth_class(map, 3, ONE);

	ck_assert_int_eq(written(class, 100), 100);
	lives(class, 0, WORTH_LIVES - 1);
	ck_assert_int_eq(written(class, 100), 100);
	ck_assert_uint_eq(counts(3).churning, 0);
	ck_assert_uint_eq(counts(3).skipped, 0);
}
END_TEST

START_TEST(what_dies_unread_is_not_but_now_and_then)
{
	uint32_t class = worth_class(map, 3, ONE);

	lives(class, 0, WORTH_LIVES);
	ck_assert_uint_eq(counts(3).churning, 1);
	ck_assert_int_eq(written(class, 10 * WORTH_PROBE), 10);
	ck_assert_uint_eq(counts(3).skipped, 10 * (WORTH_PROBE - 1));
	/* Others are none of it. */
	ck_assert_int_eq(written(worth_class(map, 4, ONE), 10), 10);
	ck_assert_int_eq(written(worth_class(map, 3, TWO), 10), 10);
	ck_assert_uint_eq(counts(4).churning, 0);
}
END_TEST

/* Between twice as many unread and as many nothing changes, on either side. */
START_TEST(the_middle_keeps_its_state)
{
	uint32_t class = worth_class(map, 0, ONE);

	for (int i = 0; i < 1000; i++) {
		lives(class, 1, 1);
		lives(class, 2, 3);
	}
	ck_assert_uint_eq(counts(0).churning, 0);
	lives(class, 0, 200);
	ck_assert_uint_eq(counts(0).churning, 1);
	for (int i = 0; i < 1000; i++)
		lives(class, 2, 3);
	ck_assert_uint_eq(counts(0).churning, 1);
}
END_TEST

/* What was long ago fades: some tens of reads make it calm again. */
START_TEST(a_class_that_calms_down_is_written_again)
{
	uint32_t class = worth_class(map, 0, ONE);

	lives(class, 0, 100000);
	ck_assert_uint_eq(counts(0).churning, 1);
	lives(class, 128, 0);
	ck_assert_uint_eq(counts(0).churning, 0);
	ck_assert_int_eq(written(class, 10), 10);
}
END_TEST

START_TEST(keys_of_one_owner_are_one_class)
{
	ck_assert_uint_eq(worth_class(map, 5, STR("nfts:{0x01}:1")),
			  worth_class(map, 5, STR("nfts:{0x01}:2")));
	ck_assert_uint_ne(worth_class(map, 5, STR("nfts:{0x01}:1")),
			  worth_class(map, 6, STR("nfts:{0x01}:1")));
	/* Without an owner: the model itself. */
	ck_assert_uint_eq(worth_class(map, 5, STR("collections:list")), 5 * WORTH_OWNERS);
	ck_assert_uint_lt(worth_class(map, WORTH_MODELS - 1, ONE), WORTH_MODELS * WORTH_OWNERS);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { what_nobody_has_seen_is_written,
				 what_dies_unread_is_not_but_now_and_then,
				 the_middle_keeps_its_state,
				 a_class_that_calms_down_is_written_again,
				 keys_of_one_owner_are_one_class };

	tcase_add_checked_fixture(tc, map_up, map_down);
	for (size_t i = 0; i < COUNT_OF(tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
