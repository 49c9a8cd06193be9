/* The mapping: slots, epoch, floor, lease, and files that are not one. */
#include <fcntl.h>
#include <sys/stat.h>
#include "../suite.h"
#include "base/clock.h"
#include "cache/layout.h"
#include "mapped.h"

START_TEST(a_new_one_knows_nothing)
{
	ck_assert_uint_eq(map_epoch(map), 0);
	ck_assert_uint_eq(map_floor(map), 0);
	ck_assert(!map_lease_valid(map, clock_boot_ns()));
	ck_assert_uint_eq(map_xid(map, 5), 0);
	ck_assert_uint_eq(map_gen(map, 5), 0);
}
END_TEST

/* What is counted in one part is nobody else's bytes. */
START_TEST(its_parts_do_not_overlap)
{
	const struct map_shape *shape = &map->shape;
	const struct {
		uint64_t at, size;
	} parts[] = {
		{ 0, sizeof(struct map_head) },
		{ shape->slots_at, sizeof(struct tag_slot) * TAG_SLOTS },
		{ shape->flights_at, sizeof(struct flight) * FLIGHTS },
		{ shape->worth_at, sizeof(struct worth) },
		{ shape->shards_at, shape->shard_size * MAP_SHARDS },
		{ shape->size, 0 },
	};

	for (size_t i = 0; i + 1 < sizeof(parts) / sizeof(parts[0]); i++)
		ck_assert_msg(parts[i].at + parts[i].size <= parts[i + 1].at, "part %zu", i);
}
END_TEST

START_TEST(a_label_must_be_above_slot_and_floor)
{
	map_raise_xid(map, 5, 100);
	map_raise_xid(map, 5, 90);
	ck_assert_uint_eq(map_xid(map, 5), 100);
	ck_assert(!map_label_ok(map, 5, 100));
	ck_assert(map_label_ok(map, 5, 101));
	map_set_floor(map, 200);
	ck_assert(!map_label_ok(map, 5, 200));
	ck_assert(map_label_ok(map, 5, 201));
}
END_TEST

START_TEST(a_lease_only_grows_until_it_is_ended)
{
	map_extend_lease(map, 1000);
	map_extend_lease(map, 500);
	ck_assert(map_lease_valid(map, 999));
	ck_assert(!map_lease_valid(map, 1000));
	map_end_lease(map);
	ck_assert(!map_lease_valid(map, 1));
}
END_TEST

START_TEST(another_epoch_is_another_era)
{
	uint64_t era = map_era(map);

	map_set_epoch(map, 7);
	ck_assert_uint_gt(map_era(map), era);
	era = map_era(map);
	map_set_epoch(map, 7);
	ck_assert_uint_eq(map_era(map), era);
	map_set_epoch(map, 8);
	map_set_epoch(map, 7);
	ck_assert_uint_gt(map_era(map), era);
}
END_TEST

START_TEST(what_was_voided_meanwhile_stays_void)
{
	uint64_t era;

	map_set_epoch(map, 7);
	era = map_era(map);
	ck_assert(map_name_epoch(map, 7, era));
	map_see_epoch(map, 8);
	ck_assert_uint_eq(map_epoch(map), 0);
	ck_assert(!map_name_epoch(map, 7, era));
	ck_assert_uint_eq(map_epoch(map), 0);
	era = map_era(map);
	ck_assert_uint_eq(map_void(map), era); /* also when it is void already */
	ck_assert(!map_name_epoch(map, 8, era));
	ck_assert(map_name_epoch(map, 8, map_era(map)));
	ck_assert_uint_eq(map_epoch(map), 8);
	era = map_era(map);
	map_void(map);
	ck_assert(!map_name_epoch(map, 8, era));
}
END_TEST

/* Else relays would never come to an end while many write. */
START_TEST(an_epoch_voids_once)
{
	map_set_epoch(map, 7);
	map_see_epoch(map, 8);
	uint64_t era = map_era(map);
	map_see_epoch(map, 8);
	ck_assert_uint_eq(map_era(map), era);
	map_see_epoch(map, 9);
	ck_assert_uint_gt(map_era(map), era);
	map_set_epoch(map, 9);
	map_see_epoch(map, 0);
	ck_assert_uint_eq(map_epoch(map), 0);
}
END_TEST

