/* The memory tier: what is put is what is got, within its bytes, whatever happens meanwhile. */
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include "../suite.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/scope.h"
#include "cache/flight.h"
#include "cache/layout.h"
#include "cache/turns.h"
#include "lib/child.h"
#include "mapped.h"

START_TEST(what_is_put_is_got)
{
	ck_assert_int_eq(got(1), 0);
	for (int n = 1; n <= 200; n++)
		ck_assert(put(n, (size_t)n * 37));
	for (int n = 1; n <= 200; n++)
		ck_assert_int_eq(got(n), 1);
	ck_assert_int_eq(got(201), 0);
}
END_TEST

START_TEST(the_later_one_counts)
{
	struct entry e = entry_made(1, 100);

	ck_assert(memory_put(map, &e));
	e = entry_made(2, 5000);
	e.key = key_of(1);
	ck_assert(memory_put(map, &e));
	ck_assert(memory_get(map, arena, key_of(1), &e));
	ck_assert(entry_is(&e, 2));
	memory_forget(map, key_of(1));
	ck_assert_int_eq(got(1), 0);
}
END_TEST

/* A copy that may be used for an hour, of a read begun at read_ns. */
static struct entry usable_made(int n, uint64_t label, int64_t read_ns)
{
	static const struct entry_tag tag = { .slot = 5, .gen = 0, .certain = 1 };
	struct entry e = entry_made(n, 50);

	e.key = key_of(0);
	e.tag = &tag;
	e.head.tags = 1;
	e.head.primary = read_ns != 0;
	e.head.label = label;
	e.head.read_ns = read_ns;
	e.head.epoch = map_epoch(map);
	e.head.era = map_era(map);
	e.head.expires_ns = clock_boot_ns() + INT64_C(3600000000000);
	return e;
}

static bool put_usable(int n, uint64_t label, int64_t read_ns)
{
	struct entry e = usable_made(n, label, read_ns);

	return memory_put(map, &e);
}

/* n: whose copy it is. */
static bool there_is(int n)
{
	struct entry e, want = entry_made(n, 50);

	return memory_get(map, arena, key_of(0), &e) && str_eq(e.body, want.body);
}

START_TEST(a_later_read_stays)
{
	map_set_epoch(map, 7);
	ck_assert(put_usable(1, 200, 1000));
	ck_assert(put_usable(2, 199, 1001)); /* an earlier label */
	ck_assert(there_is(1));
	ck_assert(put_usable(3, 200, 999)); /* somebody's transaction holds labels back */
	ck_assert(there_is(1));
	ck_assert(put_usable(4, 200, 0)); /* from Redis, or a replica */
	ck_assert(there_is(1));
	ck_assert(put_usable(5, 200, 1001));
	ck_assert(there_is(5));
	ck_assert(put_usable(6, 201, 900));
	ck_assert(there_is(6));
}
END_TEST

enum of_no_use {
	CHANGED,
	EXPIRED,
	ANOTHER_ERA,
	DAMAGED,
	WAYS
};

START_TEST(a_later_read_of_no_use_goes)
{
	struct entry e;

	map_set_epoch(map, 7);
	e = usable_made(1, 200, 1000);
	if (_i == EXPIRED)
		e.head.expires_ns = clock_boot_ns() - 1;
	ck_assert(memory_put(map, &e));
	if (_i == CHANGED) {
		map_raise_xid(map, 5, 200);
		map_raise_gen(map, 5);
	}
	if (_i == ANOTHER_ERA)
		map_set_epoch(map, 8);
	if (_i == DAMAGED) {
		struct shard *s = map_shard(map, map_key_hash(map, key_of(0)) % MAP_SHARDS);
		const struct ring *r = &s->ring[RING_PROBATION];
		uint64_t lap = map->shape.ring[RING_PROBATION].size;

		((uint8_t *)s)[map->shape.ring[RING_PROBATION].at +
			       atomic_load(&r->head) % lap - RECORD_ALIGN] ^= 1;
	}
	ck_assert(put_usable(2, 199, 999));
	ck_assert(there_is(2));
}
END_TEST

