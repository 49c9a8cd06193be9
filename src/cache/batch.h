/*
 * Several copies at once, for whoever knows what it will read (warming): what is in Redis comes
 * into memory in one round trip, and what is made goes to Redis in one.
 *
 *	cache_batch_begin(env->cache, 1000);
 *	cache_prefetch(env->cache, env->arena, &reads[READ_nft], args, n, &got);
 *	… read them one by one, each in a request of its own
 *	cache_batch_end(env->cache);
 *
 * Nothing here is needed for truth: each copy is judged as a single one is, those that come
 * when they arrive, those that go when they are sent.  Without memory, Redis or a lease it does
 * nothing.  Redis that fails costs its budget, and the keys are read one by one.
 */
#ifndef CACHE_BATCH_H
#define CACHE_BATCH_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct cache;
struct read_model;

#define BATCH_KEYS  100               /* of one question */
#define BATCH_FILLS 64                /* of one write … */
#define BATCH_BYTES ((size_t)1 << 20) /* … or one larger copy alone */

struct prefetched {
	size_t there;   /* in memory already */
	size_t brought; /* from Redis into memory, with the label they came with (V1 alone) */
};

/* args: of n reads of the model.  One round trip for each BATCH_KEYS keys of which memory has
 * no copy that may be used. */
void cache_prefetch(struct cache *cache, struct arena *arena, const struct read_model *model,
		    const void *const *args, size_t n, struct prefetched *ret);

/*
 * From here on fills that are to go to Redis are held back, and sent together: when they are
 * many, when one was held for hold_ms and the next comes, and at the end.  Memory gets them at
 * once.  And what Redis was found to lack by a prefetch is not asked for again.  One a cache.
 */
void cache_batch_begin(struct cache *cache, int64_t hold_ms);
void cache_batch_end(struct cache *cache);

#endif
