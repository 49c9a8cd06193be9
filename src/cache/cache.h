/*
 * The seam every cached read goes through.  A read model names its tier and how it is filled;
 * cache_through answers from the nearest valid copy, else runs the filler, and stamps the
 * answer (strong ETag from the body, source).  Without tiers every read goes to the filler.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include <stdint.h>
#include "base/answer.h"
#include "base/rc.h"

struct cache;

struct read_model {
	const char *name;
	enum tier tier;
	/* Writes content type, body and modified_us; RC_NOT_FOUND makes a negative answer,
	 * whose body may say in one word what is missing.  ctx and args are the caller's. */
	enum rc (*fill)(void *ctx, const void *args, struct answer *ret);
};

struct cache_counts {
	uint64_t fills;     /* answers made by a filler */
	uint64_t negatives; /* of those: "nothing there" */
	uint64_t failures;  /* fillers that failed */
};

struct cache *cache_new(void);
void cache_free(struct cache *cache);
struct cache_counts cache_counts(const struct cache *cache);

/* RC_OK, RC_NOT_FOUND (negative): *ret is complete.  Else the filler's failure, *ret is
 * untouched. */
enum rc cache_through(struct cache *cache, const struct read_model *model, void *ctx,
		      const void *args, struct answer *ret);

const char *tier_name(enum tier tier); /* "warm" */

#endif
