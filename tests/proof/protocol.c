/*
 * The cache protocol as an executable specification: every interleaving of a few writers,
 *readers, two machines, a lagging replica and a Redis that may forget, roll back or lose
 *messages is walked (depth first, each state once), and every unflagged answer is judged.
 *docs/design/coherence.md has the argument; this file is meant to be read beside it.
 *
 *	protocol                          all configurations, no mutation: must find nothing
 *	protocol --mutation NAME          must find a violation and prints the steps that led
 *there protocol --list                   names of the mutations
 *
 * What is modelled: one key and one tag; the value of the row is the set of committed writers.
 * What is not: hash collisions of tags (they only over-invalidate) and real time (X is "what
 *was acknowledged before the last applied poll began", T is "what was acknowledged before the
 *lease ended").
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MACHINES = 2,
	WRITERS = 3,
	READERS = 3,
	LOG = 2 * WRITERS + 2
};

/* A guard that can be taken out.  Each must be caught by at least one configuration. */
#define MUTATIONS(X)                                                                           \
	X(none, "the protocol as it is")                                                       \
	X(no_bump, "slot.xid is not raised before COMMIT")                                     \
	X(bump_after_commit, "slot.xid is raised only after the acknowledgement")              \
	X(replica_unchecked, "a replica's answer is used without comparing its label")         \
	X(label_xmax, "the label is the snapshot's xmax instead of its xmin")                  \
	X(redis_inv_only, "a Redis hit is judged by Redis' own inv key instead of the slot")   \
	X(relabel, "a Redis hit is copied to memory with a new label")                         \
	X(redis_v2, "a Redis hit is copied to memory as if it was read from the primary")      \
	X(replica_v2, "a replica's answer is kept under V2")                                   \
	X(cursor_max, "the relay's cursor is the greatest xid seen")                           \
	X(gen_before_commit, "slot.gen is raised before COMMIT only")                          \
	X(gen_at_fill, "a filler remembers gen after its read instead of before")              \
	X(no_lease, "caches are used without a lease")                                         \
	X(lease_at_end, "the lease counts from the end of a poll instead of its start")        \
	X(no_epoch, "copies are used whatever epoch they are of")                              \
	X(ack_other_epoch, "a write is acknowledged without telling the mapping its epoch")    \
	X(no_floor, "a fresh mapping starts with floor 0 and no events loaded")

enum mutation {
#define X(name, text) M_##name,
	MUTATIONS(X)
#undef X
	M_COUNT
};
static const char *const mutation_name[] = {
#define X(name, text) #name,
	MUTATIONS(X)
#undef X
};
static const char *const mutation_text[] = {
#define X(name, text) text,
	MUTATIONS(X)
#undef X
};

/* Who takes part, and which faults may happen (each at most once in a run). */
struct config {
	const char *name;
	int writers, readers;
	uint8_t writer_at[WRITERS], reader_at[READERS];
	bool replica;     /* reads may go to a lagging standby */
	bool redis_fault; /* Redis goes back to a copy of an earlier moment, or to nothing */
	bool writer_dies; /* a worker is killed before or after its COMMIT */
	bool crash;  /* PostgreSQL crashes: xids of transactions that left no WAL come again */
	bool reboot; /* a machine gets a fresh mapping */
	bool lease_ends; /* a relay stands still until its lease is over */
};

/* A copy of the row somewhere. */
struct copy {
	uint8_t there, value, label, epoch;
	uint8_t v2, gen; /* only in memory: filled from the primary while gen was this */
};

enum writer_at {
	W_IDLE,
	W_BEGUN,
	W_BUMPED,
	W_COMMITTED,
	W_TOLD,
	W_ACKED,
	W_DEAD
};
enum reader_at {
	R_IDLE,
	R_BEGUN,
	R_REDIS,
	R_GOT,
	R_ASK,
	R_REPLICA,
	R_FILL_MEMORY,
	R_FILL_REDIS,
	R_DONE
};

struct state {
	/* PostgreSQL: the log of starts (writer) and ends; sets are bits by writer. */
	uint8_t log[LOG], log_len,
		flushed; /* entry: writer | 8 when it ended | 16 when committed */
	uint8_t xid[WRITERS], next_xid, epoch;
	uint8_t replica_at; /* how much of the log the standby has replayed */

	struct {
		uint8_t at, epoch;
	} w[WRITERS];
	uint8_t acked; /* by anybody */

