/*
 * A worker: one FastCGI loop over the listening socket of its lane, one connection to the
 * primary and one to a replica.  It leaves on SIGTERM, and asks for a successor when it has
 * served enough.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "api/gate.h"
#include "app/access.h"
#include "app/config.h"
#include "app/handles.h"
#include "app/outworn.h"
#include "app/process.h"
#include "app/signals.h"
#include "app/title.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/tally.h"
#include "cache/cache.h"
#include "cache/replica.h"
#include "http/fcgi.h"
#include "http/request.h"
#include "model/audit.h"
#include "model/keyring.h"
#include "net/pg.h"

struct worker {
	const struct process *process;
	const struct app_options *options;
	struct fcgi_options fcgi_options;
	struct handles handles;
	struct gate gate;
	struct access access;
	struct fcgi *fcgi;
	struct outworn outworn;
	uint64_t told_at; /* requests when a successor was asked for last; 0: not yet */
	int64_t ping_at_ns;
};

static void serve(void *ctx, struct request *req, const struct problem *bad,
		  struct response *res)
{
	struct worker *w = ctx;

	w->handles.env.arena = req->arena;
	w->handles.env.now_us = clock_wall_us();
	gate_serve(&w->gate, req, bad, res);
}

static void told(void *ctx, const struct request *req, const struct response *res, int64_t ns)
{
	struct worker *w = ctx;

	access_tell(&w->access, req, res, ns);
}

static void build(struct worker *w, const struct process *process)
{
	const struct config *config = process->config;

	*w = (struct worker){ .process = process, .options = &config->app };
	/* What other processes read is nobody's request. */
	tally_attach(&process->slot->tally, &process->slot->top);
	handles_open(&w->handles, process);
	struct env *env = &w->handles.env;
	env->keys = keyring_new(env->cache, env->pg);
	cache_on_write(env->cache, (struct cache_hook){ audit_join, audit_undone, env });
	w->gate = (struct gate){ .env = env, .http = &config->http, .options = &config->api };
	w->fcgi_options = config->fcgi;
	w->fcgi_options.listen_fd = process->listen_fd;
	w->fcgi_options.slot = process->slot;
	w->fcgi_options.told = told;
	access_init(&w->access, &config->access);
	uint64_t random;
	hash_random(&random, sizeof(random));
	outworn_init(&w->outworn, config->app.max_requests, config->app.max_growth, random);
}

static void unbuild(struct worker *w)
{
	fcgi_free(w->fcgi);
	keyring_free(w->handles.env.keys);
	handles_close(&w->handles);
}

/* Asked again now and then: the master may have had no place for a successor. */
static void see_outworn(struct worker *w)
{
	uint64_t served = fcgi_served(w->fcgi);

	if (w->told_at && served < w->told_at + OUTWORN_EVERY)
		return;
	enum outworn_why why = outworn_due(&w->outworn, served, outworn_memory);
	if (why == OUTWORN_NOT)
		return;
	w->told_at = served;
	log_info("outworn; asking for a successor", LOG_INT("requests", served),
		 LOG_STR("why", why == OUTWORN_REQUESTS ? STR("requests") : STR("memory")));
	process_tell(w->process, TOLD_OUTWORN);
}

/* Asked while nobody else asks: a database that came back is found before a request pays for
 * the connect, and one that went is known to the health routes. */
static void ping(struct worker *w, int64_t now_ns)
{
	if (!w->options->ping || now_ns < w->ping_at_ns)
		return;
	SCOPED(pg_result_done)
	struct pg_result result = pg_run(w->handles.env.pg, STMT_ping, PG_NO_ARGS);
	if (result.rc != RC_OK)
		log_debug("database away", LOG_STR("why", str_of(pg_error(w->handles.env.pg))));
	replicas_ping(w->handles.replicas, clock_mono_ns());
	w->ping_at_ns = clock_mono_ns() + w->options->ping_ms * 1000000;
}

/* A worker that wakes up does not push aside who runs, mostly the front that woke it: the front
 * comes to hand over several requests, and the worker to answer them in one turn.  Where a
 * processor is idle nothing changes.  Another policy was the operator's choice. */
static void give_way(const struct worker *w)
{
	const struct sched_param none = { 0 };

	if (!w->options->hot_batch || process_rows[w->process->role].lane != LANE_HOT ||
	    sched_getscheduler(0) != SCHED_OTHER)
		return;
	if (sched_setscheduler(0, SCHED_BATCH, &none) != 0)
		log_warn("SCHED_BATCH is refused; the worker runs as others do",
			 LOG_STR("why", str_of(strerror(errno))));
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
	give_way(&w);
	board_state(process->slot, BOARD_IDLE, clock_mono_ns());
	process_tell(process, TOLD_READY);
	loop(&w);
	drain(&w);
	unbuild(&w);
	return EXIT_SUCCESS;
}
