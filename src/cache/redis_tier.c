#include "cache/redis_tier.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/redis_key.h"
#include "net/redis.h"

#define NS_PER_MS   INT64_C(1000000)
#define HOUR_MS     INT64_C(3600000)
#define INV_KEYS    8 /* marks asked for with a copy */
#define SWEEP_COUNT "500"

/* A value, and a mark, begin with epoch and label (xid) as text, so that scripts can compare:
 * in a history that is the same the greater text is the later one. */
#define STAMP       32
#define STAMP_EPOCH 16

struct redis_tier {
	const struct cache_options *options;
	struct cache_map *map;
	struct redis *redis;
	struct str prefix, channel;
	struct redis_script fill, invalidate;
	uint64_t damaged; /* hash of the key whose value was found to be damaged */
};

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

/* KEYS: the mark, copies; ARGV: stamp, milliseconds. */
#define INVALIDATE                                                                             \
	"local old, new = redis.pcall('GET', KEYS[1]), ARGV[1]\n"                              \
	"if type(old) == 'string' and #old == 32\n"                                            \
	"   and string.sub(old, 1, 16) == string.sub(new, 1, 16) and old > new then\n"         \
	"	new = old\n"                                                                         \
	"end\n"                                                                                \
	"redis.call('SET', KEYS[1], new, 'PX', ARGV[2])\n"                                     \
	"if #KEYS > 1 then redis.call('UNLINK', unpack(KEYS, 2)) end\n"                        \
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
	redis_script_init(&tier->invalidate, STR(INVALIDATE));
	return tier;
}

void redis_tier_free(struct redis_tier *tier)
{
	if (!tier)
		return;
	free((char *)(uintptr_t)tier->channel.ptr);
	free(tier);
}

struct str redis_tier_channel(const struct redis_tier *tier)
{
	return tier ? tier->channel : STR_NONE;
}

static void write_stamp(uint64_t epoch, uint64_t label, char ret[STAMP + 1])
{
	snprintf(ret, STAMP + 1, "%016" PRIx64 "%016" PRIx64, epoch, label);
}

static struct str number(struct arena *arena, int64_t n)
{
	return arena_printf(arena, "%" PRId64, n);
}

/* One round trip; false when it failed or anything in it was refused. */
static bool run(struct redis_tier *tier, struct arena *arena,
		const struct redis_command *commands, size_t n, struct redis_reply *ret)
{
	bool good = redis_run(tier->redis, arena, commands, n, ret) == RC_OK;

	if (!good && redis_skipped(tier->redis)) {
		metric_add(COUNTER_cache_redis_skipped, 1);
		return false;
	}
	for (size_t i = 0; i < n && good; i++)
		good = ret[i].kind != REDIS_ERROR;
	if (!good)
		metric_add(COUNTER_cache_redis_errors, 1);
	return good;
}

/* --- reading ------------------------------------------------------------------------------ */

static bool read_value(struct str value, struct str key, struct entry *ret)
{
	char stamp[STAMP + 1];

	if (value.len < STAMP || !entry_decode(str_from(value, STAMP), key, ret))
		return false;
	write_stamp(ret->head.epoch, ret->head.label, stamp);
	return memcmp(value.ptr, stamp, STAMP) == 0;
}

/* What a machine keeps to itself is written anew: nothing of it came over the wire. */
static bool localise(const struct redis_tier *tier, struct arena *arena, uint64_t era,
		     struct entry *e)
{
	struct entry_tag *tags = arena_zalloc(arena, (e->head.tags + 1u) * sizeof(*tags));
	int64_t ttl_ms =
		cache_ttl_ms(tier->options, (enum tier)e->head.tier, (enum rc)e->head.rc);
	int64_t age_ms = (clock_wall_us() - e->head.made_us) / 1000;

	for (uint32_t i = 0; i < e->head.tags; i++) {
		tags[i].hash = e->tag[i].hash;
		tags[i].slot = map_slot_of(tier->map, tags[i].hash);
	}
	e->tag = tags;
	e->head.era = era;
	e->head.primary = false;
	e->head.expires_ns = 0;
	if (e->head.made_us < 0 || age_ms >= ttl_ms)
		return false;
	/* Made in the future: another machine's clock. */
	ttl_ms -= age_ms > 0 ? age_ms : 0;
	e->head.expires_ns = clock_boot_ns() + ttl_ms * NS_PER_MS;
	return true;
}

