#include "app/children.h"

#include <signal.h>
#include <string.h>

#define EACH(c, it) for (struct child *it = (c)->child; it < (c)->child + BOARD_SLOTS; it++)

int64_t child_backoff_ns(int failures)
{
	const int64_t first = 100000000;

	if (failures < 2)
		return 0;
	if (failures > 7)
		return CHILD_BACKOFF_MAX_NS;
	int64_t ns = first << (failures - 2);
	return ns < CHILD_BACKOFF_MAX_NS ? ns : CHILD_BACKOFF_MAX_NS;
}

void children_init(struct children *c, const struct child_ops *ops)
{
	memset(c, 0, sizeof(*c));
	c->ops = ops;
}

static struct child *child_of_pid(struct children *c, pid_t pid)
{
	EACH(c, it)
	if (it->pid == pid && it->state != CHILD_EMPTY)
		return it;
	return NULL;
}

/* The only writer of a child's end: its record is free for another. */
static void vanish(struct children *c, struct child *it)
{
	c->ops->gone(c->ops->ctx, it);
	it->state = CHILD_EMPTY;
	it->pid = 0;
}

static void leave(struct children *c, struct child *it, int64_t now_ns)
{
	if (it->state == CHILD_WAITING) {
		vanish(c, it);
	} else if (it->state == CHILD_STARTING || it->state == CHILD_READY) {
		it->state = CHILD_LEAVING;
		it->kill_at_ns = now_ns + c->drain_ns;
		c->ops->signal(c->ops->ctx, it->pid, SIGTERM);
	}
}

static struct child *want(struct children *c, enum process_role role, int index, int64_t now_ns)
{
	EACH(c, it)
	{
		if (it->state != CHILD_EMPTY)
			continue;
		*it = (struct child){ .state = CHILD_WAITING,
				      .role = role,
				      .index = index,
				      .generation = c->generation,
				      .slot = -1,
				      .start_at_ns = now_ns,
				      .successor_of = -1 };
		return it;
	}
	return NULL;
}

static void leave_older(struct children *c, bool ready_too, int64_t now_ns)
{
	EACH(c, it)
	if (it->generation != c->generation && (ready_too || it->state != CHILD_READY))
		leave(c, it, now_ns);
}

void children_begin(struct children *c, const int64_t count[PROCESS_ROLES], int64_t drain_ns,
		    int64_t now_ns)
{
	c->generation++;
	c->drain_ns = drain_ns;
	leave_older(c, false, now_ns);
	for (int role = 0; role < PROCESS_ROLES; role++)
		for (int i = 1; i <= count[role]; i++)
			want(c, (enum process_role)role, i, now_ns);
}

static void start(struct children *c, struct child *it, int64_t now_ns)
{
	pid_t pid = c->ops->start(c->ops->ctx, it);

	if (pid < 0) {
		it->failures++;
		it->start_at_ns = now_ns + child_backoff_ns(it->failures + 1);
		return;
	}
	it->pid = pid;
	it->state = CHILD_STARTING;
	it->started_ns = now_ns;
	it->kill_at_ns = 0;
}

/* Returns when this child needs attention next. */
static int64_t step(struct children *c, struct child *it, int64_t now_ns)
{
	if (it->state == CHILD_WAITING && it->start_at_ns <= now_ns)
		start(c, it, now_ns);
	if (it->state == CHILD_WAITING)
		return it->start_at_ns;
	if (it->state != CHILD_LEAVING)
		return INT64_MAX;
	if (it->kill_at_ns <= now_ns) {
		c->ops->signal(c->ops->ctx, it->pid, SIGKILL);
		it->kill_at_ns = INT64_MAX;
	}
	return it->kill_at_ns;
}

/* The ticker writes what the others count until their end. */
static bool only_tickers(const struct children *c)
{
	for (int i = 0; i < BOARD_SLOTS; i++)
		if (c->child[i].state != CHILD_EMPTY && c->child[i].role != PROCESS_ticker)
			return false;
	return true;
}

