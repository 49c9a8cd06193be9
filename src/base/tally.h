/*
 * What is counted for analytics: requests by route and status class, their time, reads by read
 * model, tier and outcome, most-read collections, events applied.  A worker (a relay) adds to
 * the tally of its own slot of the board and to nothing else; the ticker takes the sums to
 * Redis (base/ledger.h).
 *
 * A request counts when its answer is made and before it is sent: whoever has an answer was
 * counted, and a worker that dies while it sends has counted once.
 *
 * With -DDISABLE_COUNTERS all of it is nothing (bench/cache.sh).
 */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/metric.h"
#include "base/str.h"
#include "base/top.h"

struct buf;

#define TALLY_ROUTES 96 /* rows of the route table; the last one: no such route */
#define TALLY_OTHER  (TALLY_ROUTES - 1)
#define TALLY_READS  48 /* read models */

enum tally_class {
	TALLY_2XX,
	TALLY_3XX,
	TALLY_4XX,
	TALLY_5XX,
	TALLY_CLASSES
};

/*	name              tier        outcome */
#define TALLY_OUTCOMES_OF(X)                                                                   \
	X(memory_hit, "memory", "hit")                                                         \
	X(redis_hit, "redis", "hit")                                                           \
	X(stored_hit, "stored", "hit")                                                         \
	X(stale, "memory", "stale")         /* flagged, while the database was away */         \
	X(coalesced, "memory", "coalesced") /* waited for another one's fill */                \
	X(miss, "database", "miss")                                                            \
	X(bypass, "database", "bypass") /* copies could not be used: no lease, or none kept */ \
	X(error, "database", "error")

enum tally_outcome {
#define X(name, tier, outcome) TALLY_##name,
	TALLY_OUTCOMES_OF(X)
#undef X
	TALLY_OUTCOMES
};

struct tally_outcome_row {
	const char *name, *tier, *outcome;
};
extern const struct tally_outcome_row tally_outcomes[TALLY_OUTCOMES];
extern const char *const tally_classes[TALLY_CLASSES]; /* "2xx" … */

/* 64-bit words only: cells. */
struct tally {
	uint64_t requests, errors; /* errors: answers with a 5xx status */
	uint64_t events;           /* of the outbox, applied by a relay */
	uint64_t route[TALLY_ROUTES][TALLY_CLASSES];
	uint64_t route_ns[TALLY_ROUTES];
	struct histogram_cells latency;
	uint64_t read[TALLY_READS][TALLY_OUTCOMES];
};
#define TALLY_CELLS (sizeof(struct tally) / sizeof(uint64_t))

/* Where this process adds; NULL or before: a private place. */
void tally_attach(struct tally *tally, struct top *top);

#ifdef DISABLE_COUNTERS
#define tally_request(route, status, ns) ((void)(route), (void)(status), (void)(ns))
#define tally_read(read, outcome)        ((void)(read), (void)(outcome))
#define tally_collection(address)        ((void)(address))
#define tally_events(n)                  ((void)(n))
#else
/* ns: from its first byte to its answer. */
void tally_request(size_t route, int status, int64_t ns);
void tally_read(size_t read, enum tally_outcome outcome);
void tally_collection(const struct address *address);
void tally_events(uint64_t n);
#endif

/* Adds what another process may be writing meanwhile. */
void tally_sum(struct tally *into, const struct tally *from);

/* --- the names of cells: fields of hashes in Redis */

struct tally_names {
	const char *const *route; /* "GET /api/collections"; NULL: no such row */
	size_t routes;
	const char *const *read;
	size_t reads;
};

/* The cell's field, appended; false: it has none (a row that no table has). */
bool tally_field(const struct tally_names *names, size_t cell, struct buf *out);
/* The other way; TALLY_CELLS: no cell of this program. */
size_t tally_cell(const struct tally_names *names, struct str field);

#endif