	struct {
		uint8_t slot_xid, slot_gen, floor, epoch, lease;
		uint8_t acked_here; /* acknowledged by this machine */
		uint8_t must;       /* what X and T demand of it besides */
		uint8_t prev;       /* committed set of the last poll's snapshot */
		uint8_t cursor;     /* of the mutation cursor_max */
		uint8_t polling, poll_seen, poll_acked, poll_next, poll_epoch;
		struct copy memory;
	} m[MACHINES];

	struct {
		uint8_t at, gen, must, from_primary, epoch;
		struct copy got;
	} r[READERS];

	struct copy redis, redis_old;
	uint8_t redis_inv, redis_saved;
	uint8_t faults; /* bits of the faults that have happened */
};

static const struct config *cf;
static enum mutation mutation;
static bool is(enum mutation m)
{
	return mutation == m;
}

/* --- PostgreSQL: snapshots ---------------------------------------------------------------- */

struct snapshot {
	uint8_t committed, xmin, xmax;
};

/* What a transaction sees after the first n entries of the log. */
static struct snapshot snapshot_at(const struct state *s, int n)
{
	uint8_t running = 0;
	struct snapshot snap = { 0, 0, 1 };
	for (int i = 0; i < n; i++) {
		int w = s->log[i] & 7;
		uint8_t xid = s->xid[w];
		if (xid >= snap.xmax)
			snap.xmax = xid + 1;
		if (!(s->log[i] & 8)) {
			running |= 1 << w;
			continue;
		}
		running &= ~(1 << w);
		if (s->log[i] & 16)
			snap.committed |= 1 << w;
	}
	snap.xmin = snap.xmax;
	for (int w = 0; w < WRITERS; w++)
		if ((running >> w & 1) && s->xid[w] < snap.xmin)
			snap.xmin = s->xid[w];
	return snap;
}

static struct snapshot primary(const struct state *s)
{
	return snapshot_at(s, s->log_len);
}

static void log_end(struct state *s, int w, bool commit)
{
	s->log[s->log_len++] = w | 8 | (commit ? 16 : 0);
	if (commit)
		s->flushed = s->log_len;
}

/* --- the rules -----------------------------------------------------------------------------
 */

static uint8_t max8(uint8_t a, uint8_t b)
{
	return a > b ? a : b;
}

static bool epoch_ok(const struct state *s, int m, const struct copy *c)
{
	return is(M_no_epoch) || c->epoch == s->m[m].epoch;
}

/* V1: the label is above every invalidation this machine knows of. */
static bool label_ok(const struct state *s, int m, uint8_t label)
{
	return label > max8(s->m[m].floor, s->m[m].slot_xid);
}

static bool memory_hit(const struct state *s, int m, const struct copy *c)
{
	if (!c->there || !epoch_ok(s, m, c))
		return false;
	return label_ok(s, m, c->label) || (c->v2 && c->gen == s->m[m].slot_gen);
}

static bool redis_hit(const struct state *s, int m, const struct copy *c)
{
	if (!c->there || !epoch_ok(s, m, c))
		return false;
	return is(M_redis_inv_only) ? c->label > s->redis_inv : label_ok(s, m, c->label);
}

/* A connection's or a poll's epoch is newer than the mapping's: all copies are void. */
static void epoch_told(struct state *s, int m, uint8_t epoch)
{
	if (s->m[m].epoch < epoch) {
		s->m[m].epoch = epoch;
		s->m[m].slot_gen++;
	}
}

/* --- the walk: one function an actor, each case one atomic step ------------------------------
 */

struct todo {
	struct state state;
	const char *how;
	uint32_t depth;
};
static struct {
	struct todo *item;
	size_t count, cap;
	uint32_t depth; /* of the state being expanded */
} todo;
static const char *violation;

/* What nobody will look at again is the same as nothing: fewer states to walk. */
static void forget(struct state *s)
{
	bool idle = true;
	for (int r = 0; r < cf->readers; r++) {
		uint8_t at = s->r[r].at;
		if (at == R_DONE)
			memset(&s->r[r], 0, sizeof(s->r[r]));
		s->r[r].at = at;
		idle &= at == R_DONE;
	}
	for (int w = 0; w < cf->writers; w++)
		if (s->w[w].at == W_ACKED || s->w[w].at == W_DEAD)
			s->w[w].epoch = 0;
	if (s->redis_saved == 2)
		memset(&s->redis_old, 0, sizeof(s->redis_old));
	for (int m = 0; m < MACHINES; m++)
		if (!s->m[m].polling)
			s->m[m].poll_seen = s->m[m].poll_acked = s->m[m].poll_next =
				s->m[m].poll_epoch = 0;
	if (idle) /* nobody is left to be answered wrongly */
		memset(s, 0, sizeof(*s));
}

