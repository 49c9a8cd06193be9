/* A machine's mapping: slots, floor, epoch and era, and the copy in its memory tier. */
#include "proof/protocol.h"

void raise_xid(struct state *n, int m, uint8_t tags, uint8_t xid)
{
	for (int t = 0; t < TAGS; t++)
		if (tags >> t & 1)
			n->m[m].slot_xid[t] = max8(n->m[m].slot_xid[t], xid);
}

/* Whoever remembers one of these gens sees that it moved. */
void raise_gen(struct state *n, int m, uint8_t tags)
{
	n->m[m].v2 &= ~tags;
	for (int r = 0; r < cf->readers; r++)
		if (cf->reader_at[r] == m)
			n->r[r].gens &= ~tags;
}

void count_write(struct state *n, int m)
{
	for (int r = 0; r < cf->readers; r++)
		if (cf->reader_at[r] == m)
			n->r[r].writes_same = 0;
}

void raise_era(struct state *n, int m)
{
	n->m[m].memory = (struct copy){ 0 };
	n->m[m].v2 = 0;
	n->m[m].poll.era_same = 0;
	for (int r = 0; r < cf->readers; r++)
		if (cf->reader_at[r] == m)
			n->r[r].era_same = 0;
}

void void_all(struct state *n, int m)
{
	if (is(M_era_same) && n->m[m].epoch == 0)
		return;
	raise_era(n, m);
	n->m[m].epoch = 0;
}

/* Once an epoch: what is named after that was read after that, and epochs do not come back.
 * With a void a write no relay would come to an end. */
void see_epoch(struct state *n, int m, uint8_t epoch)
{
	if (n->m[m].epoch == epoch || n->m[m].seen == epoch)
		return;
	void_all(n, m);
	n->m[m].seen = epoch;
}

/*
 * Epochs have no order, but what was voided since the poll was begun may be news that the poll
 * has not: a relay that slept through a crash would bring copies of lost transactions back.
 */
bool name_epoch(struct state *n, int m)
{
	struct machine *at = &n->m[m];

	if (!at->poll.era_same && !is(M_epoch_back))
		return at->epoch == at->poll.epoch;
	if (at->epoch != at->poll.epoch) {
		raise_era(n, m);
		at->epoch = at->poll.epoch;
	}
	return true;
}

bool tag_ok(const struct state *s, int m, int t, uint8_t label)
{
	return label > max8(s->m[m].floor, s->m[m].slot_xid[t]);
}

/* The tags that a copy carries. */
static uint8_t carried(void)
{
	return is(M_tag_forgotten) ? PAGE : all_tags();
}

/* V1: the label is above every invalidation this machine knows of. */
bool label_ok(const struct state *s, int m, uint8_t label)
{
	for (int t = 0; t < TAGS; t++)
		if ((carried() >> t & 1) && !tag_ok(s, m, t, label))
			return false;
	return true;
}

static bool epoch_ok(const struct state *s, int m, uint8_t epoch)
{
	return is(M_no_epoch) || (epoch && epoch == s->m[m].epoch);
}

/* Each tag by its own right: V1, or V2. */
bool memory_ok(const struct state *s, int m)
{
	const struct machine *at = &s->m[m];

	if (!at->memory.label || !epoch_ok(s, m, at->memory.epoch))
		return false;
	for (int t = 0; t < TAGS; t++)
		if ((carried() >> t & 1) && !tag_ok(s, m, t, at->memory.label) &&
		    !(at->v2 >> t & 1))
			return false;
	return true;
}

/* V1 only: nobody on this machine saw it being read. */
bool redis_ok(const struct state *s, int m, const struct copy *c)
{
	if (!c->label || !epoch_ok(s, m, c->epoch))
		return false;
	return is(M_redis_inv_only) ? c->label > s->redis_inv : label_ok(s, m, c->label);
}
