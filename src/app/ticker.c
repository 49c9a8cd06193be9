/* The process that writes counters to Redis and watches; its loop is all it does. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "api/routes.h"
#include "app/config.h"
#include "app/process.h"
#include "app/signals.h"
#include "app/title.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "jobs/ticker.h"

#define NS_PER_MS INT64_C(1000000)
#define LOCK_MS   50

struct handles {
	char machine[MACHINE_MAX];
	struct pg *pg;
	struct redis *redis, *analytics;
	struct cache *cache;
};

static void wait_until(int64_t mono_ns)
{
	int64_t ns = mono_ns - clock_mono_ns();
	struct timespec left = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	if (ns > 0 && ppoll(NULL, 0, &left, signals_open()) < 0 && errno != EINTR)
		log_error("waiting failed", LOG_STR("why", str_of(strerror(errno))));
}

static void see_log(void)
{
	if (signals_reopen() && log_reopen() != RC_OK)
		log_error("the log cannot be reopened; the old file stays");
}

/* Two tickers overlap in a reload: the board's ledger belongs to the one with the lock, which
 * goes with its process, however that ends.  -1: asked to leave before. */
static int take_ledger(const struct process *process)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/ticker.lock", process->config->app.run_dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		log_error("no lock for the ticker", LOG_STR("why", str_of(strerror(errno))));
	while (fd >= 0 && !signals_leaving() && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		wait_until(clock_mono_ns() + LOCK_MS * NS_PER_MS);
		see_log();
	}
	if (fd >= 0 && signals_leaving()) {
		close(fd);
		return -1;
	}
	return fd;
}

static struct redis *redis_or_none(const struct redis_options *options, bool on)
{
	return on ? redis_new(options) : NULL;
}

static void build(const struct process *process, struct handles *h, struct ticker_parts *ret)
{
	const struct config *config = process->config;
	bool redis_on = config->app.redis_on;

	process_machine(config, h->machine);
	h->pg = pg_new(&config->pg, config->pg.url);
	h->redis = redis_or_none(&config->redis, redis_on);
	h->analytics =
		redis_or_none(&config->analytics.redis, redis_on && config->analytics.on);
	h->cache = cache_new(&config->cache, process->map, h->pg);
	*ret = (struct ticker_parts){
		.machine = h->machine,
		.board = process->board,
		.analytics = { h->analytics, &config->analytics, &counted_names },
		.redis = h->redis,
		.pg = h->pg,
		.cache = h->cache,
		.role_names = role_names,
		.role_count = PROCESS_ROLES,
	};
	if (h->analytics && !redis_configured(h->analytics))
		ret->analytics.redis = NULL;
}

static void unbuild(struct handles *h)
{
	cache_free(h->cache);
	redis_free(h->analytics);
	redis_free(h->redis);
	pg_free(h->pg);
}

static void follow(const struct process *process, struct ticker *ticker)
{
	int64_t interval_ns = process->config->analytics.interval_ms * NS_PER_MS;

	while (!signals_leaving()) {
		int64_t start_ns = clock_mono_ns();

		ticker_turn(ticker, clock_wall_us(), start_ns);
		process->slot->requests++;
		wait_until(start_ns + interval_ns);
		see_log();
	}
}

int ticker_run(const struct process *process)
{
	struct handles handles;
	struct ticker_parts parts;

	board_state(process->slot, BOARD_IDLE, clock_mono_ns());
	process_tell(process, TOLD_READY);
	int lock = take_ledger(process);
	if (lock < 0)
		return signals_leaving() ? EXIT_SUCCESS : EXIT_FAILURE;
	build(process, &handles, &parts);
	struct ticker *ticker = ticker_new(&parts);
	follow(process, ticker);
	title_set("%s %d (leaving)", process_rows[process->role].title, process->index);
	(void)ticker_flush(ticker, clock_wall_us(), clock_mono_ns());
	ticker_free(ticker);
	unbuild(&handles);
	close(lock);
	return EXIT_SUCCESS;
}
