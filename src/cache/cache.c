#include "cache/cache.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/gz.h"
#include "base/hash.h"
#include "base/metric.h"
#include "base/scope.h"
#include "base/tally.h"
#include "cache/entry.h"
#include "cache/flight.h"
#include "cache/map.h"
#include "cache/memory.h"
#include "cache/mutation.h"
#include "cache/redis_tier.h"
#include "net/epoch.h"
#include "net/pg.h"

#define NS_PER_MS INT64_C(1000000)

struct cache {
	const struct cache_options *options;
	struct cache_map *map;
	struct pg *pg;
	struct redis_tier *redis;
	cache_epoch epoch; /* of the connection to the primary */
};

/* One read on its way; a fill that is to be kept lives in the arena until its reset. */
struct through {
	struct cache *cache;
	struct arena *arena;
	const struct read_model *model;
	void *ctx;
	const void *args;
	struct cache_key key;
	bool seated; /* holds the key's flight */
	enum tally_outcome outcome;
	cache_epoch epoch;
	uint64_t era, label;
	struct answer answer;
	struct tag_list *tags; /* only of a fill */
};

const struct conf_key cache_keys[] = {
	{ "cache_memory", CONF_BOOL, offsetof(struct cache_options, memory_on), "on",
	  .help = "whether answers are kept in memory that all workers share" },
	{ "cache_memory_bytes", CONF_BYTES, offsetof(struct cache_options, memory_bytes),
	  "256m", .min = 16 << 20, .max = INT64_C(64) << 30,
	  .help = "size of that memory [bytes]" },
	{ "cache_ttl_hot", CONF_MSEC, offsetof(struct cache_options, ttl_ms[TIER_HOT]), "300s",
	  .min = 1000, .max = 604800000, .help = "how long copies of the hot tier are kept" },
	{ "cache_ttl_warm", CONF_MSEC, offsetof(struct cache_options, ttl_ms[TIER_WARM]),
	  "1800s", .min = 1000, .max = 604800000,
	  .help = "how long copies of the warm tier are kept" },
	{ "cache_ttl_cold", CONF_MSEC, offsetof(struct cache_options, ttl_ms[TIER_COLD]), "1d",
	  .min = 1000, .max = 604800000, .help = "how long copies of the cold tier are kept" },
	{ "cache_ttl_negative", CONF_MSEC, offsetof(struct cache_options, negative_ttl_ms),
	  "30s", .min = 1000, .max = 604800000, .help = "how long \"nothing there\" is kept" },
	{ "stale_if_error", CONF_MSEC, offsetof(struct cache_options, stale_ms), "60s",
	  .min = 0, .max = 3600000,
	  .help = "how long flagged copies are answered while the database is away; 0: never" },
	{ "cache_compress_above", CONF_BYTES, offsetof(struct cache_options, pack_above), "1k",
	  .min = 64, .max = 1 << 20, .help = "larger answers are kept compressed [bytes]" },
	{ "redis_prefix", CONF_TEXT, offsetof(struct cache_options, redis_prefix),
	  "such-market", .min = 1, .max = 64,
	  .help = "what the names of all keys in Redis begin with" },
	{ 0 }
};

struct cache *cache_new(const struct cache_options *options, struct cache_map *map,
			struct pg *pg)
{
	struct cache *cache = mem_alloc(sizeof(*cache));

	*cache = (struct cache){ .options = options, .map = map, .pg = pg };
	if (options && !options->memory_on)
		cache->map = NULL;
	return cache;
}

void cache_free(struct cache *cache)
{
	free(cache);
}

void cache_set_redis(struct cache *cache, struct redis_tier *redis)
{
	cache->redis = redis;
}

struct redis_tier *cache_redis(const struct cache *cache)
{
	return cache->redis;
}

/* Only the relay, which knows from where on it has seen all events, names a new epoch. */
void cache_connected(struct cache *cache, uint64_t epoch)
{
	cache->epoch = epoch;
	if (cache->map)
		map_see_epoch(cache->map, epoch);
}

/* --- keys ----------------------------------------------------------------------------------
 */

void key_add(struct cache_key *key, struct str s)
{
	if (key->failed || s.len > sizeof(key->text) - key->len) {
		key->failed = true;
		return;
	}
	memcpy(key->text + key->len, s.ptr, s.len);
	key->len += s.len;
}

void key_address(struct cache_key *key, const struct address *a)
{
	char text[ADDRESS_TEXT];

	address_write(a, text);
	key_add(key, STR("{"));
	key_add(key, str_of(text));
	key_add(key, STR("}"));
}

void key_digest(struct cache_key *key, struct str text)
{
	uint8_t digest[SHA256_BYTES];
	char hex[33];

	hash_sha256(text, digest);
	hex_write(digest, 16, hex);
	key_add(key, STR(":q:"));
	key_add(key, str_of(hex));
}

static struct str key_str(const struct cache_key *key)
{
	return (struct str){ key->text, key->len };
}

/* --- which copies may be used
 * ----------------------------------------------------------------- */

