/*
 * Two processes do the same at the same moment, many times over, and so many of them win:
 *
 *	struct race *race = race_begin(win);
 *	for (int i = 0; i < RACES; i++) {
 *		… as it is to be found …
 *		ck_assert_int_eq(race_run(race), 1);
 *	}
 *	race_end(race);
 */
#ifndef TESTS_CACHE_RACE_H
#define TESTS_CACHE_RACE_H

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/child.h"

enum {
	RACES = 10000
};

struct race {
	bool (*win)(void);
	pid_t other;
	_Atomic int round, done, wins;
};

/* At once, but not while the other one waits for this processor. */
static inline void race_await(_Atomic int *n, int want)
{
	for (int looks = 1; atomic_load(n) < want; looks++)
		if (looks % 2000 == 0)
			sched_yield();
}

static inline void race_other(struct race *race)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test waits for nobody */
	for (int i = 1; i <= RACES; i++) {
		race_await(&race->round, i);
		if (race->win())
			atomic_fetch_add(&race->wins, 1);
		atomic_store(&race->done, i);
	}
	_exit(0);
}

static inline struct race *race_begin(bool (*win)(void))
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	race->win = win;
	pid_t pid = child_fork();
	if (pid == 0)
		race_other(race);
	race->other = pid;
	return race;
}

/* A little later than the other one, each time by another little. */
static inline int race_run(struct race *race)
{
	int round = atomic_load(&race->round) + 1;

	atomic_store(&race->wins, 0);
	atomic_store(&race->round, round);
	for (int volatile later = round % 100; later > 0; later--)
		;
	if (race->win())
		atomic_fetch_add(&race->wins, 1);
	race_await(&race->done, round);
	return atomic_load(&race->wins);
}

static inline void race_end(struct race *race)
{
	ck_assert_int_eq(waitpid(race->other, NULL, 0), race->other);
	munmap(race, sizeof(*race));
}

#endif
