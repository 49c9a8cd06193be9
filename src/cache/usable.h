/*
 * Whether a copy of this mapping holds what the mapping knows of (layout.h has the rule); lease
 * and time are asked for apart.  Inline: each hit asks.
 */
#ifndef CACHE_USABLE_H
#define CACHE_USABLE_H

#include "cache/entry.h"
#include "cache/layout.h"
#include "cache/mutation.h"

static inline bool copy_of_history(const struct cache_map *map, const struct entry_head *h)
{
	return MUTATED(no_epoch) ||
	       (h->epoch != 0 && h->epoch == map_epoch(map) && h->era == map_era(map));
}

/* Each tag by its own right: V1, or V2.  A page has a hundred. */
static inline bool copy_unchanged(const struct cache_map *map, const struct entry *e)
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

#endif
