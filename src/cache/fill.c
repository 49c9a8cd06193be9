/* Answers are made, of which so many at once, and kept when they are out. */
#include "cache/through.h"

#include <assert.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/gz.h"
#include "base/metric.h"
#include "base/stages.h"
#include "cache/flight.h"
#include "cache/map.h"
#include "cache/memory.h"
#include "cache/mutation.h"
#include "cache/redis_tier.h"
#include "cache/stored.h"
#include "cache/turns.h"
#include "cache/worth.h"
#include "net/pg.h"

static struct entry_tag *entry_tags(struct arena *arena, const struct tag_list *tags)
{
	struct entry_tag *ret = arena_zalloc(arena, (tags->n + 1) * sizeof(*ret));

	for (uint32_t i = 0; i < tags->n; i++)
		ret[i] = (struct entry_tag){ tags->tag[i].hash, tags->tag[i].gen,
					     tags->tag[i].slot, tags->tag[i].certain };
	return ret;
}

/* What the database tier kept may be older than Redis keeps anything. */
static int64_t time_left_ms(const struct cache_options *options, const struct entry *e)
{
	int64_t age_ms = (clock_wall_us() - e->head.made_us) / 1000;

	return cache_ttl_ms(options, (enum tier)e->head.tier, (enum rc)e->head.rc) -
	       (age_ms > 0 ? age_ms : 0);
}

void through_share(const struct through *t, const struct entry *e)
{
	struct cache *cache = t->cache;
	uint32_t class = worth_class(cache->map, t->model->id, e->key);
	int64_t left_ms = time_left_ms(cache->options, e);

	if (cache->redis && left_ms > 0 && worth_writing(cache->map, class) &&
	    !batch_take(cache, e, left_ms))
		redis_tier_put(cache->redis, t->arena, e, left_ms);
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
	e.head.read_ns = t->primary ? t->read_ns : 0;
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
		through_share(t, &e);
	if (t->seated)
		flight_end(t->cache->map, map_key_hash(t->cache->map, e.key));
	if (t->cache->memory_on)
		through_share(t, &e);
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

enum rc through_run(struct through *t)
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

/* Of those that ask the database at once.  False: there are too many. */
static bool take_turn(struct through *t, int *ret_place)
{
	const struct cache_options *options = t->cache->options;

	*ret_place =
		turn_begin(t->cache->map, options->fills, options->fill_wait_ms * NS_PER_MS);
	if (*ret_place >= 0)
		return true;
	t->crowded = true;
	metric_add(COUNTER_cache_crowded, 1);
	return false;
}

/* A key that is too long is a fill like others, but that it cannot be kept. */
enum rc through_plain(struct through *t, struct answer *ret)
{
	bool turn = t->key.failed && t->cache->map;
	int place;

	if (turn && !take_turn(t, &place))
		return RC_UNAVAILABLE;
	t->tags = NULL;
	enum rc rc = through_run(t);

	if (turn)
		turn_end(t->cache->map, place);
	if (rc == RC_OK || rc == RC_NOT_FOUND)
		*ret = t->answer;
	return rc;
}

void through_declare(struct through *t)
{
	t->tags = arena_alloc(t->arena, sizeof(*t->tags));
	tags_init(t->tags, t->cache->map);
	t->model->tags(t->args, t->tags);
}

/* For a fill, which carries its own key as a tag too. */
void through_declare_fill(struct through *t)
{
	through_declare(t);
	tags_add_key(t->tags, key_str(&t->key));
	tags_reading(t->tags);
}

static bool is_worth_keeping(const struct through *t)
{
	return t->label && t->epoch && !t->tags->overflow && t->answer.body.len < ENTRY_MAX / 2;
}

/* Keeps it when the answer is out, or lets others fill. */
void through_hand_over(struct through *t, struct answer *ret)
{
	if (is_worth_keeping(t))
		arena_defer(t->arena, keep, t);
	else if (t->seated)
		flight_end(t->cache->map, map_key_hash(t->cache->map, key_str(&t->key)));
	*ret = t->answer;
}

/* Epoch, era and gens are from before the read, the label from the read itself. */
static enum rc fill_now(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;

	t->primary = true;
	t->read_ns = clock_boot_ns();
	t->epoch = cache_know_epoch(cache);
	t->era = map_era(cache->map);
	through_declare_fill(t);
	uint64_t xmax = MUTATED(label_xmax) ? mutation_label(cache->pg, true) : 0;
	pg_label_begin(cache->pg);
	enum rc rc = through_run(t);
	t->label = MUTATED(label_xmax) ? xmax : pg_label(cache->pg);
	FAILPOINT(after_read);
	if (MUTATED(label_last))
		t->label = mutation_label(cache->pg, false);
	for (uint32_t i = 0; MUTATED(late_gen) && i < t->tags->n; i++)
		t->tags->tag[i].gen = map_gen(cache->map, t->tags->tag[i].slot);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	if (t->epoch != cache->epoch)
		t->epoch = 0; /* another connection in the midst of it: two histories */
	through_hand_over(t, ret);
	return rc;
}

/* The database, whichever of its servers, is asked by so many at once. */
enum rc through_fill(struct through *t, bool standby, struct answer *ret)
{
	int place;

	if (!take_turn(t, &place))
		return RC_UNAVAILABLE;
	enum rc rc = standby && through_replica(t, ret) ? ret->rc : fill_now(t, ret);
	turn_end(t->cache->map, place);
	return rc;
}
