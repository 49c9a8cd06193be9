/*
 * What everybody knows: which version of which object was written when, in memory that all
 * processes of the checker share.  Versions of an object only grow, each is written once, by
 * one writer at a time; so an answer that shows a version says how old it is.
 */
#ifndef COHERENCE_ACCOUNT_H
#define COHERENCE_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define MACHINES 2
#define VERSIONS (1u << 17)
#define X_NS     INT64_C(150000000)  /* older nobody is, while all is well */
#define T_NS     INT64_C(2000000000) /* older nobody is, whatever happens */

#define SETTLED_NS INT64_C(2000000000) /* after a fault all is well again */
#define LATE_NS    INT64_C(150000000)  /* a computer that is later than that is not well */

/*	kind    objects   what of it changes, and who writes it */
#define KINDS(X)                                                                               \
	X(OWNER, 8, "the holder of tokens 1 … 8: POST transfers")                              \
	X(NAME, 8, "the names of tokens 1 … 8: SQL")                                           \
	X(SLOW, 2, "the names of tokens 9 and 10: SQL, in long transactions")                  \
	X(MUTE, 1,                                                                             \
	  "the name of token 11: SQL; its event names another, everything is cleared")         \
	X(MANY, 1, "the names of 120 tokens of another collection: SQL, one statement")        \
	X(COUNTED, 4, "a count of four collections, kept in the database tier: SQL")           \
	X(RARE, 100, "the names of tokens 201 … 300: SQL, each every few seconds")             \
	X(TITLE, 1, "the name of the collection: SQL")                                         \
	X(USER, 1, "the name of user 1: SQL")

enum kind {
#define X(name, objects, text) KIND_##name,
	KINDS(X)
#undef X
	KIND_COUNT
};

/* Objects are numbered one kind after the other. */
enum object_base {
#define X(name, objects, text) FIRST_##name, LAST_##name = FIRST_##name + (objects)-1,
	KINDS(X)
#undef X
	OBJECTS
};

enum fate {
	FATE_NONE,    /* no such version */
	FATE_PENDING, /* nobody knows yet */
	FATE_COMMITTED,
	FATE_ABORTED
};

/*	name      an unflagged answer … */
#define SINS(X)                                                                                \
	X(OWN, "is older than what its machine acknowledged before")                           \
	X(LEASE, "is older than the lease T")                                                  \
	X(HEALTHY, "is older than X while all is well")                                        \
	X(PHANTOM, "shows what was never committed")                                           \
	X(REFUSED, "(a write that had to succeed was refused)")

enum sin {
#define X(name, text) SIN_##name,
	SINS(X)
#undef X
	SIN_COUNT
};

struct fact {
	_Atomic int64_t acked_ns; /* CLOCK_MONOTONIC of the acknowledgement; 0: none */
	_Atomic uint8_t fate;
	_Atomic uint8_t machine; /* that acknowledged it, from 1; 0: it was written elsewhere */
	_Atomic uint8_t seen;
};

struct account {
	_Atomic bool stop;
	_Atomic int64_t calm_ns; /* since when nothing is wrong; 0: something is */
	_Atomic int64_t late_ns; /* how late the computer is with everything, of late */
	_Atomic uint64_t reads, hits, redis, stored, replica, flagged, failed, writes, aborted,
		faults, backward;
	_Atomic uint64_t calm; /* reads that were judged by X */
	_Atomic int64_t oldest_ns, oldest_calm_ns;
	_Atomic uint64_t sins[SIN_COUNT];
	_Atomic uint32_t latest[OBJECTS]; /* the greatest version that was begun */
	struct fact fact[OBJECTS][VERSIONS];
};

struct reading {
	int object, machine;
	uint32_t version;
	bool flagged;
	int64_t start_ns; /* just before it was asked for */
	const char *what; /* the path that was asked for */
};

struct account *account_new(void);
/* The next version of an object, pending; 0: there are no more. */
uint32_t account_begin(struct account *a, int object);
/* machine: 0 … of the machine that acknowledged it, -1: elsewhere. */
void account_commit(struct account *a, int object, uint32_t version, int machine);
void account_abort(struct account *a, int object, uint32_t version);
void account_judge(struct account *a, const struct reading *r);
void account_sin(struct account *a, enum sin sin, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* When all have ended: what was seen while pending must have been committed. */
void account_close(struct account *a);
uint64_t account_sins(const struct account *a);

const char *object_name(int object); /* "NAME 3"; static text */

/* xorshift: the same seed, the same faults. */
uint32_t dice(uint32_t *state);

#endif
