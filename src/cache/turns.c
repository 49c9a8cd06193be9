#include "cache/turns.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/pid.h"
#include "cache/layout.h"

#define LOOK_NS      INT64_C(20000000)    /* a holder that died wakes nobody */
#define TURN_LIFE_NS INT64_C(60000000000) /* longer than any answer takes; pids come again */

static bool is_dead(uint32_t pid)
{
	return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static bool is_free(struct turns *turns, int i, uint32_t holder, int64_t now_ns)
{
	return holder == 0 || atomic_load(&turns->until_ns[i]) <= now_ns || is_dead(holder);
}

/* As in flight.c, its time begins before it is its own. */
static int take(struct turns *turns, int64_t limit, int64_t now_ns)
{
	uint32_t self = (uint32_t)pid_self();

	for (int i = 0; i < limit && i < TURNS_MAX; i++) {
		uint32_t holder = atomic_load(&turns->holder[i]);

		if (!is_free(turns, i, holder, now_ns))
			continue;
		atomic_store(&turns->until_ns[i], now_ns + TURN_LIFE_NS);
		if (atomic_compare_exchange_strong(&turns->holder[i], &holder, self))
			return i;
	}
	return -1;
}

static void wait_for(struct turns *turns, uint32_t given, int64_t ns)
{
	struct timespec most = { 0, ns < LOOK_NS ? ns : LOOK_NS };

	syscall(SYS_futex, &turns->given, FUTEX_WAIT, given, &most, NULL, 0);
}

int turn_begin(struct cache_map *map, int64_t limit, int64_t wait_ns)
{
	struct turns *turns = &map->head->turns;
	int64_t end_ns = 0;

	if (limit <= 0)
		return TURN_UNLIMITED;
	for (;;) {
		uint32_t given = atomic_load(&turns->given);
		int64_t now_ns = clock_mono_ns();
		int place = take(turns, limit, now_ns);
		if (place >= 0)
			return place;
		end_ns = end_ns ? end_ns : now_ns + wait_ns;
		if (now_ns >= end_ns)
			return -1;
		atomic_fetch_add(&turns->waiting, 1);
		wait_for(turns, given, end_ns - now_ns);
		atomic_fetch_sub(&turns->waiting, 1);
	}
}

void turn_end(struct cache_map *map, int place)
{
	struct turns *turns = &map->head->turns;

	if (place < 0 || place >= TURNS_MAX)
		return;
	uint32_t self = (uint32_t)pid_self();

	if (!atomic_compare_exchange_strong(&turns->holder[place], &self, 0))
		return; /* it took too long: another one has it */
	atomic_fetch_add(&turns->given, 1);
	/* Who waited and was killed is counted for ever: a call more each time. */
	if (atomic_load(&turns->waiting))
		syscall(SYS_futex, &turns->given, FUTEX_WAKE, 1, NULL, NULL, 0);
}
