/*
 * The randomized checker of coherence: two machines behind their nginx over a PostgreSQL with a
 * lagging standby and one Redis; writers whose versions only grow, over HTTP and by SQL;
 *readers who judge every answer; and a nemesis.  docs/design/coherence.md, Proof on real
 * servers, says what is promised.
 *
 *	coherence SECONDS [SEED] [--mutation NAME | --plan NAME]
 *
 * --plan does all that shows the missing guard, with the guard.
 *
 * The last line tells counts, seed and verdict.  Exits 0 when nothing was violated; 1 when
 *something was; 2 when it saw too little to say so, 3 when it failed itself.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/scope.h"
#include "coherence/parts.h"
#include "lib/live_pair.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/pg_server.h"

#define READERS 3
#define PARTS   16

static struct stage stage;
static pid_t children[PARTS];
static int count;

/* Starts a part in a process of its own; true there. */
static bool part(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		keeper_panic("fork failed");
	if (pid > 0) {
		children[count++] = pid;
		return false;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return true;
}

#define PART(call)                                                                             \
	do {                                                                                   \
		if (part()) {                                                                  \
			call;                                                                  \
			_exit(0);                                                              \
		}                                                                              \
	} while (0)

static void begin(uint32_t seed)
{
	for (uint32_t i = 0; i < READERS; i++)
		PART(run_reader(&stage, seed + 101 * i));
	PART(run_writer(&stage, seed + 7, FIRST_NAME, LAST_NAME, 20));
	if (stage.plan->writes == WRITES_BUSY)
		PART(run_writer(&stage, seed + 8, FIRST_SLOW, LAST_SLOW, 20));
	PART(run_writer(&stage, seed + 9, FIRST_MANY, LAST_MANY, 500));
	PART(run_writer(&stage, seed + 12, FIRST_RARE, LAST_RARE, 50));
	PART(run_writer(&stage, seed + 14, FIRST_COUNTED, LAST_COUNTED, 1500));
	PART(run_writer(&stage, seed + 13, FIRST_TITLE, LAST_USER, 50));
	PART(run_poster(&stage, seed + 10, 0));
	PART(run_poster(&stage, seed + 11, 1));
	PART(run_pulse(&stage));
	PART(run_nemesis(&stage, seed));
}

/* False: a part of the checker failed, which says nothing about the service. */
static bool end(void)
{
	bool whole = true;
	int status;

	stage.account->stop = true;
	for (int i = 0; i < count; i++)
		if (waitpid(children[i], &status, 0) > 0 && status != 0) {
			fprintf(stderr, "part %d of the checker ended with %d\n", i, status);
			whole = false;
		}
	return whole;
}

static void make_key(void)
{
	static const char *const words[] = { "key",    "create", "--role", "operator",
					     "--name", "proof",  NULL };
	char line[256];

	if (machine_run(&stage.machine[0], words) != 0)
		keeper_panic("no key was made");
	FILE *in = fopen(stage.machine[0].output, "re");
	while (in && fgets(line, sizeof(line), in)) {
		const char *at = strstr(line, "sm_");
		if (at && strlen(at) >= 46)
			snprintf(stage.key, sizeof(stage.key), "%.46s", at);
	}
	if (in)
		fclose(in);
	if (!stage.key[0])
		keeper_panic("no key was told");
}

#ifdef ENABLE_FAILPOINTS
#define FAILPOINTS_ON true
#else
#define FAILPOINTS_ON false
#endif

/* The second machine asks the database, and so the replica, more often; and the database tier,
 * which keeps longer. */
static const char *const kept_for[MACHINES][2] = { { "300s", "1h" }, { "1s", "2s" } };

static void start_servers(uint32_t seed)
{
	live_pg_start();
	live_redis_start();
	stage_fill();
	live_pair_start();
	live_pg_follow(live_pair_standby()->keeper.dir);
	live_standby_wait_for(true);
	live_standby_delay(stage.plan->lag_ms ? stage.plan->lag_ms : 100 + (int)(seed % 400));
}

static void start(uint32_t seed)
{
	const struct plan *plan = stage.plan;
	char settings[1024];

	if (!stage.whole)
		setenv("SUCH_MARKET_MUTATION", plan->mutation, 1);
	stage.account = account_new();
	start_servers(seed);
	for (int i = 0; i < MACHINES; i++) {
		if (FAILPOINTS_ON)
			setenv("SUCH_MARKET_FP", plan->failpoints[i], 1);
		snprintf(settings, sizeof(settings),
			 "workers = 2\nslow_workers = 1\ncache_ttl_negative = 1s\n"
			 "warm_start = on\nwarm_interval = 1s\ncache_database = on\n"
			 "cache_ttl_hot = %s\ncache_ttl_warm = %s\n"
			 "replica_urls = \"%s %s\"\n",
			 plan->kept ? plan->kept : kept_for[i][0],
			 plan->kept ? plan->kept : kept_for[i][1], live_pair_url(0),
			 live_pair_url(1));
		machine_start(&stage.machine[i], settings);
	}
	make_key();
}

/* Of a minute or more: everything that a copy may come from, and enough of it while all was
 * well. */
static bool is_blind(const struct account *a, int64_t seconds)
{
	if (a->hits < 100 || a->writes < 100 || a->hits * 5 < a->reads || a->replica < 10)
		return true;
	return seconds >= 60 && !stage.plan->mutation &&
	       (a->calm < 200 || a->redis < 10 || a->stored < 5 || a->flagged < 1);
}

static void tell_counts(const struct account *a)
{
	printf("reads %lu, hits %lu (of Redis %lu, of the database tier %lu), flagged %lu, "
	       "failed %lu, of the replica %lu, while all was well %lu, writes %lu, "
	       "rolled back %lu, faults %lu",
	       (unsigned long)a->reads, (unsigned long)a->hits, (unsigned long)a->redis,
	       (unsigned long)a->stored, (unsigned long)a->flagged, (unsigned long)a->failed,
	       (unsigned long)a->replica, (unsigned long)a->calm, (unsigned long)a->writes,
	       (unsigned long)a->aborted, (unsigned long)a->faults);
}

static int verdict(int64_t seconds, uint32_t seed, bool whole)
{
	const struct account *a = stage.account;
	uint64_t sins = account_sins(a);
	bool blind = is_blind(a, seconds);

#define X(name, text) printf(#name "=%lu ", (unsigned long)a->sins[SIN_##name]);
	SINS(X)
#undef X
	printf("\noldest answer: %.1f ms while all is well, %.1f ms among faults; %lu times a "
	       "client saw an older version after a newer one\n",
	       (double)a->oldest_calm_ns / 1e6, (double)a->oldest_ns / 1e6,
	       (unsigned long)a->backward);
	printf("coherence: after %ld s, seed %u, mutation %s, ", (long)seconds, seed,
	       stage.whole ? "none" : stage.plan->mutation);
	tell_counts(a);
	printf(", violations %lu: %s\n", (unsigned long)sins,
	       sins     ? "VIOLATED"
	       : !whole ? "BROKEN"
	       : blind  ? "SAW TOO LITTLE"
			: "coherent");
	return sins ? 1 : !whole ? 3 : blind ? 2 : 0;
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: coherence SECONDS [SEED] [--mutation NAME | --plan NAME]\n");
	exit(64);
}

int main(int argc, char **argv)
{
	int64_t numbers[2] = { 0, clock_mono_ns() & 0x7fffffff };
	int given = 0;

	stage.plan = plan_of(NULL);
	stage.whole = true;
	for (int i = 1; i < argc; i++) {
		bool without = strcmp(argv[i], "--mutation") == 0;

		if ((without || strcmp(argv[i], "--plan") == 0) && i + 1 < argc) {
			stage.plan = plan_of(argv[++i]);
			stage.whole = !without;
		} else if (given < 2 && strtol(argv[i], NULL, 10) > 0) {
			numbers[given++] = strtol(argv[i], NULL, 10);
		} else {
			usage();
		}
	}
	if (given == 0 || !stage.plan)
		usage();
	uint32_t seed = (uint32_t)numbers[1] | 1;
	int64_t start_ns, ended_ns;

	fprintf(stderr, "coherence: seed %u\n", seed);
	stage.seconds = numbers[0];
	start(seed);
	start_ns = clock_mono_ns();
	begin(seed);
	while (clock_mono_ns() - start_ns < numbers[0] * 1000000000 &&
	       !(!stage.whole && account_sins(stage.account)))
		poll(NULL, 0, 50);
	ended_ns = clock_mono_ns();
	bool whole = end();
	account_close(stage.account);
	for (int i = 0; i < MACHINES; i++)
		machine_done(&stage.machine[i]);
	live_redis_done();
	live_pair_done();
	live_pg_done();
	return verdict((ended_ns - start_ns) / 1000000000, seed, whole);
}