static void step(const struct state *next, const char *how)
{
	if (todo.count == todo.cap) {
		todo.cap = todo.cap ? todo.cap * 2 : 1024;
		todo.item = realloc(todo.item, todo.cap * sizeof(*todo.item));
		if (!todo.item)
			abort();
	}
	todo.item[todo.count++] =
		(struct todo){ .state = *next, .how = how, .depth = todo.depth + 1 };
	forget(&todo.item[todo.count - 1].state);
}
#define STEP(how, ...)                                                                         \
	do {                                                                                   \
		struct state n = *s;                                                           \
		__VA_ARGS__;                                                                   \
		step(&n, how);                                                                 \
	} while (0)

static void bump(struct state *n, int m, uint8_t xid)
{
	n->m[m].slot_xid = max8(n->m[m].slot_xid, xid);
}

static void redis_invalidate(struct state *n, int w)
{
	n->redis.there = 0;
	n->redis_inv = max8(n->redis_inv, n->xid[w]);
}

static void acknowledge(struct state *n, int w, int m)
{
	if (!is(M_ack_other_epoch))
		epoch_told(n, m, n->w[w].epoch);
	n->w[w].at = W_ACKED;
	n->acked |= 1 << w;
	n->m[m].acked_here |= 1 << w;
	if (is(M_bump_after_commit))
		bump(n, m, n->xid[w]);
}

static void writer(const struct state *s, int w)
{
	int m = cf->writer_at[w];
	switch (s->w[w].at) {
	case W_IDLE:
		STEP("a writer begins", {
			n.xid[w] = n.next_xid++;
			n.w[w].epoch = n.epoch;
			n.log[n.log_len++] = w;
			n.w[w].at = W_BEGUN;
		});
		break;
	case W_BEGUN:
		STEP("it raises slot.xid", {
			if (!is(M_no_bump) && !is(M_bump_after_commit))
				bump(&n, m, n.xid[w]);
			if (is(M_gen_before_commit))
				n.m[m].slot_gen++;
			n.w[w].at = W_BUMPED;
		});
		STEP("it rolls back", {
			log_end(&n, w, false);
			n.w[w].at = W_DEAD;
		});
		break;
	case W_BUMPED:
		STEP("it commits", {
			log_end(&n, w, true);
			n.w[w].at = W_COMMITTED;
		});
		if (cf->writer_dies && !(s->faults & 1))
			STEP("it is killed before COMMIT", {
				log_end(&n, w, false);
				n.w[w].at = W_DEAD;
				n.faults |= 1;
			});
		break;
	case W_COMMITTED:
		STEP("it raises slot.gen", {
			if (!is(M_gen_before_commit))
				n.m[m].slot_gen++;
			n.w[w].at = W_TOLD;
		});
		if (cf->writer_dies && !(s->faults & 1))
			STEP("it is killed after COMMIT", {
				n.w[w].at = W_DEAD;
				n.faults |= 1;
			});
		break;
	case W_TOLD:
		STEP("Redis is told, it acknowledges", {
			redis_invalidate(&n, w);
			acknowledge(&n, w, m);
		});
		STEP("Redis is not reached, it acknowledges", { acknowledge(&n, w, m); });
		break;
	}
}

static void judge(const struct state *s, int r, const struct copy *c)
{
	if (s->r[r].must & ~c->value)
		violation = "an answer is older than what was acknowledged";
	else if (c->value & ~primary(s).committed)
		violation = "an answer holds what was never committed";
}

static struct copy seen(const struct state *s, const struct snapshot *snap, uint8_t epoch)
{
	(void)s;
	return (struct copy){ .there = 1,
			      .value = snap->committed,
			      .label = is(M_label_xmax) ? snap->xmax : snap->xmin,
			      .epoch = epoch };
}

