/* Decisions about children, with a clock of the test's own and no process at all. */
#include "suite.h"

#include <signal.h>
#include "app/children.h"

#define MS 1000000
#define S  1000000000

static struct {
	pid_t next;
	int started, terms, kills, gone;
	pid_t last_term;
	bool refuse;
} world;

static pid_t start(void *ctx, struct child *child)
{
	(void)ctx;
	child->slot = 1;
	if (world.refuse)
		return -1;
	world.started++;
	return ++world.next;
}

static void send_signal(void *ctx, pid_t pid, int signo)
{
	(void)ctx;
	world.terms += signo == SIGTERM;
	world.kills += signo == SIGKILL;
	if (signo == SIGTERM)
		world.last_term = pid;
}

static void gone(void *ctx, const struct child *child)
{
	(void)ctx;
	(void)child;
	world.gone++;
}

static const struct child_ops ops = { start, send_signal, gone, NULL };
static struct children c;

static void tell(pid_t pid, enum told_what what, int64_t now)
{
	const struct told told = { .pid = pid, .what = what };

	children_told(&c, &told, now);
}

/* Two hot workers, one slow one, all ready: processes 1, 2 and 3. */
static void begin(int64_t now)
{
	static const int64_t count[PROCESS_ROLES] = { [PROCESS_hot] = 2, [PROCESS_slow] = 1 };
	pid_t first = world.next;

	children_begin(&c, count, 10LL * S, now);
	children_step(&c, now);
	for (pid_t pid = first + 1; pid <= first + 3; pid++)
		tell(pid, TOLD_READY, now);
}

static void fresh(void)
{
	memset(&world, 0, sizeof(world));
	children_init(&c, &ops);
	begin(0);
}

START_TEST(backoff_grows_to_its_limit)
{
	ck_assert_int_eq(child_backoff_ns(0), 0);
	ck_assert_int_eq(child_backoff_ns(1), 0);
	ck_assert_int_eq(child_backoff_ns(2), 100 * MS);
	ck_assert_int_eq(child_backoff_ns(3), 200 * MS);
	ck_assert_int_eq(child_backoff_ns(7), 3200LL * MS);
	ck_assert_int_eq(child_backoff_ns(8), CHILD_BACKOFF_MAX_NS);
	ck_assert_int_eq(child_backoff_ns(1000000), CHILD_BACKOFF_MAX_NS);
}
END_TEST

START_TEST(everybody_is_started_and_settles)
{
	fresh();
	ck_assert_int_eq(world.started, 3);
	ck_assert(children_settled(&c));
	ck_assert_int_eq(children_ready(&c), 3);
	ck_assert_int_eq(world.terms, 0);
}
END_TEST

START_TEST(the_dead_come_back_at_once_then_later)
{
	fresh();
	ck_assert_ptr_nonnull(children_died(&c, 1, 1 * S));
	ck_assert(!children_settled(&c));
	children_step(&c, 1 * S);
	ck_assert_int_eq(world.started, 4);
	children_died(&c, 4, 1 * S);
	ck_assert_int_eq(children_step(&c, 1 * S), 1 * S + 100 * MS);
	ck_assert_int_eq(world.started, 4);
	children_step(&c, 1 * S + 100 * MS);
	ck_assert_int_eq(world.started, 5);
	ck_assert_int_eq(world.gone, 0);
}
END_TEST

START_TEST(a_long_life_forgives)
{
	fresh();
	children_died(&c, 1, 1 * S);
	children_step(&c, 1 * S);
	children_died(&c, 4, 1 * S);
	children_step(&c, 2LL * S);
	ck_assert_int_eq(world.started, 5);
	children_died(&c, 5, 2LL * S + CHILD_LONG_LIFE_NS);
	children_step(&c, 2LL * S + CHILD_LONG_LIFE_NS);
	ck_assert_int_eq(world.started, 6);
}
END_TEST

START_TEST(a_start_that_fails_is_tried_again)
{
	fresh();
	world.refuse = true;
	children_died(&c, 1, 1 * S);
	int64_t next = children_step(&c, 1 * S);
	ck_assert_int_gt(next, 1 * S);
	ck_assert_int_le(next, 1 * S + CHILD_BACKOFF_MAX_NS);
	world.refuse = false;
	children_step(&c, next);
	ck_assert_int_eq(world.started, 4);
}
END_TEST

START_TEST(a_stranger_is_no_child)
{
	fresh();
	ck_assert_ptr_null(children_died(&c, 99, 1 * S));
	tell(99, TOLD_OUTWORN, 1 * S);
	children_step(&c, 1 * S);
	ck_assert_int_eq(world.started, 3);
}
END_TEST

START_TEST(a_generation_leaves_only_when_the_next_is_ready)
{
	static const int64_t count[PROCESS_ROLES] = { [PROCESS_hot] = 1, [PROCESS_slow] = 1 };

	fresh();
	children_begin(&c, count, 10LL * S, 1 * S);
	children_step(&c, 1 * S);
	ck_assert_int_eq(world.started, 5);
	tell(4, TOLD_READY, 1 * S);
	ck_assert_int_eq(world.terms, 0);
	ck_assert(!children_settled(&c));
	tell(5, TOLD_READY, 1 * S);
	ck_assert_int_eq(world.terms, 3);
	for (pid_t pid = 1; pid <= 3; pid++)
		children_died(&c, pid, 2LL * S);
	ck_assert_int_eq(world.gone, 3);
	ck_assert(children_settled(&c));
	ck_assert_int_eq(children_ready(&c), 2);
}
END_TEST