static bool is_of_history(const struct cache_map *map, const struct entry_head *h)
{
	return MUTATED(no_epoch) ||
	       (h->epoch != 0 && h->epoch == map_epoch(map) && h->era == map_era(map));
}

/* Each tag by its own right: V1, or V2. */
static bool is_usable(const struct cache_map *map, const struct entry *e, int64_t boot_ns)
{
	const struct entry_head *h = &e->head;

	if (h->expires_ns <= boot_ns || !is_of_history(map, h))
		return false;
	for (uint32_t i = 0; i < h->tags; i++) {
		const struct entry_tag *t = &e->tag[i];

		if (map_label_ok(map, t->slot, h->label))
			continue;
		if (!h->primary || !t->certain || t->gen != map_gen(map, t->slot))
			return false;
	}
	return true;
}

static bool find_in_memory(struct through *t, int64_t boot_ns, enum source source,
			   struct answer *ret)
{
	struct entry e;

	if (!memory_get(t->cache->map, t->arena, key_str(&t->key), &e))
		return false;
	if (!is_usable(t->cache->map, &e, boot_ns)) {
		metric_add(COUNTER_cache_rejected, 1);
		return false;
	}
	entry_answer(&e, ret);
	ret->source = source;
	return true;
}

/* Whatever a label and an epoch allow, though nobody vouches for it any more. */
static bool find_stale(struct through *t, struct answer *ret)
{
	int64_t now_ns = clock_boot_ns();
	int64_t until_ns = map_lease_until(t->cache->map);

	if (now_ns > until_ns + t->cache->options->stale_ms * NS_PER_MS ||
	    !find_in_memory(t, now_ns, SOURCE_STALE, ret))
		return false;
	metric_add(COUNTER_cache_stale, 1);
	t->outcome = TALLY_stale;
	return true;
}

/* --- filling -------------------------------------------------------------------------------
 */

int64_t cache_ttl_ms(const struct cache_options *options, enum tier tier, enum rc rc)
{
	int64_t ms = options->ttl_ms[tier];

	return rc == RC_OK || ms < options->negative_ttl_ms ? ms : options->negative_ttl_ms;
}

static struct entry_tag *entry_tags(struct arena *arena, const struct tag_list *tags)
{
	struct entry_tag *ret = arena_zalloc(arena, (tags->n + 1) * sizeof(*ret));

	for (uint32_t i = 0; i < tags->n; i++)
		ret[i] = (struct entry_tag){ tags->tag[i].hash, tags->tag[i].gen,
					     tags->tag[i].slot, tags->tag[i].certain };
	return ret;
}

/* Runs when the answer is out: compresses it and puts it where the next one looks. */
static void keep(void *obj)
{
	struct through *t = obj;
	const struct cache_options *options = t->cache->options;
	int64_t ttl_ms = cache_ttl_ms(options, t->answer.tier, t->answer.rc);
	struct entry e;

	entry_of(&t->answer, &e);
	e.key = key_str(&t->key);
	e.tag = entry_tags(t->arena, t->tags);
	e.head.tags = (uint16_t)t->tags->n;
	e.head.primary = true;
	e.head.label = t->label;
	e.head.epoch = t->epoch;
	e.head.era = t->era;
	e.head.made_us = clock_wall_us();
	e.head.expires_ns = clock_boot_ns() + ttl_ms * NS_PER_MS;
	if (e.body.len > (size_t)options->pack_above && t->answer.rc == RC_OK) {
		struct str packed = gz_pack(t->arena, e.body);

		if (packed.ptr) {
			e.body = packed;
			e.head.gzip = 1;
		}
	}
	memory_put(t->cache->map, &e);
	if (t->seated)
		flight_end(t->cache->map, map_key_hash(t->cache->map, e.key));
	redis_tier_put(t->cache->redis, t->arena, &e, ttl_ms);
}

static enum rc run_filler(struct through *t)
{
	struct answer *answer = &t->answer;
	enum rc rc;

	*answer = (struct answer){ .tier = t->model->tier,
				   .source = SOURCE_DATABASE,
				   .tags = t->tags };
	rc = t->model->fill(t->ctx, t->args, answer);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	assert(answer->body.ptr || answer->body.len == 0);
	answer->tags = NULL;
	answer->rc = rc;
	if (rc == RC_OK)
		answer_stamp(answer);
	metric_add(COUNTER_cache_fills, 1);
	return rc;
}

static enum rc plain(struct through *t, struct answer *ret)
{
	t->tags = NULL;
	enum rc rc = run_filler(t);

	if (rc == RC_OK || rc == RC_NOT_FOUND)
		*ret = t->answer;
	return rc;
}

static void declare(struct through *t)
{
	t->tags = arena_alloc(t->arena, sizeof(*t->tags));
	tags_init(t->tags, t->cache->map);
	t->model->tags(t->args, t->tags);
	tags_reading(t->tags);
}

/* Epoch, era and gens are from before the read, the label from the read itself.  A connection
 * of another epoch that was made in the midst of it would mix two histories: not kept. */
static bool is_worth_keeping(const struct through *t)
{
	return t->label && t->epoch && t->epoch == t->cache->epoch && !t->tags->overflow &&
	       t->answer.body.len < ENTRY_MAX / 2;
}

