/* Trait filters as parameters of statements. */
#include "suite.h"
#include "base/arena.h"
#include "model/traitset.h"

static const struct nft_trait traits[] = {
	{ STR("Hat"), STR("a") },
	{ STR("Eyes"), STR("b") },
	{ STR("Hat"), STR("c") },
	{ STR("Fur"), STR("d") },
};

START_TEST(test_groups)
{
	struct arena *arena = arena_new(65536);
	struct trait_set set;

	trait_set_init(&set, arena, traits, 4);
	ck_assert_int_eq(set.count, 3);
	trait_set_add(&set, 0, 10, 100);
	trait_set_add(&set, 1, 20, 50);
	trait_set_add(&set, 2, 30, 5);
	trait_set_add(&set, 2, 31, 1); /* the same value as a number and as a string */
	trait_set_add(&set, 3, 40, 70);
	trait_set_done(&set);
	ck_assert_int_eq(set.rarest, 1);
	ck_assert_int_eq(trait_set_least(&set), 50);
	ck_assert_str_eq(trait_set_ids(&set, 0), "{10,30,31}");
	ck_assert_str_eq(trait_set_ids(&set, 0), "{10,30,31}");
	trait_set_probe(&set, set.rarest);
	ck_assert_str_eq(set.ids, "{10,30,31,40}");
	ck_assert_str_eq(set.first, "{1,4}");
	ck_assert_str_eq(set.last, "{3,4}");
	trait_set_probe(&set, -1);
	ck_assert_str_eq(set.ids, "{10,30,31,20,40}");
	ck_assert_str_eq(set.first, "{1,4,5}");
	ck_assert_str_eq(set.last, "{3,4,5}");
	ck_assert(!trait_set_is_one_value(&set));
	arena_free(arena);
}
END_TEST

START_TEST(test_none_and_one)
{
	struct arena *arena = arena_new(65536);
	struct trait_set set;

	trait_set_init(&set, arena, NULL, 0);
	trait_set_done(&set);
	trait_set_probe(&set, -1);
	ck_assert_int_eq(trait_set_least(&set), INT64_MAX);
	ck_assert_str_eq(set.ids, "{}");
	ck_assert_str_eq(set.first, "{}");

	trait_set_init(&set, arena, traits, 2);
	trait_set_add(&set, 0, 10, 100);
	trait_set_done(&set); /* the second does not occur */
	ck_assert_int_eq(trait_set_least(&set), 0);

	trait_set_init(&set, arena, traits, 1);
	trait_set_add(&set, 0, 10, 100);
	trait_set_done(&set);
	ck_assert(trait_set_is_one_value(&set));
	trait_set_probe(&set, 0);
	ck_assert_str_eq(set.ids, "{}");
	arena_free(arena);
}
END_TEST

SUITE(test_groups, test_none_and_one)
