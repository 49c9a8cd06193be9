#include "cache/guard.h"

#include "cache/cache.h"
#include "cache/map.h"

bool guard_possible(const struct cache *cache, int64_t boot_ns)
{
	const struct cache_map *map = cache_mapping(cache);

	return map && map_lease_valid(map, boot_ns) && map_epoch(map) != 0;
}

/* Epoch, era and gen are from before the read, the label from the read itself. */
void guard_begin(struct cache_guard *guard, struct cache *cache, enum tag_kind tag)
{
	const struct cache_map *map = cache_mapping(cache);
	char text[TAG_TEXT_MAX];

	*guard = (struct cache_guard){ .set = false };
	if (!map)
		return;
	guard->epoch = cache_read_begin(cache);
	guard->era = map_era(map);
	guard->slot = map_slot_of(
		map, tag_hash((struct str){ text, tag_write(tag, NULL, STR_NONE, text) }));
	guard->gen = map_gen(map, guard->slot);
}

void guard_end(struct cache_guard *guard, struct cache *cache)
{
	if (!cache_mapping(cache))
		return;
	guard->label = cache_read_end(cache, guard->epoch);
	guard->set = guard->label != 0;
}

bool guard_holds(const struct cache_guard *guard, const struct cache *cache, int64_t boot_ns)
{
	const struct cache_map *map = cache_mapping(cache);

	return guard->set && map && map_lease_valid(map, boot_ns) &&
	       guard->epoch == map_epoch(map) && guard->era == map_era(map) &&
	       (map_label_ok(map, guard->slot, guard->label) ||
		guard->gen == map_gen(map, guard->slot));
}
