#include "cache/redis_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/mutation.h"
#include "cache/redis_key.h"

#define NS_PER_MS INT64_C(1000000)

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

static size_t add_names(const struct redis_tier *tier, struct arena *arena,
			const struct redis_wish *wish, struct str *ret)
{
	struct str braces = redis_key_braces(wish->key);

	ret[0] = redis_key_copy(arena, tier->prefix, wish->key);
	for (size_t i = 0; i < wish->marks; i++)
		ret[1 + i] = redis_key_inv(arena, tier->prefix, braces, wish->mark[i]);
	return 1 + wish->marks;
}

static bool is_good(const struct redis_tier *tier, const struct redis_reply *marks, size_t n,
		    struct str value, const struct entry *e)
{
	if (MUTATED(redis_unchecked))
		return true;
	return (MUTATED(redis_inv_only) || travel_valid(tier->map, e)) &&
	       !is_marked(marks, n, value);
}

static enum redis_found use(struct redis_tier *tier, struct arena *arena, uint64_t era,
			    const struct redis_reply *item, struct redis_wish *wish)
{
	struct str value = item->text;
	struct entry *e = &wish->copy;
	int64_t ttl_ms;

	if (!travel_read(value, wish->key, e)) {
		tier->damaged = map_key_hash(tier->map, wish->key);
		return REDIS_UNKNOWN;
	}
	ttl_ms = cache_ttl_ms(tier->options, (enum tier)e->head.tier, (enum rc)e->head.rc);
	if (!travel_arrive(tier->map, arena, era, ttl_ms, ttl_ms, e) ||
	    !is_good(tier, item + 1, wish->marks, value, e))
		return REDIS_LACKS;
	return REDIS_HAS;
}

/* item: the copy, and its marks. */
static void judge(struct redis_tier *tier, struct arena *arena, uint64_t era,
		  const struct redis_reply *item, struct redis_wish *wish)
{
	if (item->kind != REDIS_BULK) {
		metric_add(COUNTER_cache_redis_misses, 1);
		wish->found = REDIS_LACKS;
		return;
	}
	wish->found = use(tier, arena, era, item, wish);
	metric_add(wish->found == REDIS_HAS ? COUNTER_cache_redis_hits
					    : COUNTER_cache_redis_rejected,
		   1);
}

void redis_wish_for(struct redis_wish *wish, struct str key, const struct tag_list *tags)
{
	wish->key = key;
	wish->marks = 0;
	wish->found = REDIS_UNKNOWN;
	for (uint32_t i = 0; redis_key_braces(key).ptr && i < tags->n && i < REDIS_MARKS_MAX;
	     i++)
		wish->mark[wish->marks++] = tags->tag[i].hash;
}

void redis_tier_get_all(struct redis_tier *tier, struct arena *arena, struct redis_wish *wish,
			size_t n)
{
	struct str *words =
		arena_alloc(arena, (1 + n * (1 + REDIS_MARKS_MAX)) * sizeof(*words));
	struct redis_command mget = { .word = words, .words = 1 };
	struct redis_reply reply;

	if (!tier || n == 0)
		return;
	uint64_t era = map_era(tier->map);
	words[0] = STR("MGET");
	for (size_t i = 0; i < n; i++)
		mget.words += add_names(tier, arena, &wish[i], words + mget.words);
	if (!redis_tier_run(tier, arena, &mget, 1, &reply))
		return;
	if (reply.kind != REDIS_ARRAY || reply.items != mget.words - 1) {
		metric_add(COUNTER_cache_redis_errors, 1);
		return;
	}
	for (size_t i = 0, at = 0; i < n; at += 1 + wish[i++].marks)
		judge(tier, arena, era, reply.item + at, &wish[i]);
}

bool redis_tier_get(struct redis_tier *tier, struct arena *arena, struct str key,
		    const struct tag_list *tags, struct entry *ret)
{
	struct redis_wish wish;

	redis_wish_for(&wish, key, tags);
	redis_tier_get_all(tier, arena, &wish, 1);
	if (wish.found != REDIS_HAS)
		return false;
	*ret = wish.copy;
	return true;
}

/* --- writing ------------------------------------------------------------------------------ */

bool redis_tier_is_damaged(const struct redis_tier *tier, struct str key)
{
	return tier && tier->damaged && tier->damaged == map_key_hash(tier->map, key);
}

static struct redis_command write_fill(struct redis_tier *tier, struct arena *arena,
				       const struct redis_fill *fill)
{
	struct str *words = arena_alloc(arena, 4 * sizeof(*words));

	words[0] = redis_key_copy(arena, tier->prefix, fill->e->key);
	words[1] = travel_write(arena, fill->e);
	words[2] = redis_number(arena, fill->ttl_ms);
	words[3] = redis_tier_is_damaged(tier, fill->e->key) ? STR("1") : STR("0");
	return (struct redis_command){
		.script = &tier->fill, .keys = 1, .word = words, .words = 4
	};
}

void redis_tier_put_all(struct redis_tier *tier, struct arena *arena,
			const struct redis_fill *fill, size_t n)
{
	struct redis_command *commands = arena_alloc(arena, n * sizeof(*commands));
	struct redis_reply *replies = arena_alloc(arena, n * sizeof(*replies));
	bool healed = false;
	size_t count = 0;

	for (size_t i = 0; tier && i < n; i++) {
		const struct entry *e = fill[i].e;

		/* Nobody could use it: V2 is this machine's own. */
		if (entry_size(e) > ENTRY_MAX || !travel_valid(tier->map, e))
			continue;
		healed = healed || redis_tier_is_damaged(tier, e->key);
		commands[count++] = write_fill(tier, arena, &fill[i]);
	}
	if (count && redis_tier_run(tier, arena, commands, count, replies) && healed)
		tier->damaged = 0;
}

void redis_tier_put(struct redis_tier *tier, struct arena *arena, const struct entry *e,
		    int64_t ttl_ms)
{
	const struct redis_fill fill = { e, ttl_ms };

	redis_tier_put_all(tier, arena, &fill, 1);
}
