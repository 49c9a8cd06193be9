/* One write: BEGIN … epoch, slot.xid … COMMIT … write counter … slot.gen … Redis …
 * acknowledgement. */
#include "proof/protocol.h"

#define WHO "writer"

/* By whomever: from now on this machine may not answer without it. */
static void acknowledge(struct state *n, int w, int m)
{
	uint8_t bit = 1 << w & ~n->lost;

	n->acked |= bit;
	if (m != PSQL)
		n->m[m].must |= bit;
	n->w[w].at = W_DONE;
}

static void tell_redis(struct state *n, int w)
{
	n->redis = (struct copy){ 0 };
	n->redis_inv = max8(n->redis_inv, n->xid[w]);
}

/* Somebody at a psql prompt, or a program that knows nothing of caches: only its event tells.
 */
static void by_hand(const struct state *s, int w)
{
	if (s->w[w].at == W_IDLE)
		STEP(WHO, w, "begins by hand", {
			pg_begin(&n, w);
			n.w[w].at = W_BEGUN;
		});
	if (s->w[w].at == W_BEGUN) {
		STEP(WHO, w, "commits by hand", {
			pg_end(&n, w, true);
			acknowledge(&n, w, PSQL);
		});
		STEP(WHO, w, "rolls back by hand", {
			pg_end(&n, w, false);
			n.w[w].at = W_DONE;
		});
	}
}

/* Before COMMIT: nobody can see it before labels that lack it are of no use on this machine,
 * whatever becomes of this process. */
static void raise_slots(const struct state *s, int w, int m)
{
	STEP(WHO, w, "sees the epoch, raises slot.xid", {
		n.w[w].epoch = n.epoch;
		if (!is(M_silent_writer))
			see_epoch(&n, m, n.w[w].epoch);
		if (!is(M_no_bump))
			raise_xid(&n, m, cf->writer_tags[w], n.xid[w]);
		if (is(M_gen_before_commit))
			raise_gen(&n, m, cf->writer_tags[w]);
		n.w[w].at = W_RAISED;
	});
	STEP(WHO, w, "rolls back", {
		pg_end(&n, w, false);
		n.w[w].at = W_DONE;
	});
}

/* The mapping may have got another epoch since the first look.  What no tag can say voids all.
 */
static void raise_gens(struct state *n, int w, int m)
{
	if (!is(M_no_gen) && !is(M_gen_before_commit))
		raise_gen(n, m, cf->writer_tags[w]);
	if (!is(M_silent_writer))
		see_epoch(n, m, n->w[w].epoch);
	if (!cf->writer_tags[w])
		void_all(n, m);
}

/* After COMMIT: who read before it has captured a gen from before this.  The counter first: who
 * captures a gen from after this, having read before COMMIT, finds the counter moved.  Without
 * found tags nobody asks the counter. */
static void after_commit(const struct state *s, int w, int m)
{
	if (!with(F_FOUND_TAG))
		STEP(WHO, w, "raises slot.gen", {
			raise_gens(&n, w, m);
			n.w[w].at = W_GENS;
		});
	else if ((s->w[w].at == W_COMMITTED) != is(M_count_after_gen))
		STEP(WHO, w, "raises the write counter", {
			count_write(&n, m);
			n.w[w].at++;
		});
	else
		STEP(WHO, w, "raises slot.gen", {
			raise_gens(&n, w, m);
			n.w[w].at++;
		});
}

static void acknowledge_steps(const struct state *s, int w, int m)
{
	STEP(WHO, w, "does not reach Redis and acknowledges", { acknowledge(&n, w, m); });
	if (with(F_REDIS))
		STEP(WHO, w, "tells Redis and acknowledges", {
			tell_redis(&n, w);
			acknowledge(&n, w, m);
		});
}

/* The row that COMMIT left says that it happened.  Whoever acknowledges, wherever, has first
 * raised the slots of his own machine. */
static void ask_again(const struct state *s, int w)
{
	for (int m = 0; m < MACHINES; m++)
		STEP("machine", m, "finds the idempotency row of a repeated request", {
			if (!is(M_retry_silent)) {
				count_write(&n, m);
				raise_xid(&n, m, cf->writer_tags[w], n.xid[w]);
				raise_gen(&n, m, cf->writer_tags[w]);
			}
			acknowledge(&n, w, m);
		});
}

static void kill(const struct state *s, int w)
{
	if (!with(F_KILL) || (s->faults & FAULT_KILL))
		return;
	if (s->w[w].at == W_RAISED)
		STEP(WHO, w, "is killed before COMMIT", {
			pg_end(&n, w, false);
			n.w[w].at = W_DONE;
			n.faults |= FAULT_KILL;
		});
	if (s->w[w].at >= W_COMMITTED && s->w[w].at <= W_GENS)
		STEP(WHO, w, "is killed after COMMIT", {
			n.w[w].at = W_ORPHAN;
			n.faults |= FAULT_KILL;
		});
}

void writer(const struct state *s, int w)
{
	int m = cf->writer_at[w];

	if (m == PSQL) {
		by_hand(s, w);
		return;
	}
	switch (s->w[w].at) {
	case W_IDLE:
		STEP(WHO, w, "begins", {
			pg_begin(&n, w);
			n.w[w].at = W_BEGUN;
		});
		break;
	case W_BEGUN:
		raise_slots(s, w, m);
		break;
	case W_RAISED:
		STEP(WHO, w, "commits", {
			pg_end(&n, w, true);
			if (is(M_ack_first))
				acknowledge(&n, w, m);
			n.w[w].at = W_COMMITTED;
		});
		break;
	case W_COMMITTED:
	case W_COUNTED:
		after_commit(s, w, m);
		break;
	case W_GENS:
		acknowledge_steps(s, w, m);
		break;
	case W_ORPHAN:
		ask_again(s, w);
		break;
	}
	kill(s, w);
}
