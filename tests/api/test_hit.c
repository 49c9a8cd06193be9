/* What a hit costs in memory: nothing from the heap.  (libfcgi's own is not in here.) */
#include "suite.h"
#include <stdio.h>
#include "api/ask.h"
#include "base/arena.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "cache/mapped.h"
#include "lib/live_pg.h"
#include "net/epoch.h"
#include "net/pg.h"

#define HITS 1000

static unsigned long allocations;

/* The sanitizers have an allocator of their own. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTED 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}
#else
#define COUNTED 0
#endif

static const struct cache_options options = {
	.memory_on = true,
	.ttl_ms = { 0, 600000, 600000, 600000 },
	.negative_ttl_ms = 600000,
	.pack_above = 256,
};
static struct env *env;

static void up(void)
{
	cache_epoch epoch;

	map_up();
	env = new_env();
	cache_free(env->cache);
	env->cache = cache_new(&options, map, env->pg);
	ck_assert_int_eq(epoch_read(env->pg, &epoch), RC_OK);
	map_set_epoch(map, epoch);
	cache_connected(env->cache, epoch);
	map_extend_lease(map, clock_boot_ns() + INT64_C(600000000000));
}

static void down(void)
{
	free_env(env);
	map_down();
}

static bool from_memory(const struct ask *what)
{
	struct reply r = ask(env, what);
	struct str where = header(&r, "Cache-Status");
	bool yes = str_eqz(where, "such-market; hit; detail=memory");

	arena_reset(env->arena);
	return yes;
}

/* The first one reads the database, and what libpq takes shows that the counter counts. */
static void ck_no_heap(const struct ask *what, int status)
{
	unsigned long before = allocations;

	ask(env, what);
	arena_reset(env->arena); /* now it is kept */
	ck_assert_uint_gt(allocations, before);
	ask(env, what);
	arena_reset(env->arena);
	before = allocations;
	for (int i = 0; i < HITS; i++) {
		struct reply r = ask(env, what);

		if (r.status != status)
			ck_abort_msg("%s: %d", what->path, r.status);
		arena_reset(env->arena);
	}
	ck_assert_uint_eq(allocations, before);
}

START_TEST(test_hits_take_nothing_from_the_heap)
{
	struct ask token = { .path = ALPHA_PATH "/nfts/7" };
	struct ask page = { .path = ALPHA_PATH "/nfts", .query = "pageSize=100" };
	struct ask owner = { .path = ALPHA_PATH "/nfts/7/owner" };
	struct ask traits = { .path = ALPHA_PATH "/traits" };
	struct ask absent = { .path = ALPHA_PATH "/nfts/999999" };

	ck_no_heap(&token, 200);
	ck_no_heap(&page, 200);
	ck_no_heap(&owner, 200);
	ck_no_heap(&traits, 200);
	ck_no_heap(&absent, 404);
	ck_assert(from_memory(&token));
	ck_assert(from_memory(&page));
	ck_assert(from_memory(&owner));
	ck_assert(from_memory(&traits));
}
END_TEST

static void suite_add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, world_start, world_done);
	tcase_add_checked_fixture(tc, up, down);
	if (COUNTED)
		tcase_add_test(tc, test_hits_take_nothing_from_the_heap);
}

SUITE_OF(suite_add)
