#include "cache/redis_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/redis_key.h"

#define NS_PER_MS INT64_C(1000000)
#define INV_KEYS  8 /* marks asked for with a copy */

/* KEYS: the copy; ARGV: value, milliseconds, "1": whatever is there now. */
#define FILL                                                                                   \
	"local old = redis.pcall('GETRANGE', KEYS[1], 0, 31)\n"                                \
	"if ARGV[3] ~= '1' and type(old) == 'string' and #old == 32\n"                         \
	"   and string.sub(old, 1, 16) == string.sub(ARGV[1], 1, 16)\n"                        \
	"   and string.sub(old, 17) > string.sub(ARGV[1], 17, 32) then\n"                      \
	"	return 0\n"                                                                          \
	"end\n"                                                                                \
	"redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"                                 \
	"return 1\n"

struct redis_tier *redis_tier_new(const struct cache_options *options, struct cache_map *map,
				  struct redis *redis)
{
	struct redis_tier *tier = mem_alloc(sizeof(*tier));
	char *channel;

	tier->options = options;
	tier->map = map;
	tier->redis = redis;
	tier->prefix = str_of(options->redis_prefix);
	channel = mem_alloc(tier->prefix.len + sizeof(":events"));
	snprintf(channel, tier->prefix.len + sizeof(":events"), "%s:events",
		 options->redis_prefix);
	tier->channel = str_of(channel);
	redis_script_init(&tier->fill, STR(FILL));
	redis_forget_init(tier);
	return tier;
}

void redis_tier_free(struct redis_tier *tier)
{
	if (!tier)
		return;
	free((char *)(uintptr_t)tier->channel.ptr);
	free(tier);
}

struct str redis_tier_prefix(const struct redis_tier *tier)
{
	return tier->prefix;
}

struct str redis_tier_channel(const struct redis_tier *tier)
{
	return tier ? tier->channel : STR_NONE;
}

struct str redis_number(struct arena *arena, int64_t n)
{
	return arena_printf(arena, "%" PRId64, n);
}

bool redis_tier_run(struct redis_tier *tier, struct arena *arena,
		    const struct redis_command *commands, size_t n, struct redis_reply *ret)
{
	int64_t start_ns = clock_mono_ns();
	bool good = redis_run(tier->redis, arena, commands, n, ret) == RC_OK;

	if (!good && redis_skipped(tier->redis)) {
		metric_add(COUNTER_cache_redis_skipped, 1);
		return false;
	}
	metric_time(HISTOGRAM_cache_redis_seconds, clock_mono_ns() - start_ns);
	for (size_t i = 0; i < n && good; i++)
		good = ret[i].kind != REDIS_ERROR;
	if (!good)
		metric_add(COUNTER_cache_redis_errors, 1);
	return good;
}

/* --- reading ------------------------------------------------------------------------------ */

/* A mark of the same history that is not older than the copy.  What is no mark says nothing. */
static bool is_marked(const struct redis_reply *marks, size_t n, struct str value)
{
	for (size_t i = 0; i < n; i++)
		if (marks[i].kind == REDIS_BULK && marks[i].text.len == STAMP &&
		    memcmp(marks[i].text.ptr, value.ptr, STAMP_EPOCH) == 0 &&
		    memcmp(marks[i].text.ptr, value.ptr, STAMP) >= 0)
			return true;
	return false;
}

static size_t write_mget(const struct redis_tier *tier, struct arena *arena, struct str key,
			 const struct tag_list *tags, struct str ret[2 + INV_KEYS])
{
	struct str braces = redis_key_braces(key);
	size_t n = 0;

	ret[n++] = STR("MGET");
	ret[n++] = redis_key_copy(arena, tier->prefix, key);
	for (uint32_t i = 0; braces.ptr && i < tags->n && i < INV_KEYS; i++)
		ret[n++] = redis_key_inv(arena, tier->prefix, braces, tags->tag[i].hash);
	return n;
}

static bool use(struct redis_tier *tier, struct arena *arena, struct str key, uint64_t era,
		const struct redis_reply *reply, struct entry *ret)
{
	struct str value = reply->item[0].text;
	struct entry e;
	int64_t ttl_ms;

	if (!travel_read(value, key, &e)) {
		tier->damaged = map_key_hash(tier->map, key);
		return false;
	}
	ttl_ms = cache_ttl_ms(tier->options, (enum tier)e.head.tier, (enum rc)e.head.rc);
	if (!travel_arrive(tier->map, arena, era, ttl_ms, ttl_ms, &e) ||
	    !travel_valid(tier->map, &e) || is_marked(reply->item + 1, reply->items - 1, value))
		return false;
	*ret = e;
	return true;
}

bool redis_tier_get(struct redis_tier *tier, struct arena *arena, struct str key,
		    const struct tag_list *tags, struct entry *ret)
{
	struct str words[2 + INV_KEYS];
	struct redis_command mget = { .word = words };
	struct redis_reply reply;

	if (!tier)
		return false;
	uint64_t era = map_era(tier->map);
	mget.words = write_mget(tier, arena, key, tags, words);
	if (!redis_tier_run(tier, arena, &mget, 1, &reply))
		return false;
	if (reply.kind != REDIS_ARRAY || reply.items != mget.words - 1) {
		metric_add(COUNTER_cache_redis_errors, 1);
		return false;
	}
	if (reply.item[0].kind != REDIS_BULK) {
		metric_add(COUNTER_cache_redis_misses, 1);
		return false;
	}
	bool good = use(tier, arena, key, era, &reply, ret);
	metric_add(good ? COUNTER_cache_redis_hits : COUNTER_cache_redis_rejected, 1);
	return good;
}

/* --- writing ------------------------------------------------------------------------------ */

void redis_tier_put(struct redis_tier *tier, struct arena *arena, const struct entry *e,
		    int64_t ttl_ms)
{
	struct redis_reply reply;

	/* Nobody could use it: V2 is this machine's own. */
	if (!tier || entry_size(e) > ENTRY_MAX || !travel_valid(tier->map, e))
		return;
	bool damaged = tier->damaged && tier->damaged == map_key_hash(tier->map, e->key);
	struct str words[] = {
		redis_key_copy(arena, tier->prefix, e->key),
		travel_write(arena, e),
		redis_number(arena, ttl_ms),
		damaged ? STR("1") : STR("0"),
	};
	struct redis_command fill = {
		.script = &tier->fill, .keys = 1, .word = words, .words = COUNT_OF(words)
	};
	if (redis_tier_run(tier, arena, &fill, 1, &reply) && damaged)
		tier->damaged = 0;
}