START_TEST(all_its_fields_come_back)
{
	struct entry_tag tags[] = { { 7, 8, 9, 1 }, { 17, 18, 19, 0 } };
	struct entry e = entry_made(3, 10), back;
	struct answer answer;

	e.head.tags = 2;
	e.tag = tags;
	e.head.epoch = 77;
	e.head.era = 5;
	e.head.gzip = 1;
	e.head.modified_us = 123456;
	e.head.expires_ns = 99;
	memcpy(e.head.etag, "\"abc\"", 6);
	ck_assert(memory_put(map, &e));
	ck_assert(memory_get(map, arena, key_of(3), &back));
	ck_assert_uint_eq(back.head.epoch, 77);
	ck_assert_uint_eq(back.head.era, 5);
	ck_assert_int_eq(back.head.expires_ns, 99);
	ck_assert_int_eq(memcmp(back.tag, tags, sizeof(tags)), 0);
	entry_answer(&back, &answer);
	ck_assert(answer.gzip);
	ck_assert_str_eq(answer.etag, "\"abc\"");
	ck_assert_int_eq(answer.modified_us, 123456);
	ck_assert_int_eq(answer.tier, TIER_HOT);
	ck_assert_str_eq(answer.content_type, "application/json");
}
END_TEST

START_TEST(too_large_is_refused)
{
	ck_assert(!put(1, ENTRY_MAX));
	ck_assert_int_eq(got(1), 0);
	ck_assert(put(1, 200 * 1024));
	ck_assert_int_eq(got(1), 1);
}
END_TEST

START_TEST(it_stays_within_its_bytes)
{
	struct memory_counts counts;

	for (int n = 0; n < 30000; n++) {
		ck_assert(put(n, 2000));
		arena_reset(arena);
	}
	memory_count(map, &counts);
	ck_assert_uint_le(counts.bytes, counts.capacity);
	ck_assert_uint_gt(counts.evictions, 20000);
	ck_assert_uint_gt(counts.entries, 1000);
	for (int n = 0; n < 30000; n++)
		ck_assert_int_ge(got(n), 0);
}
END_TEST

START_TEST(what_is_read_stays)
{
	for (int n = 0; n < 100; n++)
		put(n, 1000);
	for (int scan = 1000; scan < 60000; scan++) {
		put(scan, 1000);
		if (scan % 50 == 0)
			for (int n = 0; n < 100; n++)
				got(n);
		arena_reset(arena);
	}
	int there = 0;
	for (int n = 0; n < 100; n++)
		there += got(n);
	ck_assert_int_ge(there, 95);
}
END_TEST

START_TEST(clearing_empties_it)
{
	struct memory_counts counts;

	for (int n = 0; n < 100; n++)
		put(n, 100);
	memory_clear(map);
	memory_count(map, &counts);
	ck_assert_uint_eq(counts.entries, 0);
	for (int n = 0; n < 100; n++)
		ck_assert_int_eq(got(n), 0);
	ck_assert(put(1, 100));
	ck_assert_int_eq(got(1), 1);
}
END_TEST

START_TEST(another_process_sees_it)
{
	struct cache_map *own = map;
	const char *error;

	put(1, 500);
	ck_assert_int_eq(cache_map_attach(tmp_path("cache"), &map, &error), RC_OK);
	ck_assert_int_eq(got(1), 1);
	put(2, 500);
	cache_map_close(map);
	map = own;
	ck_assert_int_eq(got(2), 1);
}
END_TEST

