/* What goes wrong. */
#include "proof/protocol.h"

#define DB "PostgreSQL"

static void redis(const struct state *s)
{
	if (s->redis.label)
		STEP("Redis", 0, "loses the copy", { n.redis = (struct copy){ 0 }; });
	if (!with(F_DUMP))
		return;
	STEP("Redis", 0, "writes a dump", { n.dump = n.redis; });
	STEP("Redis", 0, "comes back with its dump", {
		n.redis = n.dump;
		n.redis_inv = 0;
	});
}

static void postgres(const struct state *s)
{
	if (with(F_REPLICA) && !s->stray.label && s->replica_at < s->flushed)
		STEP("the standby", 0, "replays", { n.replica_at++; });
	if (with(F_STRAY) && !s->stray.label)
		STEP("the standby", 0, "is promoted by mistake, writes", {
			n.stray = (struct copy){ snapshot_replica(s).committed, LABEL_HIGH, 0 };
		});
	if (s->faults & FAULT_HISTORY)
		return;
	if (with(F_CRASH))
		STEP(DB, 0, "crashes and recovers", {
			pg_crash(&n);
			n.faults |= FAULT_HISTORY;
		});
	if (with(F_PROMOTION))
		STEP("the standby", 0, "is promoted", {
			pg_promote(&n);
			n.faults |= FAULT_HISTORY;
		});
}

/* T passes: whatever was acknowledged is old, leases are over, polls under way bring none. */
static void pause(const struct state *s)
{
	STEP("everybody", 0, "stands still for T", {
		for (int m = 0; m < MACHINES; m++) {
			n.m[m].must |= n.acked;
			n.m[m].lease = 0;
			n.m[m].poll.late = n.m[m].poll.at != RELAY_IDLE;
		}
	});
}

/* Retention: it may have run out for all that is committed. */
static void prune(struct state *n)
{
	struct snapshot snap = snapshot_primary(n);

	n->gone = snap.committed;
	for (int w = 0; w < cf->writers; w++)
		if ((n->gone >> w & 1) && !is(M_prune_untold))
			n->pruned = max8(n->pruned, n->xid[w] + 1);
}

static void forget(struct state *n, int m)
{
	n->m[m].prev = n->m[m].history = n->m[m].cursor = 0;
	n->m[m].poll.at = RELAY_IDLE;
}

/* Its processes end with the mapping.  What it acknowledged it still has to answer for. */
static void reboot(struct state *n, int m)
{
	n->m[m] = (struct machine){ .must = n->m[m].must, .forbid = n->m[m].forbid };
	for (int r = 0; r < cf->readers; r++)
		if (cf->reader_at[r] == m)
			n->r[r] = (struct reader){ .epoch = n->r[r].epoch };
	for (int w = 0; w < cf->writers; w++) {
		if (cf->writer_at[w] != m || n->w[w].at < W_BEGUN || n->w[w].at >= W_ORPHAN)
			continue;
		if (n->w[w].at < W_COMMITTED)
			pg_end(n, w, false);
		n->w[w].at = W_DONE;
	}
}

void nemesis(const struct state *s)
{
	if (with(F_REDIS))
		redis(s);
	postgres(s);
	if (with(F_PAUSE))
		pause(s);
	if (with(F_PRUNE) && snapshot_primary(s).committed & ~s->gone)
		STEP(DB, 0, "forgets its events", { prune(&n); });
	if (with(F_REBOOT) && !(s->faults & FAULT_REBOOT))
		STEP("machine", 1, "starts with a fresh mapping", {
			reboot(&n, 1);
			n.faults |= FAULT_REBOOT;
		});
	if (with(F_RELAY_DEATH) && !(s->faults & FAULT_RELAY))
		STEP("relay of machine", 1, "dies and forgets where it was", {
			forget(&n, 1);
			n.faults |= FAULT_RELAY;
		});
}
