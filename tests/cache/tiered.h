/* A tier of this test's own on a live server, and copies to put into it. */
#ifndef TESTS_CACHE_TIERED_H
#define TESTS_CACHE_TIERED_H

#include <signal.h>
#include "base/clock.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/redis_key.h"
#include "cache/redis_tier.h"
#include "lib/live_redis.h"
#include "mapped.h"
#include "net/redis.h"

#define MS    INT64_C(1000000)
#define EPOCH UINT64_C(0x1122334455667788)
#define STAMP 32
#define AA    "0x00000000000000000000000000000000000000aa"
#define TEXT(z)                                                                                \
	{                                                                                      \
		"" z, sizeof(z) - 1                                                            \
	}

static struct redis_options wire = { .connect_ms = 2000, .budget_ms = 2000 };
static const struct cache_options options = {
	.memory_on = true,
	.ttl_ms = { 0, 300000, 1800000, 86400000 },
	.negative_ttl_ms = 30000,
	.pack_above = 1024,
	.redis_prefix = "such-market",
};
static const struct str key = TEXT("collections:{" AA "}:metadata");
static const struct address aa = { { [19] = 0xaa } };
static const struct str tag_texts[] = { TEXT("c:" AA), TEXT("h:" AA) };

static struct metric_cells cells;
static struct redis *redis;
static struct redis_tier *tier;
static struct tag_list tags;

/* --- helpers ------------------------------------------------------------------------------ */

static inline struct redis_reply ask_words(const struct str *words, size_t n)
{
	struct redis_command command = { .word = words, .words = n };
	struct redis_reply reply;
	enum rc rc = redis_run(redis, arena, &command, 1, &reply);

	ck_assert_msg(rc == RC_OK, "%s", redis_error(redis));
	return reply;
}
#define ask(...)                                                                               \
	ask_words((struct str[]){ __VA_ARGS__ },                                               \
		  sizeof((struct str[]){ __VA_ARGS__ }) / sizeof(struct str))

static inline struct str name_of(const char *text)
{
	return arena_printf(arena, "such-market:%s", text);
}

static inline void up(void)
{
	map_up();
	map_set_epoch(map, EPOCH);
	map_extend_lease(map, INT64_MAX);
	metric_attach(&cells);
	cells = (struct metric_cells){ 0 };
	wire.url = live_redis_url();
	redis = redis_new(&wire);
	tier = redis_tier_new(&options, map, redis);
	ask(STR("FLUSHALL"));
	tags_init(&tags, map);
	tags_add(&tags, TAG_COLLECTION, &aa, STR_NONE);
	tags_add(&tags, TAG_HOLDERS, &aa, STR_NONE);
}

static inline void down(void)
{
	redis_tier_free(tier);
	redis_free(redis);
	metric_attach(NULL);
	map_down();
}

static inline struct entry made(uint64_t label, const char *body)
{
	struct entry_tag *t = arena_zalloc(arena, 2 * sizeof(*t));

	for (uint32_t i = 0; i < 2; i++)
		t[i] = (struct entry_tag){ tags.tag[i].hash, 77, tags.tag[i].slot, 1 };
	return (struct entry){
		.head = { .rc = RC_OK,
			  .tier = TIER_WARM,
			  .tags = 2,
			  .label = label,
			  .epoch = EPOCH,
			  .era = 99,
			  .primary = 1,
			  .expires_ns = 12345,
			  .made_us = clock_wall_us(),
			  .etag = "\"x\"" },
		.tag = t,
		.key = key,
		.body = str_of(body),
	};
}

static inline void put_label(uint64_t label, const char *body)
{
	struct entry e = made(label, body);

	redis_tier_put(tier, arena, &e, options.ttl_ms[TIER_WARM]);
}

static inline bool get_is(const char *body)
{
	struct entry e;

	return redis_tier_get(tier, arena, key, &tags, &e) && str_eqz(e.body, body);
}

static inline bool get_any(void)
{
	struct entry e;

	return redis_tier_get(tier, arena, key, &tags, &e);
}

static inline struct str raw(void)
{
	struct redis_reply reply =
		ask(STR("GET"), redis_key_copy(arena, STR("such-market"), key));

	ck_assert_int_eq(reply.kind, REDIS_BULK);
	return reply.text;
}

static inline void set_raw(struct str value)
{
	ask(STR("SET"), redis_key_copy(arena, STR("such-market"), key), value);
}

static inline uint64_t count(enum counter c)
{
	return cells.counter[c];
}

static inline void start(void)
{
	signal(SIGPIPE, SIG_IGN);
	live_redis_start();
}

static inline void tier_suite(TCase *tc, const TTest *const *tests, size_t n)
{
	tcase_add_unchecked_fixture(tc, start, live_redis_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tc, tests[i]);
}

#endif
