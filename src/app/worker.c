/*
 * A worker: one FastCGI loop over the listening socket of its lane, one connection to the
 * database.  It leaves on SIGTERM, and asks for a successor when it has served enough.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "api/gate.h"
#include "app/config.h"
#include "app/process.h"
#include "app/signals.h"
#include "app/title.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "cache/cache.h"
#include "http/fcgi.h"
#include "http/request.h"
#include "model/env.h"
#include "model/instance.h"

/* Memory is looked at once in so many requests; what the first ones need is no growth. */
#define MEMORY_EVERY 256

static const char *const role_names[] = {
#define PROCESS(name, title, lane, count, run) #name,
#include "app/roles.def"
};

struct worker {
	const struct process *process;
	const struct app_options *options;
	struct fcgi_options fcgi_options;
	struct migrate_options migrate;
	struct env env;
	struct gate gate;
	struct fcgi *fcgi;
	uint64_t requests_end; /* 0: no end */
	uint64_t memory_at;    /* look at the memory after so many requests */
	int64_t memory_base;   /* bytes; 0: not yet looked */
	uint64_t told_at;      /* requests when a successor was asked for last; 0: not yet */
	int64_t ping_at_ns;
};

static void serve(void *ctx, struct request *req, const struct problem *bad,
		  struct response *res)
{
	struct worker *w = ctx;

	w->env.arena = req->arena;
	w->env.now_us = clock_wall_us();
	gate_serve(&w->gate, req, bad, res);
}

static void tell_slow(void *ctx, const char *name, int64_t ns)
{
	(void)ctx;
	log_warn("slow statement", LOG_STR("statement", str_of(name)),
		 LOG_REAL("milliseconds", (double)ns / 1e6));
}

/* Ten per cent either way, so that workers started together do not leave together. */
static uint64_t with_jitter(int64_t n)
{
	uint64_t spread = (uint64_t)n / 5, random;

	if (n == 0)
		return 0;
	hash_random(&random, sizeof(random));
	return (uint64_t)n - spread / 2 + random % (spread + 1);
}

static void build(struct worker *w, const struct process *process)
{
	const struct config *config = process->config;

	*w = (struct worker){ .process = process, .options = &config->app };
	w->migrate = config_migrate(config);
	w->env = (struct env){
		.pg = pg_new(&config->pg, config->pg.url),
		.redis = config->app.redis_on ? redis_new(&config->redis) : NULL,
		.cache = cache_new(),
		.board = process->board,
		.started_us = clock_wall_us(),
		.role_names = role_names,
		.role_count = PROCESS_ROLES,
		.migrate = &w->migrate,
	};
	pg_on_slow(w->env.pg, tell_slow, NULL);
	instance_attach(&w->env);
	w->gate = (struct gate){ .env = &w->env, .http = &config->http, .slot = process->slot };
	w->fcgi_options = config->fcgi;
	w->fcgi_options.listen_fd = process->listen_fd;
	w->fcgi_options.slot = process->slot;
	w->requests_end = with_jitter(config->app.max_requests);
	w->memory_at = MEMORY_EVERY;
}

static void unbuild(struct worker *w)
{
	fcgi_free(w->fcgi);
	cache_free(w->env.cache);
	redis_free(w->env.redis);
	pg_free(w->env.pg);
}

/* Resident pages that no file backs and nobody shares. */
static int64_t private_bytes(void)
{
	long long size, resident, shared;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	int n = fscanf(f, "%lld %lld %lld", &size, &resident, &shared);
	fclose(f);
	return n == 3 ? (resident - shared) * sysconf(_SC_PAGESIZE) : 0;
}

static bool has_grown(struct worker *w)
{
	if (w->options->max_growth == 0 || fcgi_served(w->fcgi) < w->memory_at)
		return false;
	w->memory_at = fcgi_served(w->fcgi) + MEMORY_EVERY;
	int64_t bytes = private_bytes();
	if (w->memory_base == 0)
		w->memory_base = bytes;
	return bytes - w->memory_base > w->options->max_growth;
}

/* Asked again now and then: the master may have had no place for a successor. */
static void see_outworn(struct worker *w)
{
	uint64_t served = fcgi_served(w->fcgi);
	bool spent = w->requests_end && served >= w->requests_end;

	if (w->told_at && served < w->told_at + MEMORY_EVERY)
		return;
	if (!spent && !has_grown(w))
		return;
	w->told_at = served;
	log_info("outworn; asking for a successor", LOG_INT("requests", served),
		 LOG_STR("why", spent ? STR("requests") : STR("memory")));
	process_tell(w->process, TOLD_OUTWORN);
}

/* Asked while nobody else asks: a database that came back is found before a request pays for
 * the connect, and one that went is known to the health routes. */
static void ping(struct worker *w, int64_t now_ns)
{
	if (!w->options->ping || now_ns < w->ping_at_ns)
		return;
	SCOPED(pg_result_done)
	struct pg_result result = pg_run(w->env.pg, STMT_ping, PG_NO_ARGS);
	if (result.rc != RC_OK)
		log_debug("database away", LOG_STR("why", str_of(pg_error(w->env.pg))));
	w->ping_at_ns = clock_mono_ns() + w->options->ping_ms * 1000000;
}

static void loop(struct worker *w)
{
	int wait_ms = w->options->ping ? (int)w->options->ping_ms : -1;

	while (!signals_leaving()) {
		int answered = fcgi_poll(w->fcgi, wait_ms, signals_open());

		if (signals_reopen() && log_reopen() != RC_OK)
			log_error("the log cannot be reopened; the old file stays");
		if (answered == 0)
			ping(w, clock_mono_ns());
		see_outworn(w);
	}
}

static void drain(struct worker *w)
{
	const struct process *p = w->process;

	title_set("%s %d (leaving)", process_rows[p->role].title, p->index);
	board_state(p->slot, BOARD_DRAINING, clock_mono_ns());
	fcgi_drain(w->fcgi, w->options->drain_ms);
}

int worker_run(const struct process *process)
{
	struct worker w;

	build(&w, process);
	ping(&w, INT64_MAX);
	w.fcgi = fcgi_new(&w.fcgi_options, serve, &w);
	if (!w.fcgi) {
		log_error("cannot wait on the listening socket");
		unbuild(&w);
		return EXIT_FAILURE;
	}
	board_state(process->slot, BOARD_IDLE, clock_mono_ns());
	process_tell(process, TOLD_READY);
	loop(&w);
	drain(&w);
	unbuild(&w);
	return EXIT_SUCCESS;
}
