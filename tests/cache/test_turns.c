/* So many at once, whoever dies. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../suite.h"
#include "base/clock.h"
#include "base/scope.h"
#include "cache/layout.h"
#include "cache/turns.h"
#include "lib/child.h"
#include "mapped.h"
#include "race.h"

#define MS INT64_C(1000000)

START_TEST(so_many_at_once)
{
	int a = turn_begin(map, 2, 0), b = turn_begin(map, 2, 0);

	ck_assert_int_ge(a, 0);
	ck_assert_int_ge(b, 0);
	ck_assert_int_ne(a, b);
	ck_assert_int_eq(turn_begin(map, 2, 0), -1);
	turn_end(map, a);
	ck_assert_int_eq(turn_begin(map, 2, 0), a);
	/* A larger limit, after a reload, has room. */
	ck_assert_int_ge(turn_begin(map, 3, 0), 0);
}
END_TEST

START_TEST(no_limit)
{
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(turn_begin(map, 0, 0), TURN_UNLIMITED);
	turn_end(map, TURN_UNLIMITED);
	turn_end(map, -1);
}
END_TEST

START_TEST(waiting_ends)
{
	int64_t start_ns = clock_mono_ns();

	turn_begin(map, 1, 0);
	ck_assert_int_eq(turn_begin(map, 1, 60 * MS), -1);
	ck_assert_int_ge(clock_mono_ns() - start_ns, 60 * MS);
}
END_TEST

START_TEST(a_waiter_gets_the_place)
{
	int place = turn_begin(map, 1, 0), status;
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(turn_begin(map, 1, 20000 * MS) >= 0 ? 0 : 1);
	while (atomic_load(&map->head->turns.waiting) == 0)
		usleep(1000);
	turn_end(map, place);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(places_of_the_dead_are_free)
{
	int wire[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(wire), 0);
	pid = child_fork();
	if (pid == 0) {
		byte = turn_begin(map, 1, 0) >= 0;
		if (write(wire[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	ck_assert_int_eq(read(wire[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 1);
	ck_assert_int_eq(turn_begin(map, 1, 0), -1);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(turn_begin(map, 1, 0), 0);
	/* A pid may come again: nothing is held for ever. */
	ck_assert_int_eq(turn_begin(map, 1, 0), -1);
	atomic_store(&map->head->turns.until_ns[0], 1);
	ck_assert_int_eq(turn_begin(map, 1, 0), 0);
}
END_TEST

/* Eight processes over two places: never more than two have one, and all come to an end. */
START_TEST(never_more)
{
	struct shared {
		_Atomic int inside, most;
	} *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[8];

	for (int p = 0; p < 8; p++) {
		pids[p] = child_fork();
		if (pids[p] != 0)
			continue;
		for (int i = 0; i < 200; i++) {
			int place = turn_begin(map, 2, 20000 * MS);
			int now = atomic_fetch_add(&shared->inside, 1) + 1, most = 0;

			while (most < now &&
			       !atomic_compare_exchange_weak(&shared->most, &most, now))
				;
			usleep(50);
			atomic_fetch_sub(&shared->inside, 1);
			turn_end(map, place);
			if (place < 0)
				_exit(1);
		}
		_exit(0);
	}
	for (int p = 0; p < 8; p++) {
		int status;

		ck_assert_int_eq(waitpid(pids[p], &status, 0), pids[p]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(shared->most, 2);
}
END_TEST

static bool take_one(void)
{
	return turn_begin(map, 1, 0) == 0;
}

/* Two find a holder that has not come back for a minute: one of them has the place. */
START_TEST(one_takes_the_place_of_who_stays_away)
{
	struct race *race = race_begin(take_one);
	struct turns *turns = &map->head->turns;

	for (int i = 0; i < RACES; i++) {
		atomic_store(&turns->until_ns[0], 1);
		atomic_store(&turns->holder[0], (uint32_t)getppid());
		int wins = race_run(race);
		ck_assert_int_eq(wins, 1);
	}
	race_end(race);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { so_many_at_once,
				 no_limit,
				 waiting_ends,
				 a_waiter_gets_the_place,
				 places_of_the_dead_are_free,
				 never_more,
				 one_takes_the_place_of_who_stays_away };

	tcase_add_checked_fixture(tc, map_up, map_down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < COUNT_OF(tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
