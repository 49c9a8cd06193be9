#include "cache/cache.h"

#include <assert.h>
#include <stdlib.h>
#include "base/arena.h"

struct cache {
	struct cache_counts counts;
};

struct cache *cache_new(void)
{
	return mem_alloc(sizeof(struct cache));
}

void cache_free(struct cache *cache)
{
	free(cache);
}

struct cache_counts cache_counts(const struct cache *cache)
{
	return cache->counts;
}

static enum rc fill(struct cache *cache, const struct read_model *model, void *ctx,
		    const void *args, struct answer *ret)
{
	enum rc rc = model->fill(ctx, args, ret);

	if (rc != RC_OK && rc != RC_NOT_FOUND) {
		cache->counts.failures++;
		return rc;
	}
	cache->counts.fills++;
	cache->counts.negatives += rc == RC_NOT_FOUND;
	return rc;
}

enum rc cache_through(struct cache *cache, const struct read_model *model, void *ctx,
		      const void *args, struct answer *ret)
{
	struct answer answer = { .tier = model->tier, .source = SOURCE_DATABASE };
	enum rc rc = fill(cache, model, ctx, args, &answer);

	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	assert(answer.body.ptr || answer.body.len == 0);
	answer.rc = rc;
	if (rc == RC_OK)
		answer_stamp(&answer);
	*ret = answer;
	return rc;
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
