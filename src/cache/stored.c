#include "cache/stored.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/metric.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "cache/travel.h"
#include "net/pg.h"

#define NUMBER   24
#define PRUNE_MS 10000                /* it looks at each row, and removes any number of them */
#define ALONE_NS INT64_C(10000000000) /* after a failure */

struct stored {
	const struct cache_options *options;
	struct cache_map *map;
	struct pg *pg;
	int64_t alone_until_ns; /* monotonic */
};

struct stored *stored_new(const struct cache_options *options, struct cache_map *map,
			  struct pg *pg)
{
	struct stored *stored;

	if (!options->stored_on || !map)
		return NULL;
	stored = mem_alloc(sizeof(*stored));
	*stored = (struct stored){ .options = options, .map = map, .pg = pg };
	return stored;
}

void stored_free(struct stored *stored)
{
	free(stored);
}

/* The read goes on without: a table that is not there must not cost each of them. */
static bool failed(struct stored *stored, enum rc rc)
{
	if (rc == RC_OK)
		return false;
	metric_add(COUNTER_cache_stored_errors, 1);
	stored->alone_until_ns = clock_mono_ns() + ALONE_NS;
	return true;
}

static bool is_alone(const struct stored *stored)
{
	return !stored || clock_mono_ns() < stored->alone_until_ns;
}

/* "0x…"; 8-byte aligned. */
static struct str bytes_of(struct arena *arena, struct str text)
{
	size_t len = text.len > 2 ? text.len / 2 - 1 : 0;
	uint8_t *bytes = arena_alloc(arena, len + 1);

	if (hex_read(text, bytes, len) != RC_OK)
		return STR_NONE;
	return (struct str){ (char *)bytes, len };
}

bool stored_get(struct stored *stored, struct arena *arena, struct str key, struct entry *ret)
{
	struct entry e;

	if (is_alone(stored))
		return false;
	uint64_t era = map_era(stored->map);
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(stored->pg, STMT_stored_get, PG_ARGS(pg_text(arena_strz(arena, key))));
	if (failed(stored, row.rc))
		return false;
	if (row.count == 0) {
		metric_add(COUNTER_cache_stored_misses, 1);
		return false;
	}
	struct str value = bytes_of(arena, pg_str(&row, 0, 0));
	bool good = travel_read(value, key, &e) &&
		    travel_arrive(stored->map, arena, era, stored->options->stored_ms,
				  cache_ttl_ms(stored->options, (enum tier)e.head.tier,
					       (enum rc)e.head.rc),
				  &e) &&
		    travel_valid(stored->map, &e);
	metric_add(good ? COUNTER_cache_stored_hits : COUNTER_cache_stored_rejected, 1);
	if (good)
		*ret = e;
	return good;
}

void stored_put(struct stored *stored, struct arena *arena, const struct entry *e)
{
	char epoch[STAMP_EPOCH + 1], label[NUMBER];

	if (is_alone(stored) || entry_size(e) > ENTRY_MAX || !travel_valid(stored->map, e))
		return;
	snprintf(epoch, sizeof(epoch), "%016" PRIx64, e->head.epoch);
	snprintf(label, sizeof(label), "%" PRIu64, e->head.label);
	SCOPED(pg_result_done)
	struct pg_result put =
		pg_run(stored->pg, STMT_stored_put,
		       PG_ARGS(pg_text(arena_strz(arena, e->key)), pg_text(epoch),
			       pg_text(label), pg_bytes(travel_write(arena, e))));
	if (!failed(stored, put.rc))
		metric_add(COUNTER_cache_stored_writes, str_eqz(pg_str(&put, 0, 0), "t"));
}

void stored_prune(struct stored *stored)
{
	char epoch[STAMP_EPOCH + 1], keep[NUMBER], bytes[NUMBER];
	uint64_t now = stored ? map_epoch(stored->map) : 0;

	if (is_alone(stored) || now == 0)
		return;
	snprintf(epoch, sizeof(epoch), "%016" PRIx64, now);
	snprintf(keep, sizeof(keep), "%" PRId64, stored->options->stored_ms);
	snprintf(bytes, sizeof(bytes), "%" PRId64, stored->options->stored_bytes);
	pg_set_deadline(stored->pg, PRUNE_MS);
	SCOPED(pg_result_done)
	struct pg_result gone = pg_run(stored->pg, STMT_stored_prune,
				       PG_ARGS(pg_text(epoch), pg_text(keep), pg_text(bytes)));
	pg_set_deadline(stored->pg, 0);
	(void)failed(stored, gone.rc);
}
