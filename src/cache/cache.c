#include "cache/cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/gz.h"
#include "base/metric.h"
#include "base/scope.h"
#include "base/stages.h"
#include "base/tally.h"
#include "cache/entry.h"
#include "cache/flight.h"
#include "cache/layout.h"
#include "cache/map.h"
#include "cache/memory.h"
#include "cache/mutation.h"
#include "cache/redis_tier.h"
#include "cache/replica.h"
#include "cache/rule.h"
#include "cache/stored.h"
#include "cache/turns.h"
#include "cache/worth.h"
#include "net/epoch.h"
#include "net/pg.h"

#define NS_PER_MS INT64_C(1000000)

struct cache {
	const struct cache_options *options;
	struct cache_map *map;
	bool memory_on; /* else the mapping has no copies: tags, lease and flights alone */
	struct pg *pg;
	struct redis_tier *redis;
	struct stored *stored;
	bool storing;
	struct replicas *replicas;
	void (*ask)(void *ctx, struct pg *pg);
	cache_epoch epoch; /* of the connection to the primary */
	struct cache_hook hook;
	struct rules rules;
	uint64_t looks; /* into memory */
};

/* One read on its way; a fill that is to be kept lives in the arena until its reset. */
struct through {
	struct cache *cache;
	struct arena *arena;
	const struct read_model *model;
	void *ctx;
	const void *args;
	struct cache_key key;
	bool seated;  /* holds the key's flight */
	bool crowded; /* too many others are being made */
	bool primary; /* it was asked */
	enum tally_outcome outcome;
	cache_epoch epoch;
	uint64_t era, label;
	struct answer answer;
	struct tag_list *tags; /* only of a fill */
	struct entry found;    /* in the database tier */
};

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
	if (cache->map)
		map_see_epoch(cache->map, epoch);
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

/* Each tag by its own right: V1, or V2.  A page has a hundred. */
static bool is_unchanged(const struct cache_map *map, const struct entry *e)
{
	const struct entry_head *h = &e->head;
	const struct entry_tag *end = e->tag + h->tags;
	const struct tag_slot *slots = map->slots;
	uint64_t label = h->label;

	if (!MUTATED(no_epoch) && label <= map_floor(map))
		label = 0;
	for (const struct entry_tag *t = e->tag; t < end; t++) {
		const struct tag_slot *slot = &slots[t->slot];

		if (label > atomic_load(&slot->xid))
			continue;
		if (!h->primary || !t->certain || t->gen != atomic_load(&slot->gen))
			return false;
	}
	return true;
}

/* What becomes of copies tells whether Redis is worth a write: cache/worth.h. */
static void tell_life(const struct through *t, void (*tell)(struct cache_map *, uint32_t))
{
	struct cache_map *map = t->cache->map;

	if (t->cache->redis)
		tell(map, worth_class(map, t->model->id, key_str(&t->key)));
}

