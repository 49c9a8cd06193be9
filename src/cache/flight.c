#include "cache/flight.h"

#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/pid.h"
#include "cache/layout.h"

#define PID_BITS 24 /* Linux: pid_max is at most 2^22 */

static struct flight *seat_of(const struct cache_map *map, uint64_t key_hash)
{
	return &map->flights[key_hash % FLIGHTS];
}

static uint64_t word_mine(uint64_t key_hash)
{
	return (key_hash >> PID_BITS << PID_BITS) | (uint64_t)pid_self();
}

static bool is_same_key(uint64_t word, uint64_t key_hash)
{
	return word >> PID_BITS == key_hash >> PID_BITS;
}

static bool is_dead(const struct flight *f, uint64_t word, int64_t now_ns)
{
	pid_t pid = (pid_t)(word & ((1u << PID_BITS) - 1));

	return atomic_load(&f->until_ns) <= now_ns || (kill(pid, 0) != 0 && errno == ESRCH);
}

/* Its time begins before it is its own, else another one would find the time of the filler
 * before and replace it at once.  Who comes too late has lengthened the winner's by nothing. */
static bool take(struct flight *f, uint64_t old, uint64_t key_hash, int64_t now_ns)
{
	atomic_store(&f->until_ns, now_ns + FLIGHT_LIFE_NS);
	return atomic_compare_exchange_strong(&f->word, &old, word_mine(key_hash));
}

static void wait_turn(struct flight *f, uint32_t turn, int64_t ns)
{
	struct timespec most = { ns / 1000000000, ns % 1000000000 };

	atomic_store(&f->waited, 1);
	syscall(SYS_futex, &f->turn, FUTEX_WAIT, turn, &most, NULL, 0);
}

enum flight_seat flight_begin(struct cache_map *map, uint64_t key_hash, bool wait)
{
	struct flight *f = seat_of(map, key_hash);
	int64_t now_ns = clock_mono_ns(), end_ns = now_ns + FLIGHT_WAIT_NS;
	uint32_t turn = atomic_load(&f->turn);

	while (now_ns < end_ns) {
		uint64_t word = atomic_load(&f->word);

		if (atomic_load(&f->turn) != turn)
			return FLIGHT_WOKEN;
		if (word == 0 || is_dead(f, word, now_ns)) {
			if (take(f, word, key_hash, now_ns))
				return FLIGHT_MINE;
			continue;
		}
		if (!wait || !is_same_key(word, key_hash))
			return FLIGHT_ALONE;
		wait_turn(f, turn, end_ns - now_ns);
		now_ns = clock_mono_ns();
	}
	return FLIGHT_ALONE;
}

void flight_end(struct cache_map *map, uint64_t key_hash)
{
	struct flight *f = seat_of(map, key_hash);
	uint64_t mine = word_mine(key_hash);

	if (!atomic_compare_exchange_strong(&f->word, &mine, 0))
		return;
	atomic_fetch_add(&f->turn, 1);
	/* Who says so only now finds another turn and does not wait. */
	if (atomic_exchange(&f->waited, 0))
		syscall(SYS_futex, &f->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
