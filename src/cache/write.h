/*
 * Writes to tables that answers are made of: the only COMMIT of the program on them.
 *
 *	BEGIN, body, read back what its triggers emitted, slot.xid of each tag, COMMIT,
 *	write counter, slot.gen of each tag, then the Redis tier; then the
 *	caller acknowledges
 *
 * Before COMMIT no copy with a label that knows nothing of the transaction may be used by its
 * label (V1); after the gens none that was filled meanwhile may be used at all (V2).  The
 * counter is raised before any gen: who captures a new gen in the midst of a read finds the
 * counter moved.
 *
 * A COMMIT whose reply is lost is resolved by running the transaction again: it begins with a
 * row of such_market.idempotency, so it finds what it did, or that it did nothing; while the
 * lost COMMIT is still under way it waits on that row.
 *
 * `make lint` (tools/commits.sh) knows no other way to a COMMIT on such a table.
 */
#ifndef CACHE_WRITE_H
#define CACHE_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/rc.h"

struct arena;
struct cache;
struct cache_map;
struct pg;

struct cache_write {
	/* Runs between BEGIN and COMMIT, perhaps several times: it takes its input from ctx and
	 * leaves no trace but in ctx.  RC_NOT_FOUND and RC_UNPROCESSABLE mean that it
	 * looked and did nothing.  Transactions before this one that it found to have done
	 * (part of) the work go to ret_earlier, as text "{123,456}": their events may not have
	 * reached this machine, and are applied too. */
	enum rc (*body)(struct pg *pg, void *ctx, struct buf *ret_earlier);
	void *ctx;
	/* NULL: body begins with an idempotency row itself.  Else its name for people: the
	 * transaction begins with a row of its own, and body is not run again when an earlier
	 * COMMIT turns out to have happened: ctx is as it left it then. */
	const char *once;
	int64_t deadline_ms; /* of everything together */
	bool *told; /* NULL, or set: whether Redis was told; true where there is none */
};

/* RC_OK: it is committed, and no copy of before is answered on this machine any more.  Else
 * nothing was written, or, with *ret_unknown, nobody knows: RC_UNAVAILABLE.  cache may be
 * without a mapping (no server on this machine): then the other machines alone hear of it. */
enum rc cache_write(struct cache *cache, struct arena *arena, struct pg *pg,
		    const struct cache_write *write, bool *ret_unknown);

/*
 * For work of many transactions that cannot each wait for the next step, as the import's: what
 * it committed is made known once, before it is acknowledged as a whole.  Whoever was told
 * before may be told again.
 *
 *	cache_since(pg, &since);
 *	… transactions …
 *	rc = cache_settle(cache, arena, pg, since.ptr);
 */
enum rc cache_since(struct pg *pg, struct buf *ret); /* terminated */
/* RC_OK: no copy that lacks anything committed since is answered on this machine any more. */
enum rc cache_settle(struct cache *cache, struct arena *arena, struct pg *pg,
		     const char *since);

#endif
