#include "base/ledger.h"

#include <string.h>

static void step(struct ledger *l, enum ledger_step to)
{
	__atomic_store_n(&l->step, (uint64_t)to, __ATOMIC_RELEASE);
}

static struct ledger_mark *mark_at(struct ledger *l, uint64_t i)
{
	return &l->mark[i % LEDGER_MARKS];
}

static void push(struct ledger *l, const struct tally *sums, int64_t minute)
{
	struct ledger_mark *mark = mark_at(l, l->next);

	if (l->next - l->first == LEDGER_MARKS) {
		l->first++; /* its counts are in the next mark, too */
		l->dropped++;
	}
	mark->minute = minute;
	mark->until = *sums;
	__atomic_store_n(&l->next, l->next + 1, __ATOMIC_RELEASE);
}

void ledger_mark(struct ledger *l, const struct tally *sums, int64_t minute)
{
	struct ledger_mark *last = mark_at(l, l->next - 1);

	if (l->next == l->first || last->minute != minute)
		push(l, sums, minute);
	else
		last->until = *sums;
}

static bool is_same(const struct tally *a, const struct tally *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void move_base(struct ledger *l)
{
	l->base = l->target;
	step(l, LEDGER_IDLE);
}

bool ledger_open(struct ledger *l)
{
	if (l->step == LEDGER_CLOSED) /* somebody was killed there */
		move_base(l);
	if (l->step == LEDGER_OPEN)
		return true;
	while (l->first != l->next && is_same(&mark_at(l, l->first)->until, &l->base)) {
		if (l->first + 1 == l->next)
			return false; /* the current minute goes on */
		l->first++;
	}
	if (l->first == l->next)
		return false;
	l->target = mark_at(l, l->first)->until;
	l->minute = mark_at(l, l->first)->minute;
	l->number++;
	step(l, LEDGER_OPEN);
	return true;
}

void ledger_close(struct ledger *l)
{
	step(l, LEDGER_CLOSED);
	move_base(l);
}

void tally_difference(const struct tally *a, const struct tally *b, struct tally *ret)
{
	const uint64_t *x = (const uint64_t *)a, *y = (const uint64_t *)b;
	uint64_t *to = (uint64_t *)ret;

	for (size_t i = 0; i < TALLY_CELLS; i++)
		to[i] = x[i] > y[i] ? x[i] - y[i] : 0;
}

void ledger_pending(const struct ledger *l, const struct tally *sums, struct tally *ret)
{
	bool closed = __atomic_load_n(&l->step, __ATOMIC_ACQUIRE) == LEDGER_CLOSED;

	tally_difference(sums, closed ? &l->target : &l->base, ret);
}