START_TEST(another_file_is_refused)
{
	struct cache_map *other = NULL;
	const char *error = NULL;
	uint32_t layout = MAP_LAYOUT + 1;
	int fd;

	ck_assert_int_eq(cache_map_attach(tmp_path("nothing"), &other, &error), RC_UNAVAILABLE);
	tmp_write("short", "SMCACHE\n", 8);
	ck_assert_int_eq(cache_map_attach(tmp_path("short"), &other, &error), RC_CONFLICT);
	fd = open(tmp_path("cache"), O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, &layout, sizeof(layout), 8), sizeof(layout));
	ck_assert_int_eq(cache_map_attach(tmp_path("cache"), &other, &error), RC_CONFLICT);
	ck_assert_int_eq(ftruncate(fd, 8192), 0);
	layout = MAP_LAYOUT;
	ck_assert_int_eq(pwrite(fd, &layout, sizeof(layout), 8), sizeof(layout));
	ck_assert_int_eq(cache_map_attach(tmp_path("cache"), &other, &error), RC_CONFLICT);
	ck_assert_str_ne(error, "");
	close(fd);
}
END_TEST

START_TEST(a_damaged_head_is_mended_and_all_is_void)
{
	struct cache_map *late = NULL;
	const char *error;
	int64_t now_ns = clock_boot_ns();

	for (size_t bit = 0; bit < 8 * sizeof(struct map_shape); bit++) {
		map_set_epoch(map, 7);
		map_extend_lease(map, now_ns + LEASE_NS);
		ck_assert(!map_mend(map, now_ns));
		ck_assert_uint_eq(map_epoch(map), 7);
		((uint8_t *)map->head)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(cache_map_attach(tmp_path("cache"), &late, &error),
				 RC_CONFLICT);
		ck_assert(map_mend(map, now_ns));
		ck_assert_uint_eq(map_epoch(map), 0);
		ck_assert(!map_lease_valid(map, now_ns));
	}
	ck_assert_int_eq(cache_map_attach(tmp_path("cache"), &late, &error), RC_OK);
	cache_map_close(late);
}
END_TEST

START_TEST(eras_do_not_go_back)
{
	for (int i = 0; i < 9; i++) {
		map_set_epoch(map, 7);
		map_void(map);
	}
	map_set_epoch(map, 7);
	uint64_t era = map_era(map);
	atomic_store(&map->head->era, era ^ 16);
	ck_assert(map_mend(map, 0));
	ck_assert_uint_gt(map_era(map), era);
	ck_assert_uint_eq(map_epoch(map), 0);
	ck_assert(!map_mend(map, 0));
}
END_TEST

START_TEST(a_lease_of_far_ahead_is_none)
{
	map_set_epoch(map, 7);
	map_extend_lease(map, 5000 + LEASE_NS);
	ck_assert(!map_mend(map, 5000));
	map_extend_lease(map, INT64_C(1) << 60);
	ck_assert(map_mend(map, 5000));
	ck_assert(!map_lease_valid(map, 5000));
	ck_assert_uint_eq(map_epoch(map), 0);
}
END_TEST

START_TEST(a_new_one_replaces_the_old_for_newcomers)
{
	struct cache_map *old = map, *late = NULL;
	const char *error;

	map_set_epoch(old, 7);
	ck_assert_int_eq(cache_map_create(tmp_path("cache"), 16 << 20, &map, &error), RC_OK);
	ck_assert_int_eq(cache_map_attach(tmp_path("cache"), &late, &error), RC_OK);
	ck_assert_uint_eq(map_epoch(late), 0);
	ck_assert_uint_eq(map_epoch(old), 7);
	cache_map_close(late);
	cache_map_close(old);
}
END_TEST

START_TEST(only_its_owner_may_read_it)
{
	struct stat st;

	ck_assert_int_eq(stat(tmp_path("cache"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	struct cache_map *other = NULL;
	const char *error = NULL;

	ck_assert_int_eq(cache_map_create("/proc/none/cache", 16 << 20, &other, &error),
			 RC_UNAVAILABLE);
	ck_assert_ptr_nonnull(error);
	ck_assert_int_eq(cache_map_create(tmp_path("huge"), (size_t)1 << 55, &other, &error),
			 RC_UNAVAILABLE);
	ck_assert_ptr_null(other);
}
END_TEST

static void suite_add(TCase *tc)
{
	const TTest *tests[] = { a_new_one_knows_nothing,
				 its_parts_do_not_overlap,
				 a_label_must_be_above_slot_and_floor,
				 a_lease_only_grows_until_it_is_ended,
				 another_epoch_is_another_era,
				 what_was_voided_meanwhile_stays_void,
				 an_epoch_voids_once,
				 another_file_is_refused,
				 a_damaged_head_is_mended_and_all_is_void,
				 eras_do_not_go_back,
				 a_lease_of_far_ahead_is_none,
				 a_new_one_replaces_the_old_for_newcomers,
				 only_its_owner_may_read_it,
				 a_full_disk_is_told };

	tcase_add_checked_fixture(tc, map_up, map_down);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}
SUITE_OF(suite_add)
