#include "cache/batch.h"

#include <assert.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "cache/memory.h"
#include "cache/redis_tier.h"
#include "cache/through.h"

struct batch {
	struct arena *arena; /* of the fills, until they are sent */
	struct redis_fill fill[BATCH_FILLS];
	size_t fills, bytes;
	int64_t hold_ns, since_ns;    /* the oldest fill */
	uint64_t lacking[BATCH_KEYS]; /* keys' hashes, a ring; 0: none */
	size_t lacks;
};

/* --- reading ------------------------------------------------------------------------------ */

static bool is_in_memory(struct through *t, int64_t boot_ns)
{
	struct entry e;

	return memory_get(t->cache->map, t->arena, key_str(&t->key), &e) &&
	       through_usable(t, &e, boot_ns);
}

/* Those that memory does not have. */
static size_t wish_for(struct through *t, const void *const *args, size_t n,
		       struct redis_wish *wish, struct prefetched *ret)
{
	struct tag_list *tags = arena_alloc(t->arena, sizeof(*tags));
	int64_t boot_ns = clock_boot_ns();
	size_t wishes = 0;

	for (size_t i = 0; i < n; i++) {
		t->key.len = 0;
		t->key.failed = false;
		t->model->key(args[i], &t->key);
		if (t->key.failed)
			continue;
		if (is_in_memory(t, boot_ns)) {
			ret->there++;
			continue;
		}
		tags_init(tags, t->cache->map);
		t->model->tags(args[i], tags);
		redis_wish_for(&wish[wishes++], arena_dup(t->arena, key_str(&t->key)), tags);
	}
	return wishes;
}

static void remember_lacking(struct cache *cache, struct str key)
{
	struct batch *batch = cache->batch;

	if (batch)
		batch->lacking[batch->lacks++ % BATCH_KEYS] = map_key_hash(cache->map, key);
}

static void prefetch_some(struct through *t, const void *const *args, size_t n,
			  struct prefetched *ret)
{
	struct cache *cache = t->cache;
	struct redis_wish *wish = arena_alloc(t->arena, n * sizeof(*wish));
	size_t wishes = wish_for(t, args, n, wish, ret);

	redis_tier_get_all(cache->redis, t->arena, wish, wishes);
	if (!map_lease_valid(cache->map, clock_boot_ns()))
		return;
	for (size_t i = 0; i < wishes; i++) {
		if (wish[i].found == REDIS_HAS)
			ret->brought += memory_put(cache->map, &wish[i].copy);
		else if (wish[i].found == REDIS_LACKS)
			remember_lacking(cache, wish[i].key);
	}
}

void cache_prefetch(struct cache *cache, struct arena *arena, const struct read_model *model,
		    const void *const *args, size_t n, struct prefetched *ret)
{
	struct through t = { .cache = cache, .arena = arena, .model = model };

	*ret = (struct prefetched){ 0 };
	if (!cache->map || !cache->memory_on || !cache->redis || model->tier == TIER_NONE)
		return;
	for (size_t i = 0; i < n; i += BATCH_KEYS) {
		if (!map_lease_valid(cache->map, clock_boot_ns()))
			return;
		prefetch_some(&t, args + i, n - i < BATCH_KEYS ? n - i : BATCH_KEYS, ret);
	}
}

bool batch_lacks(struct cache *cache, struct str key)
{
	struct batch *batch = cache->batch;

	if (!batch || batch->lacks == 0)
		return false;
	uint64_t hash = map_key_hash(cache->map, key);
	for (size_t i = 0; i < BATCH_KEYS; i++) {
		if (batch->lacking[i] != hash)
			continue;
		batch->lacking[i] = 0;
		return true;
	}
	return false;
}

/* --- writing ------------------------------------------------------------------------------ */

/* The tier looks at the labels once more; what was made before a void is void. */
static void send_fills(struct cache *cache)
{
	struct batch *batch = cache->batch;
	size_t n = 0;

	for (size_t i = 0; i < batch->fills; i++)
		if (batch->fill[i].e->head.era == map_era(cache->map))
			batch->fill[n++] = batch->fill[i];
	redis_tier_put_all(cache->redis, batch->arena, batch->fill, n);
	batch->fills = batch->bytes = 0;
	arena_reset(batch->arena);
}

static const struct entry *copy_of(struct arena *arena, const struct entry *e)
{
	size_t tags = e->head.tags * sizeof(*e->tag);
	struct entry *copy = arena_alloc(arena, sizeof(*copy));

	*copy = *e;
	copy->tag = memcpy(arena_alloc(arena, tags + 1), e->tag, tags);
	copy->key = arena_dup(arena, e->key);
	copy->body = arena_dup(arena, e->body);
	return copy;
}

/* Whoever waits for a fill without memory looks into Redis, and damage heals at once. */
bool batch_take(struct cache *cache, const struct entry *e, int64_t ttl_ms)
{
	struct batch *batch = cache->batch;
	int64_t mono_ns;

	if (!batch || !cache->memory_on || redis_tier_is_damaged(cache->redis, e->key))
		return false;
	if (batch->bytes + entry_size(e) > BATCH_BYTES)
		send_fills(cache);
	mono_ns = clock_mono_ns();
	if (batch->fills == 0)
		batch->since_ns = mono_ns;
	batch->fill[batch->fills++] = (struct redis_fill){ copy_of(batch->arena, e), ttl_ms };
	batch->bytes += entry_size(e);
	if (batch->fills == BATCH_FILLS || mono_ns - batch->since_ns >= batch->hold_ns)
		send_fills(cache);
	return true;
}

void cache_batch_begin(struct cache *cache, int64_t hold_ms)
{
	assert(!cache->batch);
	cache->batch = mem_alloc(sizeof(*cache->batch));
	cache->batch->arena = arena_new(64 * 1024);
	cache->batch->hold_ns = hold_ms * NS_PER_MS;
}

void cache_batch_end(struct cache *cache)
{
	send_fills(cache);
	arena_free(cache->batch->arena);
	free(cache->batch);
	cache->batch = NULL;
}
