/*
 * The cache protocol as an executable specification; docs/design/coherence.md has the argument.
 *
 * One answer (key "page") is made of rows that a few transactions write, so its value is the
 *set of writers it contains.  It depends on two tags: PAGE, declared before the read, and
 *TOKEN, found in the data.  Every interleaving of writers, fillers, relays and faults is walked
 *(walk.c), one file an actor:
 *
 *	postgres.c  log, snapshots, labels, crash recovery, promotion
 *	mapping.c   what a machine remembers, and which copies it may use (src/cache/map.c,
 *cache.c) writer.c    the write path          reader.c  fills, and what every lookup would be
 *told relay.c     src/jobs/relay.c        nemesis.c the faults
 *
 * Counters that are only ever compared with what they were (gen, the write counter, era) are
 *kept as one bit in whoever remembers them: "has not moved since".  That makes the states
 *finite, so fillers and relays go round for ever and every configuration is walked to its end.
 */
#ifndef PROOF_PROTOCOL_H
#define PROOF_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MACHINES = 2,
	PSQL = MACHINES, /* where a writer is that is none of ours */
	WRITERS = 2,
	READERS = 2,
	LOG = 2 * WRITERS
};

/* Tags, as bits of a set. */
enum {
	PAGE = 1,
	TOKEN = 2,
	TAGS = 2
};

enum mutation {
#define MUTATION(name, config, text) M_##name,
#include "proof/mutations.def"
	M_COUNT
};

/* Who takes part, and which faults may happen. */
struct config {
	const char *name;
	int writers, readers;
	uint8_t writer_at[WRITERS];   /* machine or PSQL */
	uint8_t writer_tags[WRITERS]; /* 0: no tag says what it changed */
	uint8_t reader_at[READERS];
	unsigned with;
};
enum {
	F_REDIS = 1 << 0,        /* it may lose messages, answer nothing */
	F_DUMP = 1 << 1,         /* and come back with a copy of an earlier moment */
	F_REPLICA = 1 << 2,      /* a lagging standby */
	F_LABEL = 1 << 3,        /* label and data are two statements */
	F_FOUND_TAG = 1 << 4,    /* TOKEN matters */
	F_KILL = 1 << 5,         /* workers are killed; their clients ask again */
	F_CRASH = 1 << 6,        /* PostgreSQL crashes: lost xids come again */
	F_PROMOTION = 1 << 7,    /* the standby becomes the primary: commits are lost */
	F_PAUSE = 1 << 8,        /* T passes while everybody stands still */
	F_REBOOT = 1 << 9,       /* machine 1 gets a fresh mapping */
	F_RELAY_DEATH = 1 << 10, /* machine 1's relay forgets where it was */
	F_POISON = 1 << 11,      /* an event that cannot be applied */
	F_PRUNE = 1 << 12,       /* old events are deleted */
	F_STRAY = 1 << 13        /* the standby leaves our history: promoted by mistake */
};
#define F_HISTORIES (F_CRASH | F_PROMOTION)

/* The answer, somewhere.  label 0: there is none. */
struct copy {
	uint8_t value, label, epoch;
};

enum writer_at {
	W_IDLE,
	W_BEGUN,
	W_RAISED, /* slot.xid */
	W_COMMITTED,
	W_COUNTED,
	W_GENS,   /* raised: nothing left but to acknowledge */
	W_ORPHAN, /* killed after COMMIT; its client will ask again */
	W_DONE
};

enum reader_at {
	R_IDLE,
	R_LABELLED, /* has declared its tags and taken a label */
	R_READ,     /* has the data */
	R_FOUND,    /* has looked up what the found tag's slot says */
	R_FILL_MEMORY,
	R_FILL_REDIS
};

enum relay_at {
	RELAY_IDLE,
	RELAY_POLLED,
	RELAY_HEADED,
	RELAY_COUNTED,
	RELAY_PARK
};

/* All bytes, so that states are compared as bytes. */
struct state {
	/* PostgreSQL.  Sets are bits by writer. */
	uint8_t log[LOG], log_len, flushed; /* entry: writer, with LOG_* */
	uint8_t xid[WRITERS], next_xid;
	uint8_t epoch;      /* history and clear number */
	uint8_t replica_at; /* how much of the log the standby has replayed */
	struct copy stray;  /* what a standby of another line says; label 0: it is of ours */
	uint8_t acked;      /* by anybody */
	uint8_t lost;       /* acknowledged or not: promotion undid it */
	uint8_t parked;     /* the event that nobody can apply */
	uint8_t gone;       /* events that were deleted */
	uint8_t pruned;     /* above their xids, as the database says */

