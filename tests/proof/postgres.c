/* PostgreSQL: a log of beginnings and ends of transactions, and what snapshots of it see. */
#include "proof/protocol.h"

/* What a transaction sees after the first n entries of the log.  A transaction leaves the list
 * of running ones only after its end is written: below xmin everything that committed is seen.
 */
static struct snapshot snapshot_at(const struct state *s, int n)
{
	struct snapshot snap = { 0, 0, 1 };
	uint8_t running = 0;

	for (int i = 0; i < n; i++) {
		int w = s->log[i] & LOG_WRITER;

		snap.xmax = max8(snap.xmax, s->xid[w] + 1);
		if (s->log[i] & LOG_END)
			running &= ~(1 << w);
		else
			running |= 1 << w;
		if (s->log[i] & LOG_COMMIT)
			snap.committed |= 1 << w;
	}
	snap.xmin = snap.xmax;
	for (int w = 0; w < WRITERS; w++)
		if ((running >> w & 1) && s->xid[w] < snap.xmin)
			snap.xmin = s->xid[w];
	return snap;
}

struct snapshot snapshot_primary(const struct state *s)
{
	return snapshot_at(s, s->log_len);
}

/* The standby replays the log in order; what it does not know of yet is below no label. */
struct snapshot snapshot_replica(const struct state *s)
{
	return snapshot_at(s, s->replica_at);
}

void pg_begin(struct state *n, int w)
{
	n->xid[w] = n->next_xid++;
	n->log[n->log_len++] = w;
}

/* Only COMMIT waits for the disk; a roll back may be lost, and with it that the xid was used.
 */
void pg_end(struct state *n, int w, bool commit)
{
	n->log[n->log_len++] = w | LOG_END | (commit ? LOG_COMMIT : 0);
	if (commit)
		n->flushed = n->log_len;
}

/* The log up to len is all there is; transactions that did not end in it never will. */
static void cut(struct state *n, int len)
{
	uint8_t ended = 0, begun = 0;

	n->next_xid = 1;
	for (int i = 0; i < len; i++) {
		int w = n->log[i] & LOG_WRITER;

		n->next_xid = max8(n->next_xid, n->xid[w] + 1);
		begun |= 1 << w;
		if (n->log[i] & LOG_END)
			ended |= 1 << w;
	}
	for (int i = len; i < LOG; i++)
		n->log[i] = 0;
	n->log_len = len;
	for (int w = 0; w < WRITERS; w++)
		if ((begun & ~ended) >> w & 1)
			pg_end(n, w, false);
	n->flushed = n->log_len;
}

/* Every connection is lost: who had begun is rolled back, who was reading asks again.  Replies
 * that were received - data, polls - are still on their way through their processes. */
static void hang_up(struct state *n)
{
	for (int w = 0; w < WRITERS; w++)
		if (n->w[w].at == W_BEGUN || n->w[w].at == W_RAISED)
			n->w[w].at = W_DONE;
	for (int r = 0; r < READERS; r++) {
		n->r[r].epoch = 0;
		if (n->r[r].at == R_LABELLED && !is(M_mixed_history))
			n->r[r].at = R_IDLE;
	}
}

/* The standby has flushed log only, so it stays what it is. */
void pg_crash(struct state *n)
{
	hang_up(n);
	cut(n, n->flushed);
	if (!is(M_no_incarnation))
		n->epoch += EPOCH_FIRST;
}

/* What the standby had not got never happened: nobody can demand it any more, and from the
 * moment a machine knows of the new history nobody may be told of it. */
void pg_promote(struct state *n)
{
	struct snapshot old = snapshot_primary(n);
	uint8_t before = old.committed, left, line = n->epoch;

	hang_up(n);
	cut(n, n->replica_at);
	if (!is(M_no_timeline))
		n->epoch += EPOCH_FIRST;
	/* Another standby had more, and knows of nothing. */
	n->stray = (struct copy){ before, old.xmin, line };
	left = snapshot_primary(n).committed;
	n->lost = before & ~left;
	n->acked &= left;
	for (int m = 0; m < MACHINES; m++) {
		n->m[m].must &= left;
		n->m[m].poll.acked &= left;
	}
}

void pg_clear(struct state *n)
{
	n->epoch++;
}