static void ask_primary(const struct state *s, int r)
{
	int m = cf->reader_at[r];
	struct snapshot snap = primary(s);
	STEP("the reader asks the primary", {
		n.r[r].got = seen(s, &snap, n.epoch);
		epoch_told(&n, m, n.epoch);
		n.r[r].from_primary = 1;
		if (is(M_gen_at_fill))
			n.r[r].gen = 255;
		n.r[r].at = R_FILL_MEMORY;
	});
	judge(s, r, &(struct copy){ .value = snap.committed });
}

static void reader(const struct state *s, int r)
{
	int m = cf->reader_at[r];
	const struct copy *got = &s->r[r].got;
	switch (s->r[r].at) {
	case R_IDLE:
		STEP("a reader begins", {
			n.r[r].must = n.m[m].acked_here | n.m[m].must;
			n.r[r].gen = n.m[m].slot_gen;
			n.r[r].at = n.m[m].lease || is(M_no_lease) ? R_BEGUN : R_ASK;
		});
		break;
	case R_BEGUN:
		if (memory_hit(s, m, &s->m[m].memory)) {
			judge(s, r, &s->m[m].memory);
			STEP("it hits in memory", { n.r[r].at = R_DONE; });
		} else {
			STEP("it misses in memory", { n.r[r].at = R_REDIS; });
		}
		break;
	case R_REDIS:
		STEP("it asks Redis", {
			n.r[r].got = n.redis;
			n.r[r].at = R_GOT;
		});
		break;
	case R_GOT:
		if (!redis_hit(s, m, got)) {
			STEP("Redis has no valid copy", { n.r[r].at = R_ASK; });
			break;
		}
		judge(s, r, got);
		STEP("it hits in Redis", {
			n.m[m].memory = *got;
			n.m[m].memory.v2 = is(M_redis_v2);
			n.m[m].memory.gen = n.m[m].slot_gen;
			if (is(M_relabel))
				n.m[m].memory.label = primary(s).xmin;
			n.r[r].at = R_DONE;
		});
		break;
	case R_ASK:
		ask_primary(s, r);
		if (cf->replica && s->m[m].lease) {
			struct snapshot snap = snapshot_at(s, s->replica_at);
			STEP("the reader asks a replica", {
				n.r[r].got = seen(s, &snap, n.m[m].epoch);
				n.r[r].at = R_REPLICA;
			});
		}
		break;
	case R_REPLICA:
		if (!is(M_replica_unchecked) && !label_ok(s, m, got->label)) {
			ask_primary(s, r);
			break;
		}
		judge(s, r, got);
		STEP("the replica's answer counts", { n.r[r].at = R_FILL_MEMORY; });
		break;
	case R_FILL_MEMORY:
		STEP("it fills memory", {
			n.m[m].memory = *got;
			n.m[m].memory.v2 = s->r[r].from_primary || is(M_replica_v2);
			n.m[m].memory.gen = s->r[r].gen == 255 ? n.m[m].slot_gen : s->r[r].gen;
			n.r[r].at = R_FILL_REDIS;
		});
		break;
	case R_FILL_REDIS:
		STEP("it fills Redis", {
			n.redis = *got;
			n.r[r].at = R_DONE;
		});
		break;
	}
}

static void relay(const struct state *s, int m)
{
	if (!s->m[m].polling) {
		struct snapshot snap = primary(s);
		uint8_t known = s->m[m].prev, events = snap.committed & ~known;
		if (is(M_cursor_max)) {
			events = 0;
			for (int w = 0; w < cf->writers; w++)
				if ((snap.committed >> w & 1) && s->xid[w] > s->m[m].cursor)
					events |= 1 << w;
		}
		if (events || s->m[m].must != s->acked || !s->m[m].lease ||
		    s->m[m].epoch != s->epoch)
			STEP("a relay polls", {
				n.m[m].polling = 1;
				n.m[m].poll_seen = snap.committed;
				n.m[m].poll_next = events;
				n.m[m].poll_acked = n.acked;
				n.m[m].poll_epoch = n.epoch;
			});
		return;
	}
	STEP("a relay applies its poll", {
		for (int w = 0; w < cf->writers; w++) {
			if (!(n.m[m].poll_next >> w & 1))
				continue;
			bump(&n, m, n.xid[w]);
			n.m[m].slot_gen++;
			n.m[m].cursor = max8(n.m[m].cursor, n.xid[w]);
		}
		epoch_told(&n, m, n.m[m].poll_epoch);
		n.m[m].prev = n.m[m].poll_seen;
		n.m[m].must |= is(M_lease_at_end) ? n.acked : n.m[m].poll_acked;
		/* A poll that began before the lease ended cannot bring a lease back. */
		if (n.m[m].lease || !(n.m[m].must & ~n.m[m].poll_acked) || is(M_lease_at_end))
			n.m[m].lease = 1;
		n.m[m].polling = 0;
	});
}