/* One that was read before says nothing new. */
static bool is_usable(const struct through *t, const struct entry *e, int64_t boot_ns)
{
	const struct cache_map *map = t->cache->map;

	if (e->head.expires_ns <= boot_ns || !is_of_history(map, &e->head))
		return false;
	bool good = is_unchanged(map, e);
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
	if (!is_usable(t, &e, boot_ns)) {
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

/* --- filling -------------------------------------------------------------------------------
 */

static struct entry_tag *entry_tags(struct arena *arena, const struct tag_list *tags)
{
	struct entry_tag *ret = arena_zalloc(arena, (tags->n + 1) * sizeof(*ret));

	for (uint32_t i = 0; i < tags->n; i++)
		ret[i] = (struct entry_tag){ tags->tag[i].hash, tags->tag[i].gen,
					     tags->tag[i].slot, tags->tag[i].certain };
	return ret;
}

static void share(const struct through *t, const struct entry *e)
{
	struct cache *cache = t->cache;
	uint32_t class = worth_class(cache->map, t->model->id, e->key);

	if (cache->redis && worth_writing(cache->map, class))
		redis_tier_put(cache->redis, t->arena, e,
			       cache_ttl_ms(cache->options, (enum tier)e->head.tier,
					    (enum rc)e->head.rc));
	if (cache->storing && t->model->stored)
		stored_put(cache->stored, t->arena, e);
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
	e.head.primary = t->primary;
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
	/* Whoever waits looks into memory; without one, into Redis. */
	if (t->cache->memory_on)
		memory_put(t->cache->map, &e);
	else
		share(t, &e);
	if (t->seated)
		flight_end(t->cache->map, map_key_hash(t->cache->map, e.key));
	if (t->cache->memory_on)
		share(t, &e);
}

/* What the filler did not spend waiting for the database. */
static enum rc run_timed(struct through *t)
{
	int64_t start_ns = clock_mono_ns(), waited_ns = stages_ns(STAGE_database);
	enum rc rc = t->model->fill(t->ctx, t->args, &t->answer);

	waited_ns = stages_ns(STAGE_database) - waited_ns;
	stages_add(STAGE_render, clock_mono_ns() - start_ns - waited_ns);
	return rc;
}

static enum rc run_filler(struct through *t)
{
	struct answer *answer = &t->answer;
	enum rc rc;

	*answer = (struct answer){ .tier = t->model->tier,
				   .source = SOURCE_DATABASE,
				   .tags = t->tags };
	rc = run_timed(t);
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
}

/* For a fill, which carries its own key as a tag too. */
static void declare_fill(struct through *t)
{
	declare(t);
	tags_add_key(t->tags, key_str(&t->key));
	tags_reading(t->tags);
}

static bool is_worth_keeping(const struct through *t)
{
	return t->label && t->epoch && !t->tags->overflow && t->answer.body.len < ENTRY_MAX / 2;
}

/* Keeps it when the answer is out, or lets others fill. */
static void hand_over(struct through *t, struct answer *ret)
{
	if (is_worth_keeping(t))
		arena_defer(t->arena, keep, t);
	else if (t->seated)
		flight_end(t->cache->map, map_key_hash(t->cache->map, key_str(&t->key)));
	*ret = t->answer;
}

/* Of the connection; when everything was cleared since it was made it is asked again. */
static cache_epoch know_epoch(struct cache *cache)
{
	if (map_epoch(cache->map) && cache->epoch != map_epoch(cache->map))
		(void)epoch_read(cache->pg, &cache->epoch);
	return cache->epoch;
}

uint64_t cache_read_begin(struct cache *cache)
{
	cache_epoch epoch = know_epoch(cache);

	pg_label_begin(cache->pg);
	return epoch;
}

uint64_t cache_read_end(struct cache *cache, uint64_t epoch)
{
	uint64_t label = pg_label(cache->pg);

	return epoch && epoch == cache->epoch ? label : 0;
}

/* Epoch, era and gens are from before the read, the label from the read itself. */
static enum rc fill_now(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;

	t->primary = true;
	t->epoch = know_epoch(cache);
	t->era = map_era(cache->map);
	declare_fill(t);
	pg_label_begin(cache->pg);
	enum rc rc = run_filler(t);
	t->label = pg_label(cache->pg);
	FAILPOINT(after_read);
	for (uint32_t i = 0; MUTATED(late_gen) && i < t->tags->n; i++)
		t->tags->tag[i].gen = map_gen(cache->map, t->tags->tag[i].slot);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	if (t->epoch != cache->epoch)
		t->epoch = 0; /* another connection in the midst of it: two histories */
	hand_over(t, ret);
	return rc;
}

/* The database is asked by so many at once. */
static enum rc fill(struct through *t, struct answer *ret)
{
	const struct cache_options *options = t->cache->options;
	int place =
		turn_begin(t->cache->map, options->fills, options->fill_wait_ms * NS_PER_MS);

	if (place < 0) {
		t->crowded = true;
		metric_add(COUNTER_cache_crowded, 1);
		return RC_UNAVAILABLE;
	}
	enum rc rc = fill_now(t, ret);
	turn_end(t->cache->map, place);
	return rc;
}

/* --- replicas -------------------------------------------------------------------------------
 */

/* V1 for every tag, those found in the data among them, as things are after the read. */
static bool is_current(const struct through *t)
{
	const struct cache_map *map = t->cache->map;

	if (MUTATED(replica_unchecked))
		return t->label != 0;
	if (t->label == 0 || t->tags->overflow || map_epoch(map) != t->epoch ||
	    map_era(map) != t->era)
		return false;
	for (uint32_t i = 0; i < t->tags->n; i++)
		if (!map_label_ok(map, t->tags->tag[i].slot, t->label))
			return false;
	return MUTATED(replica_unleased) || map_lease_valid(map, clock_boot_ns());
}

static enum replica_outcome judge_replica(const struct through *t, enum rc rc,
					  const struct standby_place *place)
{
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return REPLICA_FAILED;
	if ((!place->line || place->line != map_line(t->cache->map)) &&
	    !MUTATED(replica_any_history))
		return REPLICA_REFUSED;
	return is_current(t) ? REPLICA_USED : REPLICA_BEHIND;
}

/* The label, the read, and where it was read, all on one connection: otherwise it failed. */
static enum rc read_replica(struct through *t, struct pg *pg, struct standby_place *ret)
{
	struct cache *cache = t->cache;

	cache->ask(t->ctx, pg);
	pg_label_begin(pg);
	enum rc rc = run_filler(t);
	cache->ask(t->ctx, cache->pg);
	FAILPOINT(after_read);
	if (rc == RC_OK || rc == RC_NOT_FOUND) {
		enum rc rc_place = pg_label_taken(pg) ? epoch_place(pg, ret) : RC_UNAVAILABLE;

		rc = rc_place == RC_OK ? rc : rc_place;
	}
	t->label = pg_label(pg);
	return rc;
}

/*
 * A standby's answer counts when it is of the primary's line and holds all that this machine
 * knows was written.  Where it is is asked after the read: who is a standby then was one all
 * the time.  What it read is good by its label alone, never V2.  The primary was connected to
 * before: fillers may need what is learned there (cache_connected).
 */
static bool ask_replica(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;
	struct standby_place place = { 0 };

	t->era = map_era(cache->map);
	t->epoch = map_epoch(cache->map);
	if (!cache->replicas || !t->epoch || !cache->epoch)
		return false;
	t->primary = false;
	declare_fill(t);
	struct pg *pg = replicas_take(cache->replicas, t->model, t->tags, clock_mono_ns());
	if (!pg)
		return false;
	enum rc rc = read_replica(t, pg, &place);
	enum replica_outcome outcome = judge_replica(t, rc, &place);
	replicas_tell(cache->replicas, outcome, rc, t->label, place.lsn);
	if (outcome != REPLICA_USED)
		return false;
	t->answer.source = SOURCE_REPLICA;
	hand_over(t, ret);
	return true;
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

	share(t, &t->found);
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
	rc = found || ask_replica(t, ret) ? ret->rc : fill(t, ret);
	if (t->seated && (found || (rc != RC_OK && rc != RC_NOT_FOUND)))
		flight_end(map, hash);
	return rc;
}

static bool keeps(const struct cache *cache)
{
	return cache->map &&
	       (cache->memory_on || cache->redis || cache->stored || cache->replicas);
}

static enum rc go_through(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;
	int64_t boot_ns;
	bool leased;
	enum rc rc;

	if (!keeps(cache) || t->model->tier == TIER_NONE)
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
	if (!leased || cache->memory_on)
		metric_add(leased ? COUNTER_cache_memory_misses : COUNTER_cache_bypassed, 1);
	t->outcome = leased ? TALLY_miss : TALLY_bypass;
	if (leased)
		rc = fill_seated(t, ret);
	else
		rc = MUTATED(replica_unleased) && ask_replica(t, ret) ? ret->rc : fill(t, ret);
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
	*ret = (struct cache_state){ .on = keeps(cache),
				     .memory_on = cache->map && cache->memory_on };
	if (!ret->on)
		return;
	ret->lease_ns = map_lease_until(cache->map) - clock_boot_ns();
	ret->leased = ret->lease_ns > 0 && map_epoch(cache->map) != 0;
	memory_count(cache->map, &ret->memory);
}

void cache_worth(const struct cache *cache, const struct read_model *model,
		 struct worth_counts *ret)
{
	*ret = (struct worth_counts){ 0 };
	if (cache->map)
		worth_count(cache->map, model->id, ret);
}
