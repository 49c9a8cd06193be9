/* One filler per key: others wait a little, the dead are replaced. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "../suite.h"
#include "base/clock.h"
#include "cache/flight.h"
#include "cache/layout.h"
#include "lib/child.h"
#include "mapped.h"
#include "race.h"

#define KEY UINT64_C(0x123456789abcdef0)

START_TEST(the_first_one_fills)
{
	ck_assert_int_eq(flight_begin(map, KEY, true), FLIGHT_MINE);
	ck_assert_int_eq(flight_begin(map, KEY, false), FLIGHT_ALONE);
	flight_end(map, KEY);
	ck_assert_int_eq(flight_begin(map, KEY, true), FLIGHT_MINE);
	flight_end(map, KEY);
}
END_TEST

START_TEST(another_key_of_the_same_seat_goes_alone)
{
	ck_assert_int_eq(flight_begin(map, KEY, true), FLIGHT_MINE);
	ck_assert_int_eq(flight_begin(map, KEY + ((uint64_t)FLIGHTS << 40), true),
			 FLIGHT_ALONE);
}
END_TEST

START_TEST(waiting_ends)
{
	int64_t start = clock_mono_ns();

	ck_assert_int_eq(flight_begin(map, KEY, true), FLIGHT_MINE);
	ck_assert_int_eq(flight_begin(map, KEY, true), FLIGHT_ALONE);
	ck_assert_int_ge(clock_mono_ns() - start, FLIGHT_WAIT_NS);
}
END_TEST

/* As /proc has it: R runs, S sleeps, Z has ended. */
static char state_of(pid_t pid)
{
	char path[32], line[256] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *in = fopen(path, "re");
	ck_assert_ptr_nonnull(in);
	char *read = fgets(line, sizeof(line), in);
	fclose(in);
	ck_assert_ptr_nonnull(read);
	const char *name_end = strrchr(line, ')');
	ck_assert_ptr_nonnull(name_end);
	return name_end[2];
}

/* What a waiter says whose flight ends while it sleeps; or when its time was over before. */
static enum flight_seat wait_asleep(void)
{
	struct flight *f = &map->flights[KEY % FLIGHTS];
	char state;
	int status;

	ck_assert_int_eq(flight_begin(map, KEY, true), FLIGHT_MINE);
	pid_t pid = child_fork();
	if (pid == 0)
		_exit((int)flight_begin(map, KEY, true));
	do {
		sched_yield();
		state = state_of(pid);
	} while (state != 'Z' && !(state == 'S' && atomic_load(&f->waited)));
	flight_end(map, KEY);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return (enum flight_seat)WEXITSTATUS(status);
}

/* Nobody who sleeps is awake in time without a wake; on a slow machine the time may be over. */
START_TEST(a_waiter_is_woken)
{
	enum flight_seat seat = FLIGHT_ALONE;

	for (int i = 0; i < 20 && seat == FLIGHT_ALONE; i++)
		seat = wait_asleep();
	ck_assert_int_eq(seat, FLIGHT_WOKEN);
}
END_TEST

START_TEST(the_dead_are_replaced)
{
	int status;
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(flight_begin(map, KEY, true) == FLIGHT_MINE ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(flight_begin(map, KEY, true), FLIGHT_MINE);
}
END_TEST

/* Many at once: one of them fills, and nobody is left waiting. */
START_TEST(one_of_many_fills)
{
	struct shared {
		_Atomic int go, mine;
	} *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[8];

	for (int p = 0; p < 8; p++) {
		pids[p] = child_fork();
		if (pids[p] == 0) {
			while (!atomic_load(&shared->go))
				;
			enum flight_seat seat = flight_begin(map, KEY, true);
			if (seat == FLIGHT_MINE) {
				struct timespec work = { 0, 10000000 };

				atomic_fetch_add(&shared->mine, 1);
				nanosleep(&work, NULL); /* the fill itself */
				flight_end(map, KEY);
			}
			_exit(seat == FLIGHT_ALONE);
		}
	}
	atomic_store(&shared->go, 1);
	for (int p = 0; p < 8; p++) {
		int status;

		ck_assert_int_eq(waitpid(pids[p], &status, 0), pids[p]);
		ck_assert_int_eq(status, 0);
	}
	/* One by one is right as well: who comes after the end begins anew. */
	ck_assert_int_ge(atomic_load(&shared->mine), 1);
	ck_assert_int_le(atomic_load(&shared->mine), 3);
}
END_TEST

static bool replace(void)
{
	return flight_begin(map, KEY, false) == FLIGHT_MINE;
}

/* Two find a filler that takes too long: one of them replaces it, and has its time. */
START_TEST(one_replaces_who_takes_too_long)
{
	struct race *race = race_begin(replace);
	struct flight *f = &map->flights[KEY % FLIGHTS];

	for (int i = 0; i < RACES; i++) {
		atomic_store(&f->until_ns, 1);
		atomic_store(&f->word, (KEY >> 24 << 24) | (uint64_t)getppid());
		int wins = race_run(race);
		ck_assert_int_eq(wins, 1);
	}
	race_end(race);
}
END_TEST

static void suite_add(TCase *tc)
{
	const TTest *tests[] = { the_first_one_fills,
				 another_key_of_the_same_seat_goes_alone,
				 waiting_ends,
				 a_waiter_is_woken,
				 the_dead_are_replaced,
				 one_of_many_fills,
				 one_replaces_who_takes_too_long };

	tcase_add_checked_fixture(tc, map_up, map_down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}
SUITE_OF(suite_add)