static void nemesis(const struct state *s)
{
	if (cf->replica && s->replica_at < s->flushed)
		STEP("the standby replays", { n.replica_at++; });
	if (cf->redis_fault && !s->redis_saved)
		STEP("Redis writes a dump", {
			n.redis_old = n.redis;
			n.redis_saved = 1;
		});
	if (cf->redis_fault && s->redis_saved == 1)
		STEP("Redis comes back with the dump", {
			n.redis = n.redis_old;
			n.redis_inv = 0;
			n.redis_saved = 2;
		});
	if (cf->lease_ends)
		for (int m = 0; m < MACHINES; m++)
			if (s->m[m].lease && !(s->faults & 2))
				STEP("a lease ends", {
					n.m[m].lease = 0;
					n.m[m].must |= n.acked;
					n.faults |= 2;
				});
	if (cf->reboot && !(s->faults & 4)) {
		int m = 1;
		STEP("a machine starts with a fresh mapping", {
			struct snapshot snap = primary(s);
			memset(&n.m[m], 0, sizeof(n.m[m]));
			n.m[m].acked_here = s->m[m].acked_here;
			n.m[m].must = n.acked;
			n.m[m].epoch = n.epoch;
			n.m[m].floor = is(M_no_floor) ? 0 : snap.xmin;
			n.m[m].prev = snap.committed;
			n.m[m].lease = 1;
			for (int r = 0; r < cf->readers; r++)
				if (cf->reader_at[r] == m)
					n.r[r].at = R_DONE;
			for (int w = 0; w < cf->writers; w++)
				if (cf->writer_at[w] == m && n.w[w].at != W_IDLE &&
				    n.w[w].at < W_ACKED) {
					if (n.w[w].at < W_COMMITTED)
						log_end(&n, w, false);
					n.w[w].at = W_DEAD;
				}
			n.faults |= 4;
		});
	}
	if (cf->crash && !(s->faults & 8))
		STEP("PostgreSQL crashes and recovers", {
			uint8_t next = 1;
			for (int w = 0; w < cf->writers; w++)
				if (n.w[w].at != W_IDLE && n.w[w].at < W_COMMITTED)
					n.w[w].at = W_DEAD;
			/* What was not flushed is gone; its xids come again. */
			n.log_len = n.flushed;
			for (int i = 0; i < n.flushed; i++)
				next = max8(next, n.xid[n.log[i] & 7] + 1);
			for (int w = 0; w < cf->writers; w++) {
				bool ended = false;
				bool begun = false;
				for (int i = 0; i < n.log_len; i++) {
					begun |= (n.log[i] & 7) == w;
					ended |= (n.log[i] & 7) == w && (n.log[i] & 8);
				}
				if (begun && !ended)
					log_end(&n, w, false);
			}
			n.flushed = n.log_len;
			n.next_xid = next;
			n.epoch++;
			n.faults |= 8;
		});
}

static void expand(const struct state *s)
{
	if (!s->next_xid) /* forgotten */
		return;
	for (int w = 0; w < cf->writers; w++)
		writer(s, w);
	for (int r = 0; r < cf->readers; r++)
		reader(s, r);
	for (int m = 0; m < MACHINES; m++)
		relay(s, m);
	nemesis(s);
}

/* --- states seen: fingerprints in an open table ----------------------------------------------
 */

#define SEEN_SLOTS ((size_t)1 << 27) /* 1 GB of fingerprints; full at 90 % */
static uint64_t *seen_table;
static size_t seen_count;

static uint64_t fingerprint(const struct state *s)
{
	const uint8_t *p = (const uint8_t *)s;
	uint64_t h = 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < sizeof(*s); i += 8) {
		uint64_t word = 0;
		memcpy(&word, p + i, sizeof(*s) - i < 8 ? sizeof(*s) - i : 8);
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	h = (h ^ h >> 29) * 0xc4ceb9fe1a85ec53u;
	h ^= h >> 32;
	return h ? h : 1;
}

