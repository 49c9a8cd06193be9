/* The process that follows the outbox for this machine; its loop is all it does. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include "app/config.h"
#include "app/process.h"
#include "app/signals.h"
#include "app/title.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/tally.h"
#include "cache/redis_tier.h"
#include "jobs/relay.h"
#include "net/redis.h"

#define NS_PER_MS INT64_C(1000000)
#define WOKEN_NS  (5 * NS_PER_MS) /* however much is published, polls begin no closer */

/* Rings when a write was acknowledged anywhere: a hint to poll now.  What Redis does not tell,
 * or tells late, the next poll finds. */
struct bell {
	struct redis *redis; /* NULL: none */
	struct redis_tier *tier;
};

static void bell_open(struct bell *bell, const struct process *process)
{
	const struct config *config = process->config;

	*bell = (struct bell){ .redis = NULL };
	if (!config->app.redis_on)
		return;
	bell->redis = redis_new(&config->redis);
	bell->tier = redis_tier_new(&config->cache, process->map, bell->redis);
}

static void bell_close(struct bell *bell)
{
	redis_tier_free(bell->tier);
	redis_free(bell->redis);
}

static int bell_fd(const struct bell *bell)
{
	return bell->redis ? redis_listen(bell->redis, redis_tier_channel(bell->tier)) : -1;
}

/* True: fd (-1: none) has something to read. */
static bool wait_until(int64_t mono_ns, int fd)
{
	int64_t ns = mono_ns - clock_mono_ns();
	struct timespec left = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	struct pollfd heard = { .fd = fd, .events = POLLIN };
	int n = ns > 0 ? ppoll(&heard, 1, &left, signals_open()) : 0;

	if (n < 0 && errno != EINTR)
		log_error("waiting failed", LOG_STR("why", str_of(strerror(errno))));
	return n > 0;
}

static void rest(const struct bell *bell, int64_t start_ns, int64_t interval_ns)
{
	wait_until(start_ns + WOKEN_NS, -1);
	if (!signals_leaving() && wait_until(start_ns + interval_ns, bell_fd(bell)) &&
	    redis_heard(bell->redis))
		metric_add(COUNTER_relay_woken, 1);
}

static void follow(const struct process *process, struct relay *relay, const struct bell *bell)
{
	while (!signals_leaving()) {
		int64_t start_ns = clock_mono_ns();

		relay_poll(relay, clock_boot_ns(), start_ns);
		process->slot->requests++;
		rest(bell, start_ns, process->config->relay.interval_ms * NS_PER_MS);
		if (signals_reopen() && log_reopen() != RC_OK)
			log_error("the log cannot be reopened; the old file stays");
	}
}

int relay_run(const struct process *process)
{
	char machine[MACHINE_MAX];
	struct bell bell;
	struct pg *pg = pg_new(&process->config->pg, process->config->pg.url);

	process_machine(process->config, machine);
	struct relay_options options = process->config->relay;

	options.rules = process->config->cache.rules;
	struct relay *relay = relay_new(pg, process->map, machine, &options);
	tally_attach(&process->slot->tally, NULL);
	/* The watchdog looks at requests: catching up may take its time. */
	board_state(process->slot, BOARD_IDLE, clock_mono_ns());
	process_tell(process, TOLD_READY);
	bell_open(&bell, process);
	follow(process, relay, &bell);
	bell_close(&bell);
	title_set("%s %d (leaving)", process_rows[process->role].title, process->index);
	relay_leave(relay);
	relay_free(relay);
	pg_free(pg);
	return EXIT_SUCCESS;
}
