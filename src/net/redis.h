/*
 * One connection to Redis.  A command has a budget (20 ms); after a failure the context is dead
 * (hiredis 0.14) and is made again with back-off; meanwhile calls answer RC_UNAVAILABLE at
 * once.  URLs: redis://[:password@]host[:port][/db], unix:///path?db=n, or a bare path.
 * rediss:// and http(s):// are refused by redis_url_check with an explanation.  The process has
 * to ignore SIGPIPE: hiredis does not ask send(2) for silence.
 */
#ifndef NET_REDIS_H
#define NET_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/conf.h"
#include "base/rc.h"
#include "base/str.h"

struct redis;

struct redis_options {
	const char *url;  /* "" : no Redis */
	const char *host; /* parts used when url is "" and host is set */
	int64_t port;
	const char *password;
	int64_t connect_ms;
	int64_t budget_ms; /* of one command */
};
extern const struct conf_key redis_keys[];

/* RC_OK, or RC_INVALID and *ret_why in words an operator can act on (static). */
enum rc redis_url_check(const char *url, const char **ret_why);

/* Opens nothing yet; without url and host it is off.  options are borrowed. */
struct redis *redis_new(const struct redis_options *options);
void redis_free(struct redis *redis);
bool redis_configured(const struct redis *redis);
enum rc redis_ping(struct redis *redis, int64_t *ret_ns);
const char *redis_error(const struct redis *redis);

#endif