/* V1 for all tags; V2 does not travel. */
static bool is_valid(const struct cache_map *map, const struct entry *e)
{
	if (e->head.epoch == 0 || e->head.epoch != map_epoch(map) ||
	    e->head.label <= map_floor(map))
		return false;
	for (uint32_t i = 0; i < e->head.tags; i++)
		if (!map_label_ok(map, e->tag[i].slot, e->head.label))
			return false;
	return true;
}

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

	if (!read_value(value, key, &e)) {
		tier->damaged = map_key_hash(tier->map, key);
		return false;
	}
	if (!localise(tier, arena, era, &e) || !is_valid(tier->map, &e) ||
	    is_marked(reply->item + 1, reply->items - 1, value))
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
	if (!run(tier, arena, &mget, 1, &reply))
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

/* Stamp and entry, without what belongs to this machine alone. */
static struct str write_value(struct arena *arena, const struct entry *e)
{
	struct entry shared = *e;
	struct entry_tag *tags = arena_zalloc(arena, (e->head.tags + 1u) * sizeof(*tags));
	size_t size = STAMP + entry_size(e);
	char *value = arena_alloc(arena, size), stamp[STAMP + 1];

	for (uint32_t i = 0; i < e->head.tags; i++)
		tags[i].hash = e->tag[i].hash;
	shared.tag = tags;
	shared.head.primary = 0;
	shared.head.era = 0;
	shared.head.expires_ns = 0;
	write_stamp(e->head.epoch, e->head.label, stamp);
	memcpy(value, stamp, STAMP);
	entry_encode(&shared, value + STAMP);
	return (struct str){ value, size };
}

void redis_tier_put(struct redis_tier *tier, struct arena *arena, const struct entry *e,
		    int64_t ttl_ms)
{
	struct redis_reply reply;

	/* Nobody could use it: V2 is this machine's own. */
	if (!tier || entry_size(e) > ENTRY_MAX || !is_valid(tier->map, e))
		return;
	bool damaged = tier->damaged && tier->damaged == map_key_hash(tier->map, e->key);
	struct str words[] = {
		redis_key_copy(arena, tier->prefix, e->key),
		write_value(arena, e),
		number(arena, ttl_ms),
		damaged ? STR("1") : STR("0"),
	};
	struct redis_command fill = {
		.script = &tier->fill, .keys = 1, .word = words, .words = COUNT_OF(words)
	};
	if (run(tier, arena, &fill, 1, &reply) && damaged)
		tier->damaged = 0;
}

/* --- invalidation ------------------------------------------------------------------------- */

static int64_t mark_ms(const struct redis_tier *tier)
{
	int64_t ms = 0;

	for (int i = 0; i < TIER_COUNT; i++)
		if (tier->options->ttl_ms[i] > ms)
			ms = tier->options->ttl_ms[i];
	return ms + HOUR_MS;
}

static struct str write_event(struct arena *arena, cache_epoch epoch, uint64_t xid,
			      const struct str *tags, size_t n)
{
	struct buf buf;
	struct json j;

	buf_init(&buf, arena, BUF_NO_MAX);
	json_init(&j, &buf);
	json_object(&j, NULL);
	json_str(&j, "epoch", arena_printf(arena, "%016" PRIx64, epoch));
	json_str(&j, "xid", arena_printf(arena, "%" PRIu64, xid));
	json_array(&j, "tags");
	for (size_t i = 0; i < n; i++)
		json_str(&j, NULL, tags[i]);
	json_end(&j);
	json_end(&j);
	return buf_str(&buf);
}

static struct redis_command write_mark(struct redis_tier *tier, struct arena *arena,
				       struct str tag, struct str stamp, struct str ms)
{
	struct str *words = arena_alloc(arena, (3 + REDIS_COPIES_MAX) * sizeof(*words));
	size_t keys = redis_key_of_tag(arena, tier->prefix, tag, words);

	words[keys] = stamp;
	words[keys + 1] = ms;
	return (struct redis_command){
		.script = &tier->invalidate, .keys = keys, .word = words, .words = keys + 2
	};
}

