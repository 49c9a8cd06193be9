/*
 * One connection to Redis.  A round trip has a budget (20 ms) for all of its commands together;
 * after a failure the connection is closed and made again at the next call, and after several
 * a breaker opens (net/breaker.h): calls answer RC_UNAVAILABLE at once.  URLs:
 * redis://[:password@]host[:port][/db], unix:///path?db=n, or a bare path.  rediss:// and
 * http(s):// are refused by redis_url_check with an explanation.
 *
 *	struct str words[] = { STR("GET"), key };
 *	struct redis_command get = { .word = words, .words = COUNT_OF(words) };
 *	rc = redis_run(redis, arena, &get, 1, &reply);
 */
#ifndef NET_REDIS_H
#define NET_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/conf.h"
#include "base/hash.h"
#include "base/rc.h"
#include "base/str.h"
#include "net/redis_reply.h"

struct arena;
struct redis;

struct redis_options {
	const char *url;  /* "" : no Redis */
	const char *host; /* parts used when url is "" and host is set */
	int64_t port;
	const char *password;
	int64_t connect_ms;
	int64_t budget_ms; /* of one round trip */
};
extern const struct conf_key redis_keys[];

/* RC_OK, or RC_INVALID and *ret_why in words an operator can act on (static). */
enum rc redis_url_check(const char *url, const char **ret_why);

/* Opens nothing yet; without url and host it is off.  options are borrowed. */
struct redis *redis_new(const struct redis_options *options);
void redis_free(struct redis *redis);
/* Another one with the same options: a connection of its own. */
struct redis *redis_again(const struct redis *redis);
bool redis_configured(const struct redis *redis);
enum rc redis_ping(struct redis *redis, int64_t *ret_ns);
const char *redis_error(const struct redis *redis); /* of the last failure or refusal */

/* A Lua script: sent by its name, whole when the server does not know it. */
struct redis_script {
	struct str text;
	char sha[2 * SHA1_BYTES + 1];
};
void redis_script_init(struct redis_script *script, struct str text); /* borrowed */

struct redis_command {
	const struct redis_script *script; /* NULL: the first word is the command's name */
	size_t keys;                       /* of a script: the first words; the rest is ARGV */
	const struct str *word;
	size_t words;
};

/*
 * All commands in one round trip (two when the server does not know a script).  RC_OK: each
 * has its reply in ret, which may be an error reply: those are counted, and to a cache all of
 * them mean "go without".  RC_TIMEOUT, RC_UNAVAILABLE: what was sent may have been done.
 * RC_TOO_LARGE: limits of redis_reply.h, or the commands have more than 8 MiB.
 */
enum rc redis_run(struct redis *redis, struct arena *arena,
		  const struct redis_command *commands, size_t n, struct redis_reply *ret);
/* The last call did not try anything: off, or the breaker is open. */
bool redis_skipped(const struct redis *redis);
/* The last redis_run sent something: what it failed at may have been done. */
bool redis_sent(const struct redis *redis);

/* A handle of its own for listening.  The descriptor to poll for POLLIN, -1: not now.  Connects
 * when there is no connection; messages that were published meanwhile are lost. */
int redis_listen(struct redis *redis, struct str channel);
/* Reads away what came: something did. */
bool redis_heard(struct redis *redis);

#endif
