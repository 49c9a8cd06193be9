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

/*	name        what is missing */
#define MUTATIONS(X)                                                                           \
	X(no_xid, "a write does not raise slot.xid")                                           \
	X(no_gen, "a write does not raise slot.gen")                                           \
	X(late_gen, "a filler remembers gens after its read instead of before")                \
	X(no_lease, "copies are used without a lease")                                         \
	X(no_epoch, "copies are used whatever epoch they are of, and under any floor")         \
	X(replica_unchecked, "a replica's answer is used whatever its label")                  \
	X(replica_unleased, "replicas are asked without a lease")                              \
	X(replica_any_history, "a replica's answer is used whatever history it is of")

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

#endif