void redis_tier_invalidate(struct redis_tier *tier, struct arena *arena, cache_epoch epoch,
			   uint64_t xid, const struct str *tags, size_t n)
{
	struct redis_command *commands;
	struct redis_reply *replies;
	char stamp[STAMP + 1];
	size_t count = 0;

	if (!tier)
		return;
	if (n > REDIS_TAGS_MAX)
		n = REDIS_TAGS_MAX;
	commands = arena_alloc(arena, (n + 1) * sizeof(*commands));
	replies = arena_alloc(arena, (n + 1) * sizeof(*replies));
	write_stamp(epoch, xid, stamp);
	struct str ms = number(arena, mark_ms(tier));
	for (size_t i = 0; i < n; i++)
		if (tag_sound(tags[i]))
			commands[count++] = write_mark(tier, arena, tags[i],
						       (struct str){ stamp, STAMP }, ms);
	struct str words[] = { STR("PUBLISH"), tier->channel,
			       write_event(arena, epoch, xid, tags, n) };
	commands[count++] = (struct redis_command){ .word = words, .words = COUNT_OF(words) };
	run(tier, arena, commands, count, replies);
}

/* --- sweeping ----------------------------------------------------------------------------- */

/* The prefix means itself. */
static struct str write_pattern(const struct redis_tier *tier, struct arena *arena,
				struct str pattern)
{
	struct buf buf;

	buf_init(&buf, arena, BUF_NO_MAX);
	for (size_t i = 0; i < tier->prefix.len; i++) {
		if (strchr("*?[]\\", tier->prefix.ptr[i]))
			buf_addc(&buf, '\\');
		buf_addc(&buf, tier->prefix.ptr[i]);
	}
	buf_addc(&buf, ':');
	buf_adds(&buf, pattern);
	return buf_str(&buf);
}

/* What others keep under the same prefix is not ours to remove. */
static bool is_copy(const struct redis_tier *tier, struct str key)
{
	return key.len > tier->prefix.len &&
	       !str_starts(str_from(key, tier->prefix.len), STR(":analytics:"));
}

/* One command a key: keys of several hash slots would be refused together. */
static bool unlink_all(struct redis_tier *tier, struct arena *arena,
		       const struct redis_reply *keys, uint64_t *ret_removed)
{
	struct redis_command *commands = arena_alloc(arena, keys->items * sizeof(*commands));
	struct redis_reply *replies = arena_alloc(arena, keys->items * sizeof(*replies));
	struct str *words = arena_alloc(arena, 2 * keys->items * sizeof(*words));
	size_t n = 0;

	for (size_t i = 0; i < keys->items; i++) {
		if (keys->item[i].kind != REDIS_BULK || !is_copy(tier, keys->item[i].text))
			continue;
		words[2 * n] = STR("UNLINK");
		words[2 * n + 1] = keys->item[i].text;
		commands[n] = (struct redis_command){ .word = &words[2 * n], .words = 2 };
		n++;
	}
	if (n && !run(tier, arena, commands, n, replies))
		return false;
	for (size_t i = 0; i < n; i++)
		if (replies[i].kind == REDIS_INTEGER && replies[i].integer > 0)
			*ret_removed += 1;
	return true;
}

enum rc redis_tier_sweep(struct redis_tier *tier, struct arena *arena, struct str pattern,
			 struct redis_sweep *sweep)
{
	struct redis_reply reply;

	if (!tier)
		return RC_UNAVAILABLE;
	struct str words[] = { STR("SCAN"),  *sweep->cursor ? str_of(sweep->cursor) : STR("0"),
			       STR("MATCH"), write_pattern(tier, arena, pattern),
			       STR("COUNT"), STR(SWEEP_COUNT) };
	struct redis_command scan = { .word = words, .words = COUNT_OF(words) };
	if (!run(tier, arena, &scan, 1, &reply))
		return RC_UNAVAILABLE;
	if (reply.kind != REDIS_ARRAY || reply.items != 2 || reply.item[0].text.len == 0 ||
	    reply.item[0].text.len >= sizeof(sweep->cursor) ||
	    !unlink_all(tier, arena, &reply.item[1], &sweep->removed))
		return RC_UNAVAILABLE;
	snprintf(sweep->cursor, sizeof(sweep->cursor), STR_FMT, STR_ARG(reply.item[0].text));
	sweep->done = str_eqz(str_of(sweep->cursor), "0");
	return RC_OK;
}
