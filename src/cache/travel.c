#include "cache/travel.h"

#include <string.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "cache/map.h"

#define NS_PER_MS INT64_C(1000000)

void travel_stamp(uint64_t epoch, uint64_t label, char ret[STAMP + 1])
{
	hex_write_u64(epoch, ret);
	hex_write_u64(label, ret + 16);
}

bool travel_read(struct str value, struct str key, struct entry *ret)
{
	char stamp[STAMP + 1];

	if (value.len < STAMP || !entry_decode(str_from(value, STAMP), key, ret))
		return false;
	travel_stamp(ret->head.epoch, ret->head.label, stamp);
	return memcmp(value.ptr, stamp, STAMP) == 0;
}

struct str travel_write(struct arena *arena, const struct entry *e)
{
	struct entry shared = *e;
	struct entry_tag *tags = arena_zalloc(arena, (e->head.tags + 1u) * sizeof(*tags));
	size_t size = STAMP + entry_size(e);
	char *value = arena_alloc(arena, size), stamp[STAMP + 1];

	for (uint32_t i = 0; i < e->head.tags; i++)
		tags[i].hash = e->tag[i].hash;
	shared.tag = tags;
	shared.head.primary = 0;
	shared.head.era = 0;
	shared.head.expires_ns = shared.head.read_ns = 0;
	travel_stamp(e->head.epoch, e->head.label, stamp);
	memcpy(value, stamp, STAMP);
	entry_encode(&shared, value + STAMP);
	return (struct str){ value, size };
}

bool travel_arrive(const struct cache_map *map, struct arena *arena, uint64_t era,
		   int64_t keep_ms, int64_t ttl_ms, struct entry *e)
{
	struct entry_tag *tags = arena_zalloc(arena, (e->head.tags + 1u) * sizeof(*tags));
	/* Anybody's number: it is looked at before it is counted with. */
	int64_t age_ms =
		e->head.made_us < 0 ? keep_ms : (clock_wall_us() - e->head.made_us) / 1000;

	for (uint32_t i = 0; i < e->head.tags; i++) {
		tags[i].hash = e->tag[i].hash;
		tags[i].slot = map_slot_of(map, tags[i].hash);
	}
	e->tag = tags;
	e->head.era = era;
	e->head.primary = false;
	e->head.expires_ns = e->head.read_ns = 0;
	if (age_ms >= keep_ms)
		return false;
	/* Made in the future: another machine's clock. */
	keep_ms -= age_ms > 0 ? age_ms : 0;
	e->head.expires_ns =
		clock_boot_ns() + (keep_ms < ttl_ms ? keep_ms : ttl_ms) * NS_PER_MS;
	return true;
}

bool travel_valid(const struct cache_map *map, const struct entry *e)
{
	if (e->head.epoch == 0 || e->head.epoch != map_epoch(map) ||
	    e->head.label <= map_floor(map))
		return false;
	for (uint32_t i = 0; i < e->head.tags; i++)
		if (!map_label_ok(map, e->tag[i].slot, e->head.label))
			return false;
	return true;
}
