/* Tags: their texts, and what is known of them before and after a read. */
#include "../suite.h"
#include "cache/tag.h"
#include "mapped.h"

static struct address a;
static struct tag_list list;

static void up(void)
{
	map_up();
	ck_assert_int_eq(address_read(STR("0xAbcdef0123456789abcdef0123456789abcdef01"), &a),
			 RC_OK);
}

static const char *text(enum tag_kind kind, const struct address *address, struct str rest)
{
	static char ret[TAG_TEXT_MAX];

	ret[tag_write(kind, address, rest, ret)] = '\0';
	return ret;
}

START_TEST(texts_are_those_of_the_outbox)
{
	ck_assert_str_eq(text(TAG_COLLECTION, &a, STR_NONE),
			 "c:0xabcdef0123456789abcdef0123456789abcdef01");
	ck_assert_str_eq(text(TAG_TOKEN, &a, STR("17")),
			 "t:0xabcdef0123456789abcdef0123456789abcdef01:17");
	ck_assert_str_eq(text(TAG_USER, NULL, STR("3")), "u:3");
	ck_assert_str_eq(text(TAG_LIST, NULL, STR_NONE), "list");
	ck_assert_str_eq(text(TAG_KEYS, NULL, STR_NONE), "k");
	ck_assert_str_eq(text(TAG_ALL_WALLETS, NULL, STR_NONE), "o:*");
}
END_TEST

START_TEST(doubles_are_dropped)
{
	tags_init(&list, map);
	tags_add(&list, TAG_LIST, NULL, STR_NONE);
	tags_add(&list, TAG_LIST, NULL, STR_NONE);
	tags_add(&list, TAG_KEYS, NULL, STR_NONE);
	ck_assert_uint_eq(list.n, 2);
}
END_TEST

START_TEST(a_declared_tag_is_certain_whatever_is_written)
{
	tags_init(&list, map);
	map_count_write(map);
	tags_add(&list, TAG_LIST, NULL, STR_NONE);
	ck_assert(list.tag[0].certain);
}
END_TEST

START_TEST(a_found_tag_is_certain_only_if_nothing_was_written)
{
	tags_init(&list, map);
	tags_reading(&list);
	tags_add(&list, TAG_LIST, NULL, STR_NONE);
	map_count_write(map);
	tags_add(&list, TAG_KEYS, NULL, STR_NONE);
	ck_assert(list.tag[0].certain);
	ck_assert(!list.tag[1].certain);
}
END_TEST

START_TEST(gens_are_those_of_the_moment)
{
	uint64_t hash = tag_hash(STR("list"));

	map_raise_gen(map, map_slot_of(map, hash));
	tags_init(&list, map);
	tags_add(&list, TAG_LIST, NULL, STR_NONE);
	ck_assert_uint_eq(list.tag[0].hash, hash);
	ck_assert_uint_eq(list.tag[0].gen, 1);
}
END_TEST

START_TEST(too_many_are_told)
{
	tags_init(&list, map);
	for (int i = 0; i <= TAGS_MAX; i++)
		tags_add(&list, TAG_USER, NULL, arena_printf(arena, "%d", i));
	ck_assert(list.overflow);
	ck_assert_uint_eq(list.n, TAGS_MAX);
}
END_TEST

START_TEST(without_a_mapping_nothing_happens)
{
	tags_init(&list, NULL);
	tags_add(&list, TAG_LIST, NULL, STR_NONE);
	tags_add(NULL, TAG_LIST, NULL, STR_NONE);
	ck_assert_uint_eq(list.n, 0);
}
END_TEST

static void suite_add(TCase *tc)
{
	const TTest *tests[] = { texts_are_those_of_the_outbox,
				 doubles_are_dropped,
				 a_declared_tag_is_certain_whatever_is_written,
				 a_found_tag_is_certain_only_if_nothing_was_written,
				 gens_are_those_of_the_moment,
				 too_many_are_told,
				 without_a_mapping_nothing_happens };

	tcase_add_checked_fixture(tc, up, map_down);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}
SUITE_OF(suite_add)
