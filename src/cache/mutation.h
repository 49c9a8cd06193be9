/*
 * Guards of the protocol that a test may take out, to see that the checker of real servers is
 * not blind (docs/design/coherence.md, Proof on real servers):
 *
 *	SUCH_MARKET_MUTATION=no_lease such-market serve
 *
 * Compiled in only by --enable-mutations; otherwise every guard stands.
 */
#ifndef CACHE_MUTATION_H
#define CACHE_MUTATION_H

#include <stdbool.h>
#include <stdint.h>

/*	name        what is missing */
#define MUTATIONS(X)                                                                           \
	X(no_xid, "nobody raises slot.xid")                                                    \
	X(no_gen, "nobody raises slot.gen")                                                    \
	X(gen_before_commit, "a write raises slot.gen before COMMIT only")                     \
	X(ack_first, "a write raises nothing after COMMIT")                                    \
	X(retry_silent, "a repeated request is acknowledged, no more")                         \
	X(label_xmax, "a label is the snapshot's xmax, not its xmin")                          \
	X(label_last, "a label is taken after the data")                                       \
	X(late_gen, "a filler remembers gens after its read instead of before")                \
	X(redis_inv_only, "a Redis copy is judged by Redis' own marks alone")                  \
	X(redis_unchecked, "a Redis copy is not judged at all")                                \
	X(relabel, "a Redis copy goes to memory with a new label")                             \
	X(redis_v2, "a Redis copy goes to memory under V2")                                    \
	X(replica_unchecked, "a replica's answer is used whatever its label")                  \
	X(replica_xmax, "a replica's label is its snapshot's xmax")                            \
	X(replica_unleased, "replicas are asked without a lease")                              \
	X(replica_any_history, "a replica's answer is used whatever history it is of")         \
	X(replica_declared, "a replica's label is compared with declared tags alone")          \
	X(tag_forgotten, "a page has no tags of the tokens it shows")                          \
	X(certain_always, "found tags get V2 whatever the counter says")                       \
	X(counter_first, "the counter is asked before a found tag's gen")                      \
	X(count_after_gen, "a write raises gens first, then the counter")                      \
	X(relay_counts_after, "a relay raises gens first, then the counter")                   \
	X(relay_no_xid, "a relay does not raise slot.xid")                                     \
	X(relay_no_gen, "a relay does not raise slot.gen")                                     \
	X(cursor_max, "a relay's cursor is the greatest xid seen")                             \
	X(poison_skipped, "an event that cannot be applied is passed over")                    \
	X(no_lease, "copies are used without a lease")                                         \
	X(lease_at_end, "a lease counts from the end of a poll")                               \
	X(no_epoch, "copies are used whatever epoch they are of, and under any floor")         \
	X(silent_writer, "writers do not compare epochs with the mapping")                     \
	X(epoch_back, "a relay names what it polled before a void")                            \
	X(era_same, "voiding what is void leaves the era as it is")                            \
	X(no_floor, "a fresh mapping starts with floor 0, whatever was deleted")               \
	X(boot_blind, "a fresh mapping loads no events")                                       \
	X(prune_untold, "nobody is told that events were deleted")                             \
	X(start_over_keeps, "a relay that lost its place leaves memory alone")

enum mutation {
#define X(name, missing) MUTATION_##name,
	MUTATIONS(X)
#undef X
	MUTATION_COUNT
};

#ifdef ENABLE_MUTATIONS
bool mutated(enum mutation mutation);
#define MUTATED(name) mutated(MUTATION_##name)
#else
#define MUTATED(name) false
#endif

/* What is done instead, where that is more than a line; only after MUTATED(). */
struct arena;
struct cache_map;
struct entry;
struct pg;

/* Of a snapshot taken now: its xmin, or its xmax; 0: unknown. */
uint64_t mutation_label(struct pg *pg, bool xmax);
/* A copy of elsewhere gets the gens of now. */
void mutation_trust(const struct cache_map *map, struct arena *arena, struct entry *e);

#endif