static bool first_time(const struct state *s)
{
	uint64_t f = fingerprint(s);
	for (size_t i = f & (SEEN_SLOTS - 1);; i = (i + 1) & (SEEN_SLOTS - 1)) {
		if (seen_table[i] == f)
			return false;
		if (seen_table[i])
			continue;
		seen_table[i] = f;
		seen_count++;
		return true;
	}
}

enum verdict {
	HOLDS,
	VIOLATED,
	UNFINISHED
};

#define PATH_MAX_STEPS 256
static const char *path[PATH_MAX_STEPS];

static enum verdict walk(const struct config *config, double seconds)
{
	struct state first;
	clock_t start = clock();

	cf = config;
	violation = NULL;
	memset(&first, 0, sizeof(first));
	memset(seen_table, 0, SEEN_SLOTS * sizeof(*seen_table));
	first.next_xid = 1;
	for (int m = 0; m < MACHINES; m++)
		first.m[m].lease = 1;
	todo.count = todo.depth = 0;
	seen_count = 0;
	step(&first, "all is still");
	while (todo.count) {
		struct todo now = todo.item[--todo.count];
		if (!first_time(&now.state))
			continue;
		assert(now.depth < PATH_MAX_STEPS);
		path[now.depth] = now.how;
		todo.depth = now.depth;
		expand(&now.state);
		if (violation)
			return VIOLATED;
		if (seen_count > SEEN_SLOTS / 10 * 9 ||
		    (double)(clock() - start) / CLOCKS_PER_SEC > seconds)
			return UNFINISHED;
	}
	return HOLDS;
}

/*	name          w  r  writers    readers    replica redis  dies   crash  reboot lease */
static const struct config configs[] = {
	{ "one machine", 2, 2, { 0, 0 }, { 0, 0 }, false, true, true, false, false, false },
	{ "two machines", 2, 2, { 0, 1 }, { 0, 1 }, false, true, false, false, false, false },
	{ "the other machine",
	  2,
	  2,
	  { 0, 0 },
	  { 1, 1 },
	  false,
	  false,
	  true,
	  false,
	  false,
	  false },
	{ "replica", 2, 2, { 0, 0 }, { 0, 1 }, true, false, false, false, false, false },
	{ "lease", 2, 2, { 0, 0 }, { 1, 1 }, false, false, false, false, false, true },
	{ "crash", 3, 1, { 0, 0, 1 }, { 0 }, false, false, false, true, false, false },
	{ "crash, replica", 2, 1, { 0, 1 }, { 0 }, true, false, false, true, false, false },
	{ "fresh mapping", 2, 2, { 0, 1 }, { 0, 1 }, false, false, false, false, true, false },
};

static int usage(void)
{
	fputs("usage: protocol [--seconds N] [--mutation NAME] | --list\n", stderr);
	return 2;
}

static bool tell(const struct config *c, enum verdict v)
{
	static const char *const word[] = { "holds", "VIOLATED", "not finished in time" };
	printf("%-18s %-18s %10zu states  %s\n", mutation_name[mutation], c->name, seen_count,
	       word[v]);
	if (v == VIOLATED) {
		printf("  %s:\n", violation);
		for (uint32_t i = 2; i <= todo.depth; i++)
			printf("  %2u. %s\n", i - 1, path[i]);
	}
	fflush(stdout);
	return v == HOLDS;
}

int main(int argc, char **argv)
{
	double seconds = 60;
	bool caught = false, holds = true;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list")) {
			for (int k = 1; k < M_COUNT; k++)
				printf("%-18s %s\n", mutation_name[k], mutation_text[k]);
			return 0;
		}
		if (i + 1 == argc)
			return usage();
		if (!strcmp(argv[i], "--seconds")) {
			seconds = strtod(argv[++i], NULL);
		} else if (!strcmp(argv[i], "--mutation")) {
			int k = 1;
			for (i++; k < M_COUNT && strcmp(mutation_name[k], argv[i]); k++)
				;
			if (k == M_COUNT)
				return usage();
			mutation = k;
		} else {
			return usage();
		}
	}
	seen_table = malloc(SEEN_SLOTS * sizeof(*seen_table));
	if (!seen_table)
		abort();
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]) && !caught; i++) {
		enum verdict v = walk(&configs[i], seconds);
		if (v == VIOLATED || !mutation)
			holds &= tell(&configs[i], v);
		caught = v == VIOLATED;
	}
	if (mutation)
		printf("%s: %s\n", mutation_name[mutation], caught ? "caught" : "NOT CAUGHT");
	return mutation ? !caught : !holds;
}
