#include "cache/cache.h"

#include <assert.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "cache/map.h"
#include "cache/memory.h"
#include "cache/mutation.h"
#include "cache/through.h"
#include "cache/worth.h"
#include "net/epoch.h"
#include "net/pg.h"

struct cache *cache_new(const struct cache_options *options, struct cache_map *map,
			struct pg *pg)
{
	struct cache *cache = mem_alloc(sizeof(*cache));
	const char *why;
	struct str at;

	*cache = (struct cache){ .options = options, .map = map, .pg = pg };
	cache->memory_on = !options || options->memory_on;
	if (options && rules_read(options->rules, &cache->rules, &why, &at) != RC_OK)
		assert(!"settings are checked before they are used");
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

void cache_set_stored(struct cache *cache, struct stored *stored, bool storing)
{
	cache->stored = stored;
	cache->storing = stored && storing;
}

struct stored *cache_stored(const struct cache *cache)
{
	return cache->stored;
}

void cache_set_replicas(struct cache *cache, struct replicas *replicas,
			void (*ask)(void *ctx, struct pg *pg))
{
	cache->replicas = cache->map ? replicas : NULL;
	cache->ask = ask;
}

struct replicas *cache_replicas(const struct cache *cache)
{
	return cache->replicas;
}

struct str cache_prefix(const struct cache *cache)
{
	return cache->options ? str_of(cache->options->redis_prefix) : STR("such-market");
}

/* Only the relay, which knows from where on it has seen all events, names a new epoch. */
void cache_connected(struct cache *cache, uint64_t epoch)
{
	cache->epoch = epoch;
	if (cache->map && !MUTATED(silent_writer))
		map_see_epoch(cache->map, epoch);
}

bool cache_keeps(const struct cache *cache)
{
	return cache->map &&
	       (cache->memory_on || cache->redis || cache->stored || cache->replicas);
}

cache_epoch cache_know_epoch(struct cache *cache)
{
	if (map_epoch(cache->map) && cache->epoch != map_epoch(cache->map))
		(void)epoch_read(cache->pg, &cache->epoch);
	return cache->epoch;
}

uint64_t cache_read_begin(struct cache *cache)
{
	cache_epoch epoch = cache_know_epoch(cache);

	pg_label_begin(cache->pg);
	return epoch;
}

uint64_t cache_read_end(struct cache *cache, uint64_t epoch)
{
	uint64_t label = pg_label(cache->pg);

	return epoch && epoch == cache->epoch ? label : 0;
}

void cache_on_write(struct cache *cache, struct cache_hook hook)
{
	cache->hook = hook;
}

const struct cache_hook *cache_write_hook(const struct cache *cache)
{
	return &cache->hook;
}

struct cache_map *cache_mapping(const struct cache *cache)
{
	return cache->map;
}

const struct rules *cache_rules(const struct cache *cache)
{
	return &cache->rules;
}

void cache_state(const struct cache *cache, struct cache_state *ret)
{
	*ret = (struct cache_state){ .on = cache_keeps(cache),
				     .memory_on = cache->map && cache->memory_on };
	if (!ret->on)
		return;
	ret->lease_ns = map_lease_until(cache->map) - clock_boot_ns();
	bool named = map_epoch(cache->map) != 0;
	int64_t stale_ns = cache->options ? cache->options->stale_ms * NS_PER_MS : 0;
	ret->leased = named && ret->lease_ns > 0;
	ret->flagged = named && ret->memory_on && stale_ns > 0 && ret->lease_ns >= -stale_ns;
	memory_count(cache->map, &ret->memory);
}

void cache_worth(const struct cache *cache, const struct read_model *model,
		 struct worth_counts *ret)
{
	*ret = (struct worth_counts){ 0 };
	if (cache->map)
		worth_count(cache->map, model->id, ret);
}