static enum rc fill(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;

	if (map_epoch(cache->map) && cache->epoch != map_epoch(cache->map))
		(void)epoch_read(cache->pg, &cache->epoch); /* everything was cleared */
	t->era = map_era(cache->map);
	t->epoch = cache->epoch;
	declare(t);
	pg_label_begin(cache->pg);
	enum rc rc = run_filler(t);
	t->label = pg_label(cache->pg);
	FAILPOINT(after_read);
	for (uint32_t i = 0; MUTATED(late_gen) && i < t->tags->n; i++)
		t->tags->tag[i].gen = map_gen(cache->map, t->tags->tag[i].slot);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	if (is_worth_keeping(t))
		arena_defer(t->arena, keep, t);
	else if (t->seated)
		flight_end(cache->map, map_key_hash(cache->map, key_str(&t->key)));
	*ret = t->answer;
	return rc;
}

/* Another machine's fill.  What is found goes to memory with the label it came with. */
static bool find_in_redis(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;
	struct entry e;

	if (!cache->redis)
		return false;
	declare(t);
	if (!redis_tier_get(cache->redis, t->arena, key_str(&t->key), t->tags, &e) ||
	    !map_lease_valid(cache->map, clock_boot_ns()))
		return false;
	memory_put(cache->map, &e);
	entry_answer(&e, ret);
	ret->source = SOURCE_REDIS;
	t->outcome = TALLY_redis_hit;
	return true;
}

static enum rc fill_seated(struct through *t, struct answer *ret)
{
	struct cache_map *map = t->cache->map;
	uint64_t hash = map_key_hash(map, key_str(&t->key));
	enum flight_seat seat = flight_begin(map, hash, true);
	int64_t boot_ns = clock_boot_ns();
	enum rc rc;

	if (seat == FLIGHT_WOKEN) {
		metric_add(COUNTER_cache_coalesced, 1);
		t->outcome = TALLY_coalesced;
		if (map_lease_valid(map, boot_ns) &&
		    find_in_memory(t, boot_ns, SOURCE_MEMORY, ret))
			return ret->rc;
		t->outcome = TALLY_miss;
		seat = flight_begin(map, hash, false);
	}
	t->seated = seat == FLIGHT_MINE;
	bool found = find_in_redis(t, ret);
	rc = found ? ret->rc : fill(t, ret);
	if (t->seated && (found || (rc != RC_OK && rc != RC_NOT_FOUND)))
		flight_end(map, hash);
	return rc;
}

static enum rc go_through(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;
	int64_t boot_ns;
	bool leased;
	enum rc rc;

	if (!cache->map || t->model->tier == TIER_NONE)
		return plain(t, ret);
	t->model->key(t->args, &t->key);
	if (t->key.failed)
		return plain(t, ret);
	boot_ns = clock_boot_ns();
	leased = map_lease_valid(cache->map, boot_ns);
	if (leased && find_in_memory(t, boot_ns, SOURCE_MEMORY, ret)) {
		metric_add(COUNTER_cache_memory_hits, 1);
		t->outcome = TALLY_memory_hit;
		return ret->rc;
	}
	metric_add(leased ? COUNTER_cache_memory_misses : COUNTER_cache_bypassed, 1);
	t->outcome = leased ? TALLY_miss : TALLY_bypass;
	rc = leased ? fill_seated(t, ret) : fill(t, ret);
	if ((rc == RC_UNAVAILABLE || rc == RC_TIMEOUT) && cache->options->stale_ms > 0 &&
	    find_stale(t, ret))
		return ret->rc;
	return rc;
}

enum rc cache_through(struct cache *cache, struct arena *arena, const struct read_model *model,
		      void *ctx, const void *args, struct answer *ret)
{
	struct through *t = arena_alloc(arena, sizeof(*t));

	t->cache = cache;
	t->arena = arena;
	t->model = model;
	t->ctx = ctx;
	t->args = args;
	t->seated = false;
	t->outcome = TALLY_bypass;
	t->key.len = 0;
	t->key.failed = false;
	enum rc rc = go_through(t, ret);
	tally_read(model->id, rc == RC_OK || rc == RC_NOT_FOUND ? t->outcome : TALLY_error);
	return rc;
}

struct cache_map *cache_mapping(const struct cache *cache)
{
	return cache->map;
}

void cache_state(const struct cache *cache, struct cache_state *ret)
{
	*ret = (struct cache_state){ .on = cache->map != NULL };
	if (!ret->on)
		return;
	ret->lease_ns = map_lease_until(cache->map) - clock_boot_ns();
	ret->leased = ret->lease_ns > 0 && map_epoch(cache->map) != 0;
	memory_count(cache->map, &ret->memory);
}

const char *tier_name(enum tier tier)
{
	static const char *const names[TIER_COUNT] = {
		[TIER_NONE] = "none",
		[TIER_HOT] = "hot",
		[TIER_WARM] = "warm",
		[TIER_COLD] = "cold",
	};

	assert(tier < TIER_COUNT);
	return names[tier];
}
