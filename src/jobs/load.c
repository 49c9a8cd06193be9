#include "jobs/load.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/tally.h"
#include "model/env.h"

#define NS_PER_MS   INT64_C(1000000)
#define SAMPLES     4096 /* of one user; of more reads, each is as likely to be kept */
#define LOOK_NS     (50 * NS_PER_MS)
#define GRACE_NS    (5000 * NS_PER_MS) /* beyond its time a user is ended */
#define COLD_USERS  8                  /* only so many open a connection to the database */
#define REDIS_EVERY 20
#define COLD_EVERY  100
#define NICE        10

/* What a user leaves for its parent. */
struct user {
	uint64_t operations, failed, sum_ns, from[SOURCE_STALE + 1];
	int64_t max_ns, elapsed_ns;
	uint32_t ns[SAMPLES]; /* capped at 4.2 s */
	bool done;
};

struct crowd {
	_Atomic uint32_t cold;
	struct user user[];
};

/* --- a user ------------------------------------------------------------------------------ */

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static void note(struct user *u, int64_t ns, enum rc rc, enum source source, uint64_t *state)
{
	uint64_t place = u->operations < SAMPLES ? u->operations
						 : next_random(state) % (u->operations + 1);

	u->operations++;
	u->sum_ns += (uint64_t)ns;
	if (ns > u->max_ns)
		u->max_ns = ns;
	if (place < SAMPLES)
		u->ns[place] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
	if (rc == RC_OK)
		u->from[source]++;
	else
		u->failed++;
}

/* Mostly out of memory, at times out of Redis, now and then out of the database. */
static uint32_t choose(struct env *env, struct crowd *crowd, int me, uint64_t turn,
		       uint64_t *state)
{
	uint32_t number = (uint32_t)(next_random(state) % PROBE_WARM);

	if (me < COLD_USERS && turn % COLD_EVERY == COLD_EVERY - 1) {
		uint32_t cold = atomic_fetch_add(&crowd->cold, 1);

		if (cold < PROBE_MAX)
			return cold;
	}
	if (turn % REDIS_EVERY == REDIS_EVERY - 1)
		probe_forget_memory(env, number);
	return number;
}

static void rest(int64_t until_ns)
{
	int64_t ns = until_ns - clock_mono_ns();
	struct timespec left = { ns / 1000000000, ns % 1000000000 };

	if (ns > 0)
		nanosleep(&left, NULL);
}

static void read_on(struct env *env, struct crowd *crowd, int me, const struct load *load)
{
	struct user *u = &crowd->user[me];
	uint64_t state = (uint64_t)me + 1;
	int64_t begin_ns = clock_mono_ns(), now_ns = begin_ns;

	for (uint64_t turn = 0; now_ns < begin_ns + load->for_ns; turn++) {
		uint32_t number = choose(env, crowd, me, turn, &state);
		enum source source = SOURCE_DATABASE;
		int64_t start_ns = clock_mono_ns();
		enum rc rc = probe_read(env, number, &source);

		note(u, clock_mono_ns() - start_ns, rc, source, &state);
		arena_reset(env->arena); /* keeps what was filled */
		if (load->pause_ns)
			rest(start_ns + load->pause_ns);
		now_ns = clock_mono_ns();
	}
	u->elapsed_ns = now_ns - begin_ns;
}

static _Noreturn void live(const struct load *load, const struct load_hooks *hooks,
			   struct crowd *crowd, int me, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	metric_attach(NULL);
	tally_attach(NULL, NULL);
	(void)setpriority(PRIO_PROCESS, 0, NICE); /* only ever less */
	struct env *env = hooks->connect(hooks->ctx);
	if (!env)
		_exit(1);
	env->arena = arena_new(16384);
	read_on(env, crowd, me, load);
	crowd->user[me].done = true;
	_exit(0);
}

/* --- all of them ------------------------------------------------------------------------- */