/* Writers and readers of several processes on the same keys: never a wrong byte. */
START_TEST(processes_do_not_disturb_each_other)
{
	pid_t pids[4];

	for (int p = 0; p < 4; p++) {
		pids[p] = child_fork();
		if (pids[p] == 0) {
			for (int i = 0; i < 60000; i++) {
				int n = (i * (p + 3) + i / 7) % 3000;

				if (p < 2 ? !put(n, 500 + (size_t)(n % 40) * 100) : got(n) < 0)
					_exit(1);
				arena_reset(arena);
			}
			_exit(0);
		}
	}
	for (int p = 0; p < 4; p++) {
		int status;

		ck_assert_int_eq(waitpid(pids[p], &status, 0), pids[p]);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

START_TEST(who_dies_writing_leaves_an_empty_shard)
{
	struct memory_counts counts;

	for (int n = 0; n < 2000; n++)
		put(n, 1000);
	for (int round = 0; round < 30; round++) {
		pid_t pid = child_fork();

		if (pid == 0)
			for (int n = 0;; n++) {
				put(n % 5000, 3000);
				arena_reset(arena);
			}
		struct timespec moment = { 0, 1000000 + round * 100000 };
		nanosleep(&moment, NULL); /* no condition: any moment is as good */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		for (int n = 0; n < 5000; n++)
			ck_assert_int_ge(got(n), 0);
		ck_assert(put(7, 100));
		ck_assert_int_eq(got(7), 1);
		arena_reset(arena);
	}
	/* And for certain: a holder that dies while it holds. */
	pid_t pid = child_fork();
	if (pid == 0) {
		for (uint32_t i = 0; i < MAP_SHARDS; i++)
			pthread_mutex_lock(&map_shard(map, i)->lock);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ck_assert(put(1, 100));
	ck_assert_int_eq(got(1), 1);
	memory_count(map, &counts);
	ck_assert_uint_ge(counts.cleared, 1);
}
END_TEST

/* A bit that turns over makes a miss, never a crash and never another answer. */
START_TEST(turned_bits_are_misses)
{
	uint64_t seed = 0;
	int misses = 0;

	for (int round = 0; round < 60; round++) {
		struct shard *s;

		memory_clear(map);
		for (int n = 0; n < 300; n++)
			put(n, 700);
		for (int flip = 0; flip < 400; flip++) {
			hash_random(&seed, sizeof(seed));
			s = map_shard(map, seed % MAP_SHARDS);
			uint64_t from = map->shape.buckets_at,
				 to = map->shape.ring[RING_MAIN].at +
				      map->shape.ring[RING_MAIN].size;
			uint64_t used = map->shape.ring[RING_PROBATION].at +
					atomic_load(&s->ring[RING_PROBATION].head) %
						map->shape.ring[RING_PROBATION].size;
			if (flip % 2)
				to = used;
			if (flip % 4 == 1)
				from = map->shape.ring[RING_PROBATION].at;
			if (to <= from)
				continue;
			((uint8_t *)s)[from + (seed >> 8) % (to - from)] ^=
				(uint8_t)(1 << (seed >> 5 & 7));
		}
		for (int n = 0; n < 300; n++) {
			int there = got(n);

			ck_assert_int_ge(there, 0);
			misses += !there;
		}
		for (int n = 0; n < 3000; n++)
			put(n, 700);
		for (int n = 0; n < 3000; n++)
			ck_assert_int_ge(got(n), 0);
		arena_reset(arena);
	}
	ck_assert_int_gt(misses, 0);
}
END_TEST

static void turn_bit(void *bytes, size_t bit)
{
	((uint8_t *)bytes)[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static bool is_none(const void *ctx, struct str key)
{
	(void)ctx;
	(void)key;
	return false;
}

/* Everything that reads or writes the mapping: no wrong answer, nothing beside it. */
static void use_all(int from)
{
	struct memory_counts counts;

	for (int n = from; n < from + 60; n++)
		ck_assert_int_ge(got(n), 0);
	for (int n = from; n < from + 60; n++)
		put(n, 400);
	for (int n = from; n < from + 60; n++)
		ck_assert_int_ge(got(n), 0);
	memory_sweep(map, (uint32_t)from % memory_parts(map), is_none, NULL);
	memory_count(map, &counts);
	arena_reset(arena);
}

/* Of what lies before index and rings but the mutex, every bit. */
START_TEST(turned_bits_of_a_shards_head_are_misses)
{
	size_t from = 8 * offsetof(struct shard, ring), to = 8 * sizeof(struct shard);

	for (size_t bit = from; bit < to; bit++) {
		put(0, 100);
		for (uint32_t i = 0; i < MAP_SHARDS; i++)
			turn_bit(map_shard(map, i), bit);
		use_all((int)(bit * 20));
		/* No shard is of less use afterwards. */
		for (int n = 0; n < 60; n++)
			put(n, 400);
		for (int n = 0; n < 60; n++)
			ck_assert_int_eq(got(n), 1);
		arena_reset(arena);
	}
}
END_TEST

START_TEST(turned_bits_of_the_mappings_head_are_misses)
{
	for (size_t bit = 0; bit < 8 * sizeof(struct map_head); bit++) {
		put(0, 100);
		turn_bit(map->head, bit);
		ck_assert_int_eq(got(0), 1); /* nothing of it says where it lies */
		if (bit % 16 == 0)
			use_all((int)bit);
		if (flight_begin(map, bit, false) == FLIGHT_MINE)
			flight_end(map, bit);
		turn_end(map, turn_begin(map, 2, 0));
		arena_reset(arena);
	}
}
END_TEST

/* What the oldest record of each shard says of its own size, and of its entry's: bytes 16 … 24.
 */
static void say_of_oldest(uint32_t size, uint32_t entry)
{
	for (uint32_t i = 0; i < MAP_SHARDS; i++) {
		struct shard *s = map_shard(map, i);
		const struct ring *r = &s->ring[RING_PROBATION];
		uint8_t *record = (uint8_t *)s + map->shape.ring[RING_PROBATION].at +
				  atomic_load(&r->tail) % map->shape.ring[RING_PROBATION].size;

		if (size)
			memcpy(record + 16, &size, sizeof(size));
		if (entry)
			memcpy(record + 20, &entry, sizeof(entry));
	}
}

START_TEST(a_record_that_lies_about_its_size_is_damage)
{
	static const struct {
		uint32_t size, entry;
	} lies[] = { { 0, UINT32_C(1) << 31 }, { 0, 1024 }, { 1 << 20, 0 }, { 63, 0 } };

	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		struct memory_counts before, after;

		memory_clear(map);
		for (int n = 0; n < 300; n++)
			put(n, 700);
		memory_count(map, &before);
		say_of_oldest(lies[i].size, lies[i].entry);
		for (int n = 300; n < 3000; n++)
			put(n, 700);
		memory_count(map, &after);
		ck_assert_uint_eq(after.cleared - before.cleared, MAP_SHARDS);
		for (int n = 0; n < 3000; n++)
			ck_assert_int_ge(got(n), 0);
		arena_reset(arena);
	}
}
END_TEST

/* Nor may it reach over the end of its ring, were it to where another one begins. */
START_TEST(a_record_beyond_its_ring_is_damage)
{
	struct shard *s = map_shard(map, 0);
	const struct ring *r = &s->ring[RING_PROBATION];
	uint8_t *ring = (uint8_t *)s + map->shape.ring[RING_PROBATION].at;
	uint64_t lap = map->shape.ring[RING_PROBATION].size;
	struct memory_counts counts;
	uint64_t left;
	uint32_t size;
	int n = 0;

	do {
		ck_assert(put(n++, 700));
		ck_assert_int_lt(n, 100000);
		left = lap - atomic_load(&r->tail) % lap;
	} while (left > 4096 || atomic_load(&r->tail) == 0);
	memcpy(&size, ring + 16, sizeof(size)); /* of the first one of the next lap */
	size += (uint32_t)left;
	memcpy(ring + lap - left + 16, &size, sizeof(size));
	for (int more = 0; more < 300; more++)
		ck_assert(put(n++, 700));
	memory_count(map, &counts);
	ck_assert_uint_eq(counts.cleared, 1);
}
END_TEST

/* --- hit ratio against an exact LRU of the same bytes
 * ------------------------------------------- */

enum {
	KEYS = 40000,
	BODY = 1000
};
static double cumulative[KEYS];

static int zipf(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	double at = (double)(*state >> 11) / 9007199254740992.0 * cumulative[KEYS - 1];
	int low = 0, high = KEYS - 1;

	while (low < high) {
		int mid = (low + high) / 2;

		if (cumulative[mid] < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct {
	int older, newer;
	bool in;
} lru[KEYS * 3];
static int lru_newest = -1, lru_oldest = -1, lru_count;

static void lru_take(int n)
{
	if (lru[n].older >= 0)
		lru[lru[n].older].newer = lru[n].newer;
	else
		lru_oldest = lru[n].newer;
	if (lru[n].newer >= 0)
		lru[lru[n].newer].older = lru[n].older;
	else
		lru_newest = lru[n].older;
}

static bool lru_touch(int n, int capacity)
{
	bool hit = lru[n].in;

	if (hit)
		lru_take(n);
	else if (lru_count == capacity) {
		lru[lru_oldest].in = false;
		lru_take(lru_oldest);
	} else {
		lru_count++;
	}
	lru[n].in = true;
	lru[n].older = lru_newest;
	lru[n].newer = -1;
	if (lru_newest >= 0)
		lru[lru_newest].newer = n;
	else
		lru_oldest = n;
	lru_newest = n;
	return hit;
}

/* Zipf(0.9) with a scan of keys that nobody asks for again running through it. */
START_TEST(hits_are_not_fewer_than_of_an_lru)
{
	struct memory_counts counts;
	uint64_t state = 42;
	int ours = 0, theirs = 0, asked = 0, scanned = KEYS;

	memory_count(map, &counts);
	int capacity = (int)(counts.capacity / (BODY + sizeof(struct entry_head) + 20));
	for (int i = 0; i < KEYS; i++)
		cumulative[i] = (i ? cumulative[i - 1] : 0) + pow(i + 1, -0.9);
	for (int i = 0; i < 400000; i++) {
		bool scan = i % 4 == 3;
		int n = scan ? scanned++ % (KEYS * 2) + KEYS : zipf(&state);
		bool hit = got(n) == 1;

		if (n >= KEYS * 3)
			scanned = KEYS;
		if (!hit)
			put(n, BODY);
		if (!scan && i > 100000) {
			asked++;
			ours += hit;
			theirs += lru_touch(n, capacity);
		} else {
			lru_touch(n, capacity);
		}
		arena_reset(arena);
	}
	printf("hit ratio of %d keys in %d places: %.4f, LRU %.4f\n", KEYS, capacity,
	       (double)ours / asked, (double)theirs / asked);
	ck_assert_int_ge(ours, theirs);
}
END_TEST

static void suite_add(TCase *tc)
{
	const TTest *tests[] = { what_is_put_is_got,
				 the_later_one_counts,
				 a_later_read_stays,
				 all_its_fields_come_back,
				 too_large_is_refused,
				 it_stays_within_its_bytes,
				 what_is_read_stays,
				 clearing_empties_it,
				 another_process_sees_it,
				 processes_do_not_disturb_each_other,
				 who_dies_writing_leaves_an_empty_shard,
				 turned_bits_are_misses,
				 turned_bits_of_a_shards_head_are_misses,
				 turned_bits_of_the_mappings_head_are_misses,
				 a_record_that_lies_about_its_size_is_damage,
				 a_record_beyond_its_ring_is_damage,
				 hits_are_not_fewer_than_of_an_lru };

	tcase_add_checked_fixture(tc, map_up, map_down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(tc, a_later_read_of_no_use_goes, 0, WAYS);
}
SUITE_OF(suite_add)
