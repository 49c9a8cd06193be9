/*
 * Reads.  A lookup is not a step but a question to every state (judge): the later a lookup
 * looks, the more is demanded of it, and what an earlier one was allowed to see the slots allow
 * no more. What takes its time, and is therefore walked step by step, is a fill.
 */
#include "proof/protocol.h"

#define WHO "reader"

/* Without a lease nobody knows how much is missing: primary only. */
static bool is_leased(const struct state *s, int m)
{
	return s->m[m].lease || is(M_no_lease);
}

/* What a replica says.  Its epoch here is that of its line: a crash of the primary makes no
 * other line, a promotion does, and one that went astray is of none of ours. */
static struct copy ask_replica(const struct state *s, int m)
{
	struct snapshot snap = snapshot_replica(s);

	if (s->stray.label)
		return s->stray;
	return (struct copy){ snap.committed, is(M_replica_xmax) ? snap.xmax : snap.xmin,
			      s->m[m].epoch };
}

static bool line_ok(const struct state *s, int m, const struct copy *c)
{
	if (is(M_replica_any_history) || (is(M_replica_old_line) && c->epoch))
		return true;
	return c->epoch && history_of(c->epoch) == history_of(s->m[m].epoch);
}

static bool replica_ok(const struct state *s, int m, struct copy *ret)
{
	if (!with(F_REPLICA) || !(is_leased(s, m) || is(M_replica_unleased)))
		return false;
	*ret = ask_replica(s, m);
	if (!line_ok(s, m, ret) || !s->m[m].epoch)
		return false;
	ret->epoch = s->m[m].epoch;
	if (is(M_replica_declared))
		return tag_ok(s, m, 0, ret->label);
	return is(M_replica_unchecked) || label_ok(s, m, ret->label);
}

static void check(const struct state *s, int m, const struct copy *c, const char *what)
{
	if (s->m[m].must & ~c->value || s->m[m].forbid & c->value)
		violation(m, what);
}

void judge(const struct state *s, int m)
{
	struct copy replica;

	if (is_leased(s, m) && memory_ok(s, m))
		check(s, m, &s->m[m].memory, "answers from memory");
	if (with(F_REDIS) && is_leased(s, m) && redis_ok(s, m, &s->redis))
		check(s, m, &s->redis, "answers from Redis");
	if (replica_ok(s, m, &replica))
		check(s, m, &replica, "answers from the replica");
}

/* --- a fill from Redis or a replica: the label comes along, V2 does not ----------------------
 */

static void copy_over(const struct state *s, int r, int m)
{
	struct copy replica;

	if (with(F_REDIS) && is_leased(s, m) && redis_ok(s, m, &s->redis))
		STEP(WHO, r, "finds a copy in Redis", {
			n.r[r].got = n.redis;
			if (is(M_relabel))
				n.r[r].got.label = snapshot_primary(s).xmin;
			n.r[r].era_same = 1;
			n.r[r].at = R_FILL_MEMORY;
		});
	if (replica_ok(s, m, &replica))
		STEP(WHO, r, "takes the replica's answer", {
			n.r[r].got = replica;
			n.r[r].era_same = n.r[r].to_redis = 1;
			n.r[r].at = R_FILL_MEMORY;
		});
}

/* --- a fill from the primary -----------------------------------------------------------------
 */

/* Its connection is of another history, or all was cleared since it was made. */
static void learn_epoch(const struct state *s, int r, int m)
{
	if (s->r[r].epoch == 0)
		STEP(WHO, r, "connects", {
			n.r[r].epoch = n.epoch;
			see_epoch(&n, m, n.epoch);
		});
	else if (s->r[r].epoch != s->epoch)
		STEP(WHO, r, "asks for the epoch", { n.r[r].epoch = n.epoch; });
}

/* Era, epoch, write counter and the gens of the declared tags are from before the read, and so
 * is the label: what it says is true of every later snapshot. */
static void declare(struct state *n, struct reader *me)
{
	struct snapshot snap = snapshot_primary(n);

	me->era_same = me->writes_same = me->primary = me->to_redis = 1;
	me->gens = PAGE;
	me->got = (struct copy){ 0, is(M_label_xmax) ? snap.xmax : snap.xmin, me->epoch };
	if (is(M_label_last))
		me->got.value = snap.committed;
	me->at = R_LABELLED;
}

static void read_data(struct state *n, struct reader *me, int m)
{
	struct snapshot snap = snapshot_primary(n);

	if (is(M_label_last))
		me->got.label = snap.xmin;
	else
		me->got.value = snap.committed;
	if (!me->epoch) { /* only of the mutation mixed_history */
		me->epoch = me->got.epoch = n->epoch;
		see_epoch(n, m, n->epoch);
	}
	me->at = with(F_FOUND_TAG) ? R_READ : R_FILL_MEMORY;
}

static void ask_primary(const struct state *s, int r, int m)
{
	if (s->r[r].epoch != s->m[m].epoch || !s->r[r].epoch)
		learn_epoch(s, r, m);
	if (!s->r[r].epoch)
		return;
	if (with(F_LABEL))
		STEP(WHO, r, "remembers gens, takes a label", { declare(&n, &n.r[r]); });
	else
		STEP(WHO, r, "remembers gens, reads the primary", {
			declare(&n, &n.r[r]);
			read_data(&n, &n.r[r], m);
		});
}

/* A tag found in the data: its gen is captured after the read, which is as good as before it if
 * no write was counted since before the read.  Gen first, counter second: writers raise them
 * the other way round. */
static void find_tag(const struct state *s, int r)
{
	bool first = s->r[r].at == R_READ;

	if (first != is(M_counter_first))
		STEP(WHO, r, "remembers the found tag's gen", {
			n.r[r].gens |= TOKEN;
			n.r[r].at = first ? R_FOUND : R_FILL_MEMORY;
		});
	else
		STEP(WHO, r, "asks the write counter", {
			n.r[r].certain = n.r[r].writes_same || is(M_certain_always);
			n.r[r].at = first ? R_FOUND : R_FILL_MEMORY;
		});
}

/* --- keeping it ------------------------------------------------------------------------------
 */

static void finish(struct reader *me)
{
	*me = (struct reader){ .epoch = me->epoch };
}

static void fill_memory(struct state *n, struct reader *me, int m)
{
	if (is(M_gen_at_fill))
		me->gens = PAGE | TOKEN;
	if (is(M_redis_v2) && !me->to_redis)
		me->gens = me->primary = PAGE | TOKEN;
	if (me->era_same && me->got.epoch) {
		n->m[m].memory = me->got;
		n->m[m].v2 = !me->primary ? 0 : me->certain ? me->gens : me->gens & PAGE;
	}
	if (me->to_redis && with(F_REDIS)) {
		*me = (struct reader){ .at = R_FILL_REDIS, .epoch = me->epoch, .got = me->got };
		return;
	}
	finish(me);
}

void reader(const struct state *s, int r)
{
	int m = cf->reader_at[r];

	switch (s->r[r].at) {
	case R_IDLE:
		copy_over(s, r, m);
		ask_primary(s, r, m);
		break;
	case R_LABELLED:
		STEP(WHO, r, "reads the primary", { read_data(&n, &n.r[r], m); });
		break;
	case R_READ:
	case R_FOUND:
		find_tag(s, r);
		break;
	case R_FILL_MEMORY:
		STEP(WHO, r, "fills memory", { fill_memory(&n, &n.r[r], m); });
		break;
	case R_FILL_REDIS:
		STEP(WHO, r, "fills Redis", {
			n.redis = n.r[r].got;
			finish(&n.r[r]);
		});
		break;
	}
}