static int begin(const struct load *load, const struct load_hooks *hooks, struct crowd *crowd,
		 pid_t *pids)
{
	pid_t parent = getpid();

	for (int i = 0; i < load->users; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			live(load, hooks, crowd, i, parent);
		if (pids[i] < 0)
			return i;
	}
	return load->users;
}

/* True: all have ended. */
static bool reap(pid_t *pids, int n, int options)
{
	bool all = true;

	for (int i = 0; i < n; i++) {
		pid_t pid = pids[i] > 0 ? waitpid(pids[i], NULL, options) : -1;

		if (pid == pids[i] || (pid < 0 && errno == ECHILD))
			pids[i] = 0;
		all &= pids[i] <= 0;
	}
	return all;
}

static enum rc watch(const struct load *load, const struct load_hooks *hooks, pid_t *pids,
		     int n)
{
	int64_t now_ns = clock_mono_ns(), end_ns = now_ns + load->for_ns + GRACE_NS;
	enum rc rc = RC_OK;

	while (rc == RC_OK && now_ns < end_ns && !reap(pids, n, WNOHANG)) {
		rc = hooks->wait(hooks->ctx, now_ns + LOOK_NS);
		now_ns = clock_mono_ns();
	}
	for (int i = 0; i < n; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	(void)reap(pids, n, 0);
	return rc;
}

/* --- figures ----------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void load_summarize(int64_t *samples_ns, uint64_t n, struct load_figures *ret)
{
	if (n == 0)
		return;
	qsort(samples_ns, n, sizeof(*samples_ns), by_size);
	ret->p50_ns = samples_ns[(n - 1) * 50 / 100];
	ret->p95_ns = samples_ns[(n - 1) * 95 / 100];
	ret->p99_ns = samples_ns[(n - 1) * 99 / 100];
}

static uint64_t kept(const struct user *u)
{
	return u->operations < SAMPLES ? u->operations : SAMPLES;
}

/* A user that did not come to its end has failed once more. */
static void add(struct load_figures *all, const struct user *u)
{
	all->operations += u->operations;
	all->failed += u->failed + !u->done;
	all->mean_ns += (int64_t)u->sum_ns;
	if (u->max_ns > all->max_ns)
		all->max_ns = u->max_ns;
	if (u->elapsed_ns > all->elapsed_ns)
		all->elapsed_ns = u->elapsed_ns;
	for (int i = 0; i <= SOURCE_STALE; i++)
		all->from[i] += u->from[i];
}

static void figure(const struct crowd *crowd, int users, struct load_figures *ret)
{
	int64_t *samples = mem_alloc(((size_t)users * SAMPLES + 1) * sizeof(*samples));
	struct load_figures all = { .users = users };
	uint64_t n = 0;

	for (int i = 0; i < users; i++) {
		const struct user *u = &crowd->user[i];

		add(&all, u);
		for (uint64_t k = 0; k < kept(u); k++)
			samples[n++] = u->ns[k];
	}
	if (all.operations)
		all.mean_ns /= (int64_t)all.operations;
	load_summarize(samples, n, &all);
	free(samples);
	*ret = all;
}

enum rc load_run(struct load *load, const struct load_hooks *hooks, struct load_figures *ret)
{
	size_t size = sizeof(struct crowd) + (size_t)load->users * sizeof(struct user);
	pid_t pids[LOAD_USERS] = { 0 };
	struct crowd *crowd =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (crowd == MAP_FAILED)
		return RC_UNAVAILABLE;
	atomic_store(&crowd->cold, load->cold);
	int begun = begin(load, hooks, crowd, pids);
	enum rc rc = begun == load->users ? RC_OK : RC_UNAVAILABLE;
	if (rc == RC_OK)
		rc = watch(load, hooks, pids, begun);
	for (int i = 0; rc != RC_OK && i < begun; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	(void)reap(pids, begun, 0);
	load->cold = atomic_load(&crowd->cold);
	if (rc == RC_OK)
		figure(crowd, load->users, ret);
	munmap(crowd, size);
	return rc;
}
