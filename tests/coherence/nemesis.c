/* Faults, in an order that the seed decides: each once, then each again.  Those of our own
 * processes are here. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/scope.h"
#include "coherence/faults.h"

#define CALM_MS  1500
#define PEACE_MS 5000 /* long enough to see that nothing is older than X */
#define ROUND    3    /* faults from one peace to the next */
#define LONG_S   180  /* a run of this long plays every card */

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
	write_mute(s, seed, CLEAR_SQL);
}

static void poison(struct stage *s, uint32_t *seed)
{
	write_mute(s, seed, CLEAR_POISON);
}

static void clear_over_http(struct stage *s, uint32_t *seed)
{
	write_mute(s, seed, CLEAR_HTTP);
}

/* Every relay has seen them; fresh mappings have not. */
static void prune_and_kill(struct stage *s, uint32_t *seed)
{
	wait_ms(s, 500);
	prune_events(s, 300);
	kill_master(s, seed);
}

static void prune_unseen(struct stage *s, uint32_t *seed)
{
	struct machine *m = any_machine(s, seed);
	pid_t pid;

	if (machine_children(m, "relay", &pid, 1) == 0)
		return;
	kill(pid, SIGSTOP);
	wait_ms(s, between(seed, 500, 3000));
	prune_events(s, 0);
	kill(pid, SIGCONT);
}

/* name (plan.def names some), what it does, whether it takes long: a short run has one such
 * card in its deck; whether it comes early, because answers are flagged then alone. */
static const struct fault {
	const char *name;
	void (*run)(struct stage *s, uint32_t *seed);
	bool heavy, early;
} faults[] = {
	{ "kill -9 of a worker", kill_worker, false, false },
	{ "a worker stopped", stop_worker, false, false },
	{ "kill -9 of a relay", kill_relay, false, false },
	{ "a relay stopped", stop_relay, false, false },
	{ "a relay stopped, events pruned", prune_unseen, false, false },
	{ "kill -9 of a master", kill_master, false, false },
	{ "events pruned early, kill -9 of a master", prune_and_kill, false, false },
	{ "reload", reload, false, false },
	{ "Redis restarted empty", empty_redis, false, false },
	{ "Redis paused", pause_redis, false, false },
	{ "Redis came back with an old dump", dump_redis, false, false },
	{ "Redis failed over to a copy", fail_over_redis, true, false },
	{ "the database crashed", crash_database, false, false },
	{ "numbers lost in a crash", lose_numbers, false, false },
	{ "the database restarted", restart_database, false, true },
	{ "the replica lags", delay_replica, false, false },
	{ "the replica killed", kill_replica, false, false },
	{ "the replica stopped", stop_replica, false, false },
	{ "the replica promoted by mistake", stray_replica, true, false },
	{ "the database failed over", fail_over_database, true, false },
	{ "everything cleared", clear, false, false },
	{ "an event that cannot be applied", poison, false, false },
	{ "everything cleared over HTTP", clear_over_http, false, false },
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

/* What only one card shows is seen in every run. */
static void hurry(int deck[FAULTS])
{
	for (int i = 1; i < FAULTS; i++)
		if (faults[deck[i]].early) {
			swap(&deck[1], &deck[i]);
			return;
		}
}

static const struct fault *fault_named(const char *name)
{
	for (int i = 0; i < FAULTS; i++)
		if (strcmp(faults[i].name, name) == 0)
			return &faults[i];
	keeper_panic("there is no fault: %s", name);
}

/* With a relay that is made slow nothing is as young as X. */
static void begin_calm(struct stage *s)
{
	for (int i = 0; i < MACHINES; i++)
		if (strstr(s->plan->failpoints[i], "_raise"))
			return;
	s->account->calm_ns = clock_mono_ns();
}

static void play(struct stage *s, const struct fault *f, uint32_t *seed)
{
	struct account *a = s->account;

	a->calm_ns = 0;
	fprintf(stderr, "%.3f %s (%lu reads failed before)\n", (double)clock_mono_ns() / 1e9,
		f->name, (unsigned long)a->failed);
	f->run(s, seed);
	a->faults++;
	begin_calm(s);
	wait_ms(s, CALM_MS);
}

static void play_deck(struct stage *s, const struct fault *shows, uint32_t *seed)
{
	int deck[FAULTS], heavy = 0, played = 0;

	shuffle(deck, seed);
	hurry(deck);
	for (int i = 0; i < FAULTS && !s->account->stop; i++) {
		const struct fault *f = &faults[deck[i]];

		if (shows && i % 2 == 0) /* every other one */
			play(s, shows, seed);
		heavy += f->heavy;
		if (f->heavy && heavy > 1 && s->seconds < LONG_S)
			continue;
		play(s, f, seed);
		if (++played % ROUND == 0)
			wait_ms(s, PEACE_MS - CALM_MS);
	}
}

void run_nemesis(struct stage *s, uint32_t seed)
{
	const struct plan *plan = s->plan;
	const struct fault *shows = plan->fault ? fault_named(plan->fault) : NULL;

	while (!s->account->stop) {
		begin_calm(s);
		wait_ms(s, plan->fault ? CALM_MS : PEACE_MS);
		if (!plan->alone)
			play_deck(s, shows, &seed);
		else if (shows)
			play(s, shows, &seed);
	}
}