	struct writer {
		uint8_t at, epoch; /* epoch: as its transaction read it */
	} w[WRITERS];

	struct machine {
		uint8_t slot_xid[TAGS], floor, epoch, seen, lease;
		struct copy memory;
		uint8_t v2;     /* set of tags by whose gens the copy is still good */
		uint8_t must;   /* what every answer of this machine has to contain by now */
		uint8_t forbid; /* and what none may */

		/* Its relay. */
		uint8_t prev,
			history; /* what the last applied poll saw, and of which history */
		uint8_t cursor;  /* of the mutation cursor_max */
		struct {
			uint8_t at, seen, events, gap, pruned, epoch, acked, lost, era_same,
				late;
		} poll;
	} m[MACHINES];

	/* Fillers: each goes round for ever. */
	struct reader {
		uint8_t at, epoch; /* of its connection; 0: none */
		uint8_t era_same, gens, writes_same, certain;
		uint8_t primary, to_redis;
		struct copy got;
	} r[READERS];

	struct copy redis, dump;
	uint8_t redis_inv;
	uint8_t faults; /* FAULT_*: at most once */
};
enum {
	LOG_WRITER = 7,
	LOG_END = 8,
	LOG_COMMIT = 16
};
enum {
	FAULT_KILL = 1,
	FAULT_HISTORY = 2,
	FAULT_REBOOT = 4,
	FAULT_RELAY = 8
};

extern const struct config *cf;
extern enum mutation mutation;
static inline bool is(enum mutation m)
{
	return mutation == m;
}
static inline bool with(unsigned what)
{
	return cf->with & what;
}

/* --- walk.c ------------------------------------------------------------------------------- */

/* A state that may follow.  who: "writer 1"; how: what it did. */
void step(const struct state *next, const char *who, int number, const char *how);
#define STEP(who, number, how, ...)                                                            \
	do {                                                                                   \
		struct state n = *s;                                                           \
		__VA_ARGS__;                                                                   \
		step(&n, who, number, how);                                                    \
	} while (0)
/* The promise is broken in this state. */
void violation(int machine, const char *what);

enum verdict {
	HOLDS,
	VIOLATED,
	UNFINISHED
};
enum verdict walk(const struct config *config, size_t states_max);
size_t walk_count(void);
void walk_print_trace(void);

/* --- postgres.c --------------------------------------------------------------------------- */

struct snapshot {
	uint8_t committed, xmin, xmax;
};
struct snapshot snapshot_primary(const struct state *s);
struct snapshot snapshot_replica(const struct state *s);
/* Above every xid of ours. */
enum {
	LABEL_HIGH = 2 * WRITERS + 2
};
void pg_begin(struct state *n, int w);
void pg_end(struct state *n, int w, bool commit);
void pg_crash(struct state *n);
void pg_promote(struct state *n);
void pg_clear(struct state *n);
static inline uint8_t history_of(uint8_t epoch)
{
	return epoch >> 2;
}
enum {
	EPOCH_FIRST = 1 << 2
};

/* --- mapping.c ---------------------------------------------------------------------------- */

void raise_xid(struct state *n, int m, uint8_t tags, uint8_t xid);
void raise_gen(struct state *n, int m, uint8_t tags);
void count_write(struct state *n, int m);
/* Voids whatever was read before, or is being read. */
void raise_era(struct state *n, int m);
void void_all(struct state *n, int m);
/* A connection or a write of another epoch than the mapping's: nothing may be used until the
 * relay has named it. */
void see_epoch(struct state *n, int m, uint8_t epoch);
/* Relays only.  False: something was voided since the poll was begun, which has to be repeated.
 */
bool name_epoch(struct state *n, int m);
bool tag_ok(const struct state *s, int m, int t, uint8_t label); /* V1 for one tag */
bool label_ok(const struct state *s, int m, uint8_t label);      /* for all tags */
bool memory_ok(const struct state *s, int m);
bool redis_ok(const struct state *s, int m, const struct copy *c);
static inline uint8_t max8(uint8_t a, uint8_t b)
{
	return a > b ? a : b;
}
/* Of this configuration. */
static inline uint8_t all_tags(void)
{
	return with(F_FOUND_TAG) ? PAGE | TOKEN : PAGE;
}

/* --- the actors --------------------------------------------------------------------------- */

void writer(const struct state *s, int w);
void reader(const struct state *s, int r);
void relay(const struct state *s, int m);
void nemesis(const struct state *s);
/* What lookups of a machine would answer in this state. */
void judge(const struct state *s, int m);

#endif
