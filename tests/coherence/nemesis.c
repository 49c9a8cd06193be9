/* Faults, in an order that the seed decides: each once, then each again. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/scope.h"
#include "coherence/parts.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "net/pg.h"

#define CALM_MS 1500

static const struct pg_options options = { .connect_ms = 2000, .deadline_ms = 10000 };

static void wait_ms(const struct stage *s, int64_t ms)
{
	int64_t until_ns = clock_mono_ns() + ms * 1000000;

	while (clock_mono_ns() < until_ns && !s->account->stop)
		poll(NULL, 0, 20);
}

static int between(uint32_t *seed, uint32_t least, uint32_t most)
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

static void empty_redis(struct stage *s, uint32_t *seed)
{
	live_redis_stop();
	wait_ms(s, between(seed, 0, 1000));
	live_redis_resume();
}

static void pause_redis(struct stage *s, uint32_t *seed)
{
	pid_t pid = live_redis_pid();

	kill(pid, SIGSTOP);
	wait_ms(s, between(seed, 100, 2000));
	kill(pid, SIGCONT);
}

static void crash_database(struct stage *s, uint32_t *seed)
{
	live_pg_crash();
	wait_ms(s, between(seed, 0, 500));
	live_pg_resume();
}

static void restart_database(struct stage *s, uint32_t *seed)
{
	live_pg_stop();
	wait_ms(s, between(seed, 0, 1000));
	live_pg_resume();
}

static void clear(struct stage *s, uint32_t *seed)
{
	struct pg *pg = pg_new(&options, live_pg_owner_url());

	(void)s;
	SCOPED(pg_result_done)
	struct pg_result done =
		pg_exec(pg, dice(seed) % 2 ? "SELECT such_market.cache_clear_all()"
					   : "INSERT INTO such_market.cache_events (kind, tags)"
					     " VALUES ('cache_cleared', '{\"no such tag\"}')");
	pg_free(pg);
}

/*	name, what it does */
static const struct fault {
	const char *name;
	void (*run)(struct stage *s, uint32_t *seed);
} faults[] = {
	{ "kill -9 of a worker", kill_worker },
	{ "a worker stopped", stop_worker },
	{ "kill -9 of a relay", kill_relay },
	{ "a relay stopped", stop_relay },
	{ "kill -9 of a master", kill_master },
	{ "reload", reload },
	{ "Redis restarted empty", empty_redis },
	{ "Redis paused", pause_redis },
	{ "the database crashed", crash_database },
	{ "the database restarted", restart_database },
	{ "everything cleared, or poison", clear },
};

static void shuffle(int deck[COUNT_OF(faults)], uint32_t *seed)
{
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		deck[i] = (int)i;
	for (size_t i = COUNT_OF(faults) - 1; i > 0; i--) {
		size_t k = dice(seed) % (i + 1);
		int card = deck[i];
		deck[i] = deck[k];
		deck[k] = card;
	}
}

void run_nemesis(struct stage *s, uint32_t seed)
{
	struct account *a = s->account;
	int deck[COUNT_OF(faults)];

	while (!a->stop) {
		shuffle(deck, &seed);
		/* Peace long enough to see that nothing is older than X. */
		a->calm_ns = clock_mono_ns();
		wait_ms(s, 5000);
		for (size_t i = 0; i < COUNT_OF(faults) && !a->stop; i++) {
			const struct fault *f = &faults[deck[i]];
			a->calm_ns = 0;
			fprintf(stderr, "%.3f %s (%lu reads failed before)\n",
				(double)clock_mono_ns() / 1e9, f->name,
				(unsigned long)a->failed);
			f->run(s, &seed);
			a->faults++;
			a->calm_ns = clock_mono_ns();
			wait_ms(s, CALM_MS);
		}
	}
}

#define PULSE_MS 10

/* The worst of the last three seconds. */
void run_pulse(struct stage *s)
{
	struct pg *pg = pg_new(&options, live_pg_url());
	int64_t worst_ns[3] = { 0 }, second_ns = 0;

	while (!s->account->stop) {
		int64_t start_ns = clock_mono_ns();
		SCOPED(pg_result_done)
		struct pg_result done = pg_run(pg, STMT_ping, PG_NO_ARGS);
		poll(NULL, 0, PULSE_MS);
		int64_t now_ns = clock_mono_ns(),
			late_ns = now_ns - start_ns - PULSE_MS * 1000000;
		if (now_ns / 1000000000 != second_ns) {
			second_ns = now_ns / 1000000000;
			worst_ns[second_ns % 3] = 0;
		}
		if (late_ns > worst_ns[second_ns % 3])
			worst_ns[second_ns % 3] = late_ns;
		late_ns = 0;
		for (int i = 0; i < 3; i++)
			late_ns = worst_ns[i] > late_ns ? worst_ns[i] : late_ns;
		s->account->late_ns = late_ns;
	}
	pg_free(pg);
}
