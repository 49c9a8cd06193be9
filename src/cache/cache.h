/*
 * The seam every cached read goes through.  A read model names its tier and how it is filled;
 * cache_through answers from the nearest valid copy, else runs the filler, and stamps the answer
 * (strong ETag from the body, source).  Without tiers every read goes to the filler.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "base/answer.h"
#include "base/rc.h"

struct cache;

struct read_model {
	const char *name;
	enum tier tier;
	/* Writes the body; RC_NOT_FOUND makes a negative answer.  ctx and args are the caller's. */
	enum rc (*fill)(void *ctx, const void *args, struct answer *ret);
};

struct cache *cache_new(void);
void cache_free(struct cache *cache);

/* RC_OK: *ret is complete.  RC_NOT_FOUND: negative.  Else the filler's failure. */
enum rc cache_through(struct cache *cache, const struct read_model *model, void *ctx,
		      const void *args, struct answer *ret);

#endif
