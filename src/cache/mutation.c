#include "cache/mutation.h"

#ifdef ENABLE_MUTATIONS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/scope.h"
#include "cache/entry.h"
#include "cache/map.h"
#include "net/pg.h"

static enum mutation chosen(void)
{
	static const char *const names[] = {
#define X(name, missing) #name,
		MUTATIONS(X)
#undef X
	};
	const char *name = getenv("SUCH_MARKET_MUTATION");
	int i = 0;

	while (name && i < MUTATION_COUNT && strcmp(names[i], name) != 0)
		i++;
	if (name && i == MUTATION_COUNT) {
		fprintf(stderr, "SUCH_MARKET_MUTATION: there is no %s\n", name);
		exit(EXIT_FAILURE);
	}
	return name ? (enum mutation)i : MUTATION_COUNT;
}

bool mutated(enum mutation mutation)
{
	static enum mutation which;
	static bool read;

	if (!read)
		which = chosen();
	read = true;
	return which == mutation;
}

uint64_t mutation_label(struct pg *pg, bool xmax)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_exec(pg, xmax ? "SELECT pg_snapshot_xmax(pg_current_snapshot())"
				 : "SELECT pg_snapshot_xmin(pg_current_snapshot())");
	uint64_t label;

	return row.rc == RC_OK && str_u64(pg_str(&row, 0, 0), UINT64_MAX, &label) ? label : 0;
}

void mutation_trust(const struct cache_map *map, struct arena *arena, struct entry *e)
{
	struct entry_tag *tags = arena_zalloc(arena, (e->head.tags + 1u) * sizeof(*tags));

	for (uint32_t i = 0; i < e->head.tags; i++)
		tags[i] = (struct entry_tag){ .hash = e->tag[i].hash,
					      .gen = map_gen(map, e->tag[i].slot),
					      .slot = e->tag[i].slot,
					      .certain = true };
	e->tag = tags;
	e->head.primary = true;
}
#endif
