/* A standby is asked instead of the primary. */
#include "cache/through.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "cache/map.h"
#include "cache/mutation.h"
#include "cache/replica.h"
#include "net/epoch.h"
#include "net/pg.h"

/* How many tags it had before the read, its own key among them; for a mutation. */
static uint32_t declared(const struct through *t)
{
	struct tag_list *list = arena_alloc(t->arena, sizeof(*list));

	tags_init(list, t->cache->map);
	t->model->tags(t->args, list);
	return list->n + 1;
}

/* V1 for every tag, those found in the data among them, as things are after the read. */
static bool is_current(const struct through *t)
{
	const struct cache_map *map = t->cache->map;

	if (MUTATED(replica_unchecked))
		return t->label != 0;
	if (t->label == 0 || t->tags->overflow || map_epoch(map) != t->epoch ||
	    map_era(map) != t->era)
		return false;
	uint32_t n = MUTATED(replica_declared) ? declared(t) : t->tags->n;
	for (uint32_t i = 0; i < n; i++)
		if (!map_label_ok(map, t->tags->tag[i].slot, t->label))
			return false;
	return MUTATED(replica_unleased) || map_lease_valid(map, clock_boot_ns());
}

static enum replica_outcome judge_replica(const struct through *t, enum rc rc,
					  const struct standby_place *place)
{
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return REPLICA_FAILED;
	if ((!place->line || place->line != map_line(t->cache->map)) &&
	    !MUTATED(replica_any_history))
		return REPLICA_REFUSED;
	return is_current(t) ? REPLICA_USED : REPLICA_BEHIND;
}

/* The label, the read, and where it was read, all on one connection: otherwise it failed. */
static enum rc read_replica(struct through *t, struct pg *pg, struct standby_place *ret)
{
	struct cache *cache = t->cache;

	uint64_t xmax = MUTATED(replica_xmax) ? mutation_label(pg, true) : 0;
	cache->ask(t->ctx, pg);
	pg_label_begin(pg);
	enum rc rc = through_run(t);
	cache->ask(t->ctx, cache->pg);
	FAILPOINT(after_read);
	if (rc == RC_OK || rc == RC_NOT_FOUND) {
		enum rc rc_place = pg_label_taken(pg) ? epoch_place(pg, ret) : RC_UNAVAILABLE;

		rc = rc_place == RC_OK ? rc : rc_place;
	}
	t->label = MUTATED(replica_xmax) ? xmax : pg_label(pg);
	return rc;
}

/*
 * A standby's answer counts when it is of the primary's line and holds all that this machine
 * knows was written.  Where it is is asked after the read: who is a standby then was one all
 * the time.  What it read is good by its label alone, never V2.  The primary was connected to
 * before: fillers may need what is learned there (cache_connected).
 */
bool through_replica(struct through *t, struct answer *ret)
{
	struct cache *cache = t->cache;
	struct standby_place place = { 0 };

	t->era = map_era(cache->map);
	t->epoch = map_epoch(cache->map);
	if (!cache->replicas || !t->epoch || !cache->epoch)
		return false;
	t->primary = false;
	through_declare_fill(t);
	struct pg *pg = replicas_take(cache->replicas, t->model, t->tags, clock_mono_ns());
	if (!pg)
		return false;
	enum rc rc = read_replica(t, pg, &place);
	enum replica_outcome outcome = judge_replica(t, rc, &place);
	replicas_tell(cache->replicas, outcome, rc, t->label, place.lsn);
	if (outcome != REPLICA_USED)
		return false;
	t->answer.source = SOURCE_REPLICA;
	through_hand_over(t, ret);
	return true;
}
