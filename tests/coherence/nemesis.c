/* Faults, in an order that the seed decides: each once, then each again.  Those of our own
 * processes are here. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/scope.h"
#include "coherence/faults.h"

#define CALM_MS 1500
#define LONG_S  180 /* a run of this long plays every card */

void wait_ms(const struct stage *s, int64_t ms)
{
	int64_t until_ns = clock_mono_ns() + ms * 1000000;

	while (clock_mono_ns() < until_ns && !s->account->stop)
		poll(NULL, 0, 20);
}

int between(uint32_t *seed, uint32_t least, uint32_t most)
{
	return (int)(least + dice(seed) % (most - least + 1));
}

static struct machine *any_machine(struct stage *s, uint32_t *seed)
{
	return &s->machine[(dice(seed) >> 8) % MACHINES];
}

static void hit(struct stage *s, uint32_t *seed, const char *word, int signal, int stopped_ms)
{
	struct machine *m = any_machine(s, seed);
	pid_t pids[16];
	size_t n = machine_children(m, word, pids, COUNT_OF(pids));

	if (n == 0)
		return;
	pid_t pid = pids[dice(seed) % n];
	kill(pid, signal);
	if (stopped_ms) {
		wait_ms(s, stopped_ms);
		kill(pid, SIGCONT);
	}
}

static void kill_worker(struct stage *s, uint32_t *seed)
{
	hit(s, seed, "worker", SIGKILL, 0);
}

static void stop_worker(struct stage *s, uint32_t *seed)
{
	hit(s, seed, "worker", SIGSTOP, between(seed, 200, 3000));
}

static void kill_relay(struct stage *s, uint32_t *seed)
{
	hit(s, seed, "relay", SIGKILL, 0);
}

static void stop_relay(struct stage *s, uint32_t *seed)
{
	hit(s, seed, "relay", SIGSTOP, between(seed, 2500, 5000));
}

static bool is_running(pid_t pid)
{
	char path[64], line[256] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *in = fopen(path, "re");
	const char *end = in && fgets(line, sizeof(line), in) ? strrchr(line, ')') : NULL;
	if (in)
		fclose(in);
	return end && end[1] == ' ' && end[2] != 'Z';
}

/* As systemd would: again until it stays.  Old workers still listen for a moment. */
static void kill_master(struct stage *s, uint32_t *seed)
{
	struct machine *m = any_machine(s, seed);

	machine_end(m, SIGKILL);
	wait_ms(s, between(seed, 0, 300));
	do {
		machine_begin(m);
		wait_ms(s, 500);
	} while (!is_running(*m->market_pid) && !s->account->stop);
}

static void reload(struct stage *s, uint32_t *seed)
{
	kill(*any_machine(s, seed)->market_pid, SIGHUP);
}

static void clear(struct stage *s, uint32_t *seed)
{
	write_mute(s, dice(seed) % 2);
}

/*
 * name, what it does, whether it takes long: a short run has one such card in its deck; and the
 * guard that is missed at once when this happens.
 */
static const struct fault {
	const char *name;
	void (*run)(struct stage *s, uint32_t *seed);
	bool heavy;
	const char *shows[2];
} faults[] = {
	{ "kill -9 of a worker", kill_worker, false, { NULL } },
	{ "a worker stopped", stop_worker, false, { NULL } },
	{ "kill -9 of a relay", kill_relay, false, { NULL } },
	{ "a relay stopped", stop_relay, false, { "no_lease", "replica_unleased" } },
	{ "kill -9 of a master", kill_master, false, { NULL } },
	{ "reload", reload, false, { NULL } },
	{ "Redis restarted empty", empty_redis, false, { NULL } },
	{ "Redis paused", pause_redis, false, { NULL } },
	{ "Redis came back with an old dump", dump_redis, false, { NULL } },
	{ "Redis failed over to a copy", fail_over_redis, true, { NULL } },
	{ "the database crashed", crash_database, false, { NULL } },
	{ "the database restarted", restart_database, false, { NULL } },
	{ "the replica lags", delay_replica, false, { NULL } },
	{ "the replica killed", kill_replica, false, { NULL } },
	{ "the replica stopped", stop_replica, false, { NULL } },
	{ "the replica promoted by mistake", stray_replica, true, { "replica_any_history" } },
	{ "the database failed over", fail_over_database, true, { NULL } },
	{ "everything cleared, or poison", clear, false, { "no_epoch" } },
};
#define FAULTS (int)COUNT_OF(faults)

static void swap(int *a, int *b)
{
	int card = *a;

	*a = *b;
	*b = card;
}

static void shuffle(int deck[FAULTS], uint32_t *seed)
{
	for (int i = 0; i < FAULTS; i++)
		deck[i] = i;
	for (int i = FAULTS - 1; i > 0; i--)
		swap(&deck[i], &deck[dice(seed) % (uint32_t)(i + 1)]);
}

/* What shows that a guard is missing; -1: anything does. */
static int show_of(const char *mutation)
{
	for (int i = 0; mutation && i < FAULTS; i++)
		for (int k = 0; k < 2; k++)
			if (faults[i].shows[k] && strcmp(faults[i].shows[k], mutation) == 0)
				return i;
	return -1;
}

static void play(struct stage *s, const struct fault *f, uint32_t *seed)
{
	struct account *a = s->account;

	a->calm_ns = 0;
	fprintf(stderr, "%.3f %s (%lu reads failed before)\n", (double)clock_mono_ns() / 1e9,
		f->name, (unsigned long)a->failed);
	f->run(s, seed);
	a->faults++;
	a->calm_ns = clock_mono_ns();
	wait_ms(s, CALM_MS);
}

void run_nemesis(struct stage *s, uint32_t seed)
{
	struct account *a = s->account;
	int deck[FAULTS], show = show_of(s->mutation);

	while (!a->stop) {
		int heavy = 0;

		shuffle(deck, &seed);
		/* Peace long enough to see that nothing is older than X. */
		a->calm_ns = clock_mono_ns();
		wait_ms(s, 5000);
		for (int i = 0; i < FAULTS && !a->stop; i++) {
			const struct fault *f = &faults[deck[i]];

			if (show >= 0 && i % 2 == 0) /* every other one */
				play(s, &faults[show], &seed);
			heavy += f->heavy;
			if (!f->heavy || heavy == 1 || s->seconds >= LONG_S)
				play(s, f, &seed);
		}
	}
}
