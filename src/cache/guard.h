/*
 * Something that a process keeps for itself, outside of the tiers: may it still be used?  The
 * rules are those of a copy in memory (docs/design/coherence.md), for one tag.
 *
 *	guard_begin(&guard, cache, TAG_KEYS);
 *	one statement on the primary
 *	guard_end(&guard, cache);
 *	... if (guard_holds(&guard, cache, clock_boot_ns())) use what it read
 */
#ifndef CACHE_GUARD_H
#define CACHE_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include "cache/tag.h"

struct cache;

struct cache_guard {
	uint64_t gen, label, epoch, era;
	uint32_t slot;
	bool set;
};

/* Anything may be kept now: there is a mapping, with a lease, of a known epoch. */
bool guard_possible(const struct cache *cache, int64_t boot_ns);
/* Before the read: what the mapping says of the tag (one without address and rest). */
void guard_begin(struct cache_guard *guard, struct cache *cache, enum tag_kind tag);
/* After it.  guard->set is false when nobody knows how old the read is: use it once, at most.
 */
void guard_end(struct cache_guard *guard, struct cache *cache);
bool guard_holds(const struct cache_guard *guard, const struct cache *cache, int64_t boot_ns);

#endif