START_TEST(a_generation_that_never_gets_ready_ends_nobody)
{
	fresh();
	static const int64_t count[PROCESS_ROLES] = { [PROCESS_hot] = 1, [PROCESS_slow] = 1 };
	children_begin(&c, count, 10LL * S, 1 * S);
	for (int64_t now = 1 * S; now < 60LL * S; now += 100 * MS) {
		children_step(&c, now);
		children_died(&c, world.next, now);
		children_died(&c, world.next - 1, now);
	}
	ck_assert_int_eq(world.terms, 0);
	ck_assert_int_eq(children_ready(&c), 3);
	/* The configuration is mended: the failed generation is dropped, the old one still
	 * serves. */
	begin(61LL * S);
	ck_assert_int_eq(world.terms, 3);
	ck_assert_int_eq(children_ready(&c), 3);
	ck_assert(children_settled(&c));
}
END_TEST

START_TEST(an_outworn_one_leaves_after_its_successor_is_ready)
{
	fresh();
	tell(2, TOLD_OUTWORN, 1 * S);
	tell(2, TOLD_OUTWORN, 1 * S);
	children_step(&c, 1 * S);
	ck_assert_int_eq(world.started, 4);
	ck_assert_int_eq(world.terms, 0);
	tell(4, TOLD_READY, 1 * S);
	ck_assert_int_eq(world.terms, 1);
	ck_assert_int_eq(world.last_term, 2);
	children_died(&c, 2, 1 * S);
	children_step(&c, 2LL * S);
	ck_assert_int_eq(world.started, 4);
	ck_assert_int_eq(children_ready(&c), 3);
}
END_TEST

START_TEST(an_outworn_one_that_dies_is_not_replaced_twice)
{
	fresh();
	tell(2, TOLD_OUTWORN, 1 * S);
	children_step(&c, 1 * S);
	children_died(&c, 2, 1 * S);
	tell(4, TOLD_READY, 1 * S);
	children_step(&c, 2LL * S);
	ck_assert_int_eq(world.started, 4);
	ck_assert_int_eq(world.terms, 0);
	ck_assert_int_eq(children_ready(&c), 3);
}
END_TEST

START_TEST(who_does_not_leave_is_killed_once)
{
	fresh();
	children_stop(&c, 1 * S);
	ck_assert_int_eq(world.terms, 3);
	ck_assert_int_eq(children_step(&c, 1 * S), 11LL * S);
	ck_assert_int_eq(world.kills, 0);
	children_step(&c, 11LL * S);
	children_step(&c, 12LL * S);
	ck_assert_int_eq(world.kills, 3);
	for (pid_t pid = 1; pid <= 3; pid++)
		children_died(&c, pid, 12LL * S);
	ck_assert(children_gone(&c));
	ck_assert_int_eq(world.started, 3);
}
END_TEST

/* What others count while they drain is written by the ticker: it leaves after them. */
START_TEST(the_ticker_leaves_last)
{
	static const int64_t count[PROCESS_ROLES] = { [PROCESS_hot] = 2, [PROCESS_ticker] = 1 };

	memset(&world, 0, sizeof(world));
	children_init(&c, &ops);
	children_begin(&c, count, 10LL * S, 0);
	children_step(&c, 0);
	for (pid_t pid = 1; pid <= 3; pid++)
		tell(pid, TOLD_READY, 0);
	children_stop(&c, 1 * S);
	ck_assert_int_eq(children_step(&c, 1 * S), 11LL * S);
	ck_assert_int_eq(world.terms, 2);
	children_died(&c, 1, 2LL * S);
	children_died(&c, 3, 2LL * S); /* the ticker by itself: there is another */
	children_step(&c, 2LL * S);
	ck_assert_int_eq(world.started, 4);
	ck_assert_int_eq(world.terms, 2);
	children_died(&c, 2, 3LL * S);
	ck_assert_int_eq(children_step(&c, 3LL * S), 13LL * S);
	ck_assert_int_eq(world.terms, 3);
	ck_assert_int_eq(world.last_term, 4);
	children_died(&c, 4, 3LL * S);
	children_step(&c, 4LL * S);
	ck_assert(children_gone(&c));
	ck_assert_int_eq(world.started, 4);
}
END_TEST

START_TEST(stopping_forgets_those_that_wait)
{
	fresh();
	children_died(&c, 1, 1 * S);
	children_stop(&c, 1 * S);
	children_step(&c, 20LL * S);
	ck_assert_int_eq(world.started, 3);
	ck_assert_int_eq(world.gone, 1);
}
END_TEST

SUITE(backoff_grows_to_its_limit, everybody_is_started_and_settles,
      the_dead_come_back_at_once_then_later, a_long_life_forgives,
      a_start_that_fails_is_tried_again, a_stranger_is_no_child,
      a_generation_leaves_only_when_the_next_is_ready,
      a_generation_that_never_gets_ready_ends_nobody,
      an_outworn_one_leaves_after_its_successor_is_ready,
      an_outworn_one_that_dies_is_not_replaced_twice, who_does_not_leave_is_killed_once,
      the_ticker_leaves_last, stopping_forgets_those_that_wait)