static void leave_but_tickers(struct children *c, int64_t now_ns)
{
	bool last = only_tickers(c);

	EACH(c, it)
	if (last || it->role != PROCESS_ticker)
		leave(c, it, now_ns);
}

int64_t children_step(struct children *c, int64_t now_ns)
{
	int64_t next = INT64_MAX;

	if (c->stopping)
		leave_but_tickers(c, now_ns);
	EACH(c, it)
	{
		int64_t at = step(c, it, now_ns);
		next = at < next ? at : next;
	}
	return next;
}

static bool newest_ready(const struct children *c)
{
	for (int i = 0; i < BOARD_SLOTS; i++) {
		const struct child *it = &c->child[i];
		if (it->generation == c->generation &&
		    (it->state == CHILD_WAITING || it->state == CHILD_STARTING))
			return false;
	}
	return true;
}

static void became_ready(struct children *c, struct child *it, int64_t now_ns)
{
	if (it->state != CHILD_STARTING)
		return;
	it->state = CHILD_READY;
	if (it->successor_of >= 0) {
		leave(c, &c->child[it->successor_of], now_ns);
		it->successor_of = -1;
	}
	if (newest_ready(c))
		leave_older(c, true, now_ns);
}

static void became_outworn(struct children *c, struct child *it, int64_t now_ns)
{
	if (it->state != CHILD_READY || it->outworn || it->generation != c->generation)
		return;
	struct child *fresh = want(c, it->role, it->index, now_ns);
	if (!fresh)
		return;
	fresh->successor_of = (int)(it - c->child);
	it->outworn = true;
}

void children_told(struct children *c, const struct told *told, int64_t now_ns)
{
	struct child *it = child_of_pid(c, told->pid);

	if (!it)
		return;
	if (told->what == TOLD_READY)
		became_ready(c, it, now_ns);
	else
		became_outworn(c, it, now_ns);
}

/* An outworn child that dies early needs no second successor. */
static void forget_successor(struct children *c, const struct child *dead)
{
	EACH(c, it)
	if (it->state != CHILD_EMPTY && it->successor_of == dead - c->child)
		it->successor_of = -1;
}

const struct child *children_died(struct children *c, pid_t pid, int64_t now_ns)
{
	struct child *it = child_of_pid(c, pid);

	if (!it)
		return NULL;
	bool wanted = it->state != CHILD_LEAVING && !it->outworn;
	forget_successor(c, it);
	if (!wanted) {
		vanish(c, it);
		return it;
	}
	it->failures = now_ns - it->started_ns >= CHILD_LONG_LIFE_NS ? 1 : it->failures + 1;
	it->start_at_ns = now_ns + child_backoff_ns(it->failures);
	it->state = CHILD_WAITING;
	it->pid = 0;
	return it;
}

void children_stop(struct children *c, int64_t now_ns)
{
	c->stopping = true;
	leave_but_tickers(c, now_ns);
}

void children_signal(struct children *c, int signo)
{
	EACH(c, it)
	if (it->pid > 0)
		c->ops->signal(c->ops->ctx, it->pid, signo);
}

bool children_gone(const struct children *c)
{
	for (int i = 0; i < BOARD_SLOTS; i++)
		if (c->child[i].state != CHILD_EMPTY)
			return false;
	return true;
}

bool children_settled(const struct children *c)
{
	for (int i = 0; i < BOARD_SLOTS; i++) {
		const struct child *it = &c->child[i];
		if (it->state == CHILD_WAITING || it->state == CHILD_STARTING ||
		    (it->state == CHILD_READY && it->generation != c->generation))
			return false;
	}
	return true;
}

int children_ready(const struct children *c)
{
	int n = 0;

	for (int i = 0; i < BOARD_SLOTS; i++)
		n += c->child[i].state == CHILD_READY;
	return n;
}
