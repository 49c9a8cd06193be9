/* The way through the tiers: memory, Redis, the database tier, a standby, the primary. */
#include "cache/through.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/metric.h"
#include "base/stages.h"
#include "cache/flight.h"
#include "cache/map.h"
#include "cache/memory.h"
#include "cache/mutation.h"
#include "cache/redis_tier.h"
#include "cache/stored.h"
#include "cache/usable.h"
#include "cache/worth.h"

/* --- which copies may be used ------------------------------------------------------------ */

/* What becomes of copies tells whether Redis is worth a write: cache/worth.h. */
static void tell_life(const struct through *t, void (*tell)(struct cache_map *, uint32_t))
{
	struct cache_map *map = t->cache->map;

	if (t->cache->redis)
		tell(map, worth_class(map, t->model->id, key_str(&t->key)));
}

/* One that was read before says nothing new. */
bool through_usable(const struct through *t, const struct entry *e, int64_t boot_ns)
{
	const struct cache_map *map = t->cache->map;

	if (e->head.expires_ns <= boot_ns || !copy_of_history(map, &e->head))
		return false;
	bool good = copy_unchanged(map, e);
	if (!e->read)
		tell_life(t, good ? worth_read : worth_unread);
	return good;
}

/* Looking at the clock would take as long as looking into memory: one look of 64 is timed. */
static bool look_into_memory(struct through *t, struct entry *ret)
{
	struct cache *cache = t->cache;

	if (!cache->memory_on)
		return false;
	if (cache->looks++ % 64 != 0)
		return memory_get(cache->map, t->arena, key_str(&t->key), ret);
	int64_t start_ns = clock_mono_ns();
	bool found = memory_get(cache->map, t->arena, key_str(&t->key), ret);
	metric_time(HISTOGRAM_cache_memory_seconds, clock_mono_ns() - start_ns);
	return found;
}

static bool find_in_memory(struct through *t, int64_t boot_ns, enum source source,
			   struct answer *ret)
{
	struct entry e;

	if (!look_into_memory(t, &e))
		return false;
	if (!through_usable(t, &e, boot_ns)) {
		metric_add(COUNTER_cache_rejected, 1);
		return false;
	}
	if (t->cache->storing && t->model->stored)
		stored_put(t->cache->stored, t->arena, &e);
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

/* Another machine's fill.  What is found goes to memory with the label it came with. */
static bool find_in_redis(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;
	struct entry e;

	if (!cache->redis || batch_lacks(cache, key_str(&t->key)))
		return false;
	through_declare(t);
	if (!redis_tier_get(cache->redis, t->arena, key_str(&t->key), t->tags, &e) ||
	    !map_lease_valid(cache->map, clock_boot_ns()))
		return false;
	FAILPOINT(after_find);
	if (MUTATED(redis_v2))
		mutation_trust(cache->map, t->arena, &e);
	if (MUTATED(relabel))
		e.head.label = mutation_label(cache->pg, false);
	if (cache->memory_on)
		memory_put(cache->map, &e);
	entry_answer(&e, ret);
	ret->source = SOURCE_REDIS;
	t->outcome = TALLY_redis_hit;
	tell_life(t, worth_read);
	return true;
}

static void share_found(void *obj)
{
	const struct through *t = obj;

	through_share(t, &t->found);
}

/* A runner's fill. */
static bool find_stored(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;

	if (!cache->stored || !t->model->stored ||
	    !stored_get(cache->stored, t->arena, key_str(&t->key), &t->found) ||
	    !map_lease_valid(cache->map, clock_boot_ns()))
		return false;
	if (cache->memory_on)
		memory_put(cache->map, &t->found);
	arena_defer(t->arena, share_found, t);
	entry_answer(&t->found, ret);
	ret->source = SOURCE_STORED;
	t->outcome = TALLY_stored_hit;
	return true;
}

/* Perhaps after waiting for somebody else's fill. */
static enum flight_seat take_seat(struct cache_map *map, uint64_t hash)
{
	int64_t start_ns = clock_mono_ns();
	enum flight_seat seat = flight_begin(map, hash, true);

	stages_add(STAGE_cache, clock_mono_ns() - start_ns);
	return seat;
}

static enum rc fill_seated(struct through *t, struct answer *ret)
{
	struct cache_map *map = t->cache->map;
	uint64_t hash = map_key_hash(map, key_str(&t->key));
	enum flight_seat seat = take_seat(map, hash);
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
	bool found = find_in_redis(t, ret) || find_stored(t, ret);
	rc = found ? ret->rc : through_fill(t, true, ret);
	if (t->seated && (found || (rc != RC_OK && rc != RC_NOT_FOUND)))
		flight_end(map, hash);
	return rc;
}

/* Nobody vouches for copies now, nor for what a standby has: the primary is asked. */
static enum rc pass_by(struct through *t, struct answer *ret)
{
	enum rc rc = through_fill(t, MUTATED(replica_unleased), ret);

	if ((rc == RC_OK || rc == RC_NOT_FOUND) && ret->source == SOURCE_DATABASE)
		ret->source = SOURCE_BYPASS;
	return rc;
}

static enum rc go_through(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;
	int64_t boot_ns;
	bool leased;
	enum rc rc;

	if (!cache_keeps(cache) || t->model->tier == TIER_NONE)
		return through_plain(t, ret);
	t->model->key(t->args, &t->key);
	if (t->key.failed)
		return through_plain(t, ret);
	boot_ns = clock_boot_ns();
	leased = map_lease_valid(cache->map, boot_ns);
	if (leased && find_in_memory(t, boot_ns, SOURCE_MEMORY, ret)) {
		metric_add(COUNTER_cache_memory_hits, 1);
		t->outcome = TALLY_memory_hit;
		return ret->rc;
	}
	if (!leased || cache->memory_on)
		metric_add(leased ? COUNTER_cache_memory_misses : COUNTER_cache_bypassed, 1);
	t->outcome = leased ? TALLY_miss : TALLY_bypass;
	rc = leased ? fill_seated(t, ret) : pass_by(t, ret);
	if ((rc == RC_UNAVAILABLE || rc == RC_TIMEOUT) && !t->crowded &&
	    cache->options->stale_ms > 0 && find_stale(t, ret))
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
	t->seated = t->crowded = false;
	t->outcome = TALLY_bypass;
	t->key.len = 0;
	t->key.failed = false;
	enum rc rc = go_through(t, ret);
	tally_read(model->id, rc == RC_OK || rc == RC_NOT_FOUND ? t->outcome : TALLY_error);
	return rc;
}
