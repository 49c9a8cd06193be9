/* One connection to Redis: made, checked, and given up after any failure. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/metric.h"
#include "base/scope.h"
#include "base/stages.h"
#include "net/breaker.h"
#include "net/redis.h"
#include "net/redis_url.h"
#include "net/redis_wire.h"

#define NS_PER_MS  INT64_C(1000000)
#define ERROR_TEXT 256
#define OUT_MAX    ((size_t)8 << 20)
#define HEARD_MAX  64
#define FRESH_NS   (10 * NS_PER_MS) /* after an answer a connection is taken for alive */

const struct conf_key redis_keys[] = {
	{ "redis_url", CONF_URL, offsetof(struct redis_options, url), "",
	  .help = "where Redis is: redis://…, unix://… or a path; empty: see redis_host" },
	{ "redis_host", CONF_TEXT, offsetof(struct redis_options, host), "",
	  .help = "host of Redis when redis_url is empty; both empty: no Redis" },
	{ "redis_port", CONF_INT, offsetof(struct redis_options, port), "6379", .min = 1,
	  .max = 65535, .help = "port of redis_host" },
	{ "redis_password", CONF_SECRET, offsetof(struct redis_options, password), "",
	  .help = "password of Redis, when the URL has none" },
	{ "redis_connect_timeout", CONF_MSEC, offsetof(struct redis_options, connect_ms),
	  "100ms", .min = 1, .max = 10000, .help = "longest a connect to Redis may take" },
	{ "redis_budget", CONF_MSEC, offsetof(struct redis_options, budget_ms), "20ms",
	  .min = 1, .max = 10000, .help = "longest a round trip may take" },
	{ 0 }
};

struct redis {
	const struct redis_options *options;
	struct redis_where where;
	bool configured;
	redisContext *context; /* NULL: none */
	struct redis_reader *reader;
	struct breaker breaker;
	int64_t used_ns; /* when the last round trip that was answered began */
	bool skipped, sent, listening;
	struct arena *arena; /* of greetings and pings */
	char error[ERROR_TEXT];
};

__attribute__((format(printf, 2, 3))) static void tell(struct redis *redis, const char *fmt,
						       ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(redis->error, sizeof(redis->error), fmt, args);
	va_end(args);
}

static bool is_set(const char *z)
{
	return z && *z;
}

struct redis *redis_new(const struct redis_options *options)
{
	struct redis *redis = mem_alloc(sizeof(*redis));
	const char *why = "";
	redis->options = options;
	redis->arena = arena_new(1024);
	if (is_set(options->url)) {
		redis->configured = redis_url_read(options->url, &redis->where, &why) == RC_OK;
		tell(redis, "%s", why);
	} else if (is_set(options->host)) {
		redis->configured = true;
		redis->where.host = mem_strdup(options->host);
		redis->where.port = (int)options->port;
	}
	if (redis->configured && !redis->where.password && is_set(options->password))
		redis->where.password = mem_strdup(options->password);
	return redis;
}

/* After a failure its replies would answer the wrong questions. */
static void drop(struct redis *redis)
{
	if (redis->context)
		redisFree(redis->context);
	redis_reader_free(redis->reader);
	redis->context = NULL;
	redis->reader = NULL;
	redis->listening = false;
}

struct redis *redis_again(const struct redis *redis)
{
	return redis_new(redis->options);
}

void redis_free(struct redis *redis)
{
	if (!redis)
		return;
	drop(redis);
	redis_where_release(&redis->where);
	arena_free(redis->arena);
	free(redis);
}

bool redis_configured(const struct redis *redis)
{
	return redis->configured;
}

const char *redis_error(const struct redis *redis)
{
	return redis->error;
}

bool redis_skipped(const struct redis *redis)
{
	return redis->skipped;
}

bool redis_sent(const struct redis *redis)
{
	return redis->sent;
}

void redis_script_init(struct redis_script *script, struct str text)
{
	uint8_t digest[SHA1_BYTES];

	hash_sha1(text, digest);
	hex_write(digest, sizeof(digest), script->sha);
	script->text = text;
}

/* --- round trips -------------------------------------------------------------------------- */

static enum rc broken(struct redis *redis, enum rc rc)
{
	static const char *const texts[RC_COUNT] = {
		[RC_TIMEOUT] = "no answer within the budget",
		[RC_UNAVAILABLE] = "the connection was lost",
		[RC_TOO_LARGE] = "more than may be read or sent at once",
		[RC_INVALID] = "what came is not the protocol of Redis",
	};

	tell(redis, "%s", texts[rc]);
	drop(redis);
	return rc == RC_INVALID ? RC_UNAVAILABLE : rc;
}

static enum rc exchange(struct redis *redis, struct arena *arena,
			const struct redis_command *commands, size_t n, bool whole,
			int64_t until_ns, struct redis_reply *ret)
{
	struct buf out;
	enum rc rc = RC_INVALID;

	buf_init(&out, arena, OUT_MAX);
	for (size_t i = 0; i < n; i++)
		redis_wire_write(&out, &commands[i], whole);
	if (buf_failed(&out))
		rc = RC_TOO_LARGE;
	else if (redis_reader_begin(redis->reader, arena))
		rc = redis_wire_exchange(redis->context->fd, redis->reader, buf_str(&out),
					 until_ns, !whole, ret, n);
	return rc == RC_OK ? rc : broken(redis, rc);
}

static bool is_unknown_script(const struct redis_reply *reply)
{
	return reply->kind == REDIS_ERROR &&
	       redis_class_of(reply->text) == REDIS_CLASS_NOSCRIPT;
}

/* What the server did not do because it does not know the script goes out again, whole. */
static enum rc send_whole(struct redis *redis, struct arena *arena,
			  const struct redis_command *commands, size_t n, int64_t until_ns,
			  struct redis_reply *ret)
{
	struct redis_command *again = arena_alloc(arena, n * sizeof(*again));
	struct redis_reply *replies = arena_alloc(arena, n * sizeof(*replies));
	size_t left = 0, at = 0;

	for (size_t i = 0; i < n; i++)
		if (commands[i].script && is_unknown_script(&ret[i]))
			again[left++] = commands[i];
	if (left == 0)
		return RC_OK;
	enum rc rc = exchange(redis, arena, again, left, true, until_ns, replies);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (commands[i].script && is_unknown_script(&ret[i]))
			ret[i] = replies[at++];
	return rc;
}

static void look_at_errors(struct redis *redis, const struct redis_reply *replies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (replies[i].kind != REDIS_ERROR)
			continue;
		tell(redis, STR_FMT, STR_ARG(replies[i].text));
		redis_count_error(redis_class_of(replies[i].text));
	}
}

static enum rc talk(struct redis *redis, struct arena *arena,
		    const struct redis_command *commands, size_t n, struct redis_reply *ret)
{
	int64_t until_ns = clock_mono_ns() + redis->options->budget_ms * NS_PER_MS;
	enum rc rc = exchange(redis, arena, commands, n, false, until_ns, ret);

	if (rc == RC_OK)
		rc = send_whole(redis, arena, commands, n, until_ns, ret);
	if (rc == RC_OK)
		look_at_errors(redis, ret, n);
	return rc;
}

/* --- connections -------------------------------------------------------------------------- */

static uint32_t dice(void)
{
	uint32_t n;

	hash_random(&n, sizeof(n));
	return n;
}

static enum rc greet(struct redis *redis)
{
	const struct redis_where *where = &redis->where;
	struct str auth[3] = { STR("AUTH") }, choose[2] = { STR("SELECT") };
	struct redis_command commands[2] = { { .word = auth, .words = 1 },
					     { .word = choose, .words = 2 } };
	struct redis_reply replies[2];
	char db[12];
	size_t first = where->password ? 0 : 1, n = (where->db > 0 ? 2 : 1) - first;

	if (n == 0)
		return RC_OK;
	arena_reset(redis->arena);
	if (where->user)
		auth[commands[0].words++] = str_of(where->user);
	auth[commands[0].words++] = str_of(where->password);
	choose[1] = (struct str){ db, (size_t)snprintf(db, sizeof(db), "%d", where->db) };
	enum rc rc = talk(redis, redis->arena, commands + first, n, replies);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (replies[i].kind == REDIS_ERROR)
			rc = RC_UNAVAILABLE;
	return rc;
}

static enum rc open_now(struct redis *redis)
{
	const struct redis_where *where = &redis->where;
	int64_t ms = redis->options->connect_ms;
	struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	redis->context = where->path ? redisConnectUnixWithTimeout(where->path, limit)
				     : redisConnectWithTimeout(where->host, where->port, limit);
	if (!redis->context) {
		tell(redis, "out of memory");
		return RC_UNAVAILABLE;
	}
	if (redis->context->err) {
		tell(redis, "%s", redis->context->errstr);
		return RC_UNAVAILABLE;
	}
	if (!where->path)
		redisEnableKeepAlive(redis->context);
	ms = redis->options->budget_ms;
	limit = (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	setsockopt(redis->context->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	redis->reader = redis_reader_new();
	return greet(redis);
}

/* Between commands the server has nothing to say but that it leaves. */
static bool is_dead(const redisContext *context)
{
	struct pollfd fd = { .fd = context->fd, .events = POLLIN };
	return poll(&fd, 1, 0) != 0;
}

static enum rc ready(struct redis *redis, int64_t now_ns)
{
	redis->skipped = true;
	if (!redis->configured || !breaker_allows(&redis->breaker, now_ns))
		return RC_UNAVAILABLE;
	redis->skipped = false;
	if (redis->context && !redis->listening && now_ns - redis->used_ns > FRESH_NS &&
	    is_dead(redis->context))
		drop(redis);
	if (redis->context)
		return RC_OK;
	if (open_now(redis) == RC_OK)
		return RC_OK;
	drop(redis);
	metric_add(COUNTER_redis_failures, 1);
	breaker_trip(&redis->breaker, clock_mono_ns(), dice());
	return RC_UNAVAILABLE;
}

enum rc redis_run(struct redis *redis, struct arena *arena,
		  const struct redis_command *commands, size_t n, struct redis_reply *ret)
{
	int64_t now_ns = clock_mono_ns();
	enum rc rc = ready(redis, now_ns);

	redis->sent = rc == RC_OK;
	if (rc != RC_OK)
		return rc;
	rc = talk(redis, arena, commands, n, ret);
	if (rc == RC_OK || rc == RC_TOO_LARGE) {
		redis->used_ns = now_ns;
		breaker_succeeded(&redis->breaker);
		return rc;
	}
	metric_add(COUNTER_redis_failures, 1);
	breaker_failed(&redis->breaker, clock_mono_ns(), dice());
	return rc;
}

static enum rc order(struct redis *redis, const struct str *word, size_t words)
{
	struct redis_command command = { .word = word, .words = words };
	struct redis_reply reply;
	enum rc rc;

	arena_reset(redis->arena);
	rc = redis_run(redis, redis->arena, &command, 1, &reply);
	return rc == RC_OK && reply.kind == REDIS_ERROR ? RC_UNAVAILABLE : rc;
}

enum rc redis_ping(struct redis *redis, int64_t *ret_ns)
{
	int64_t start = clock_mono_ns();
	enum rc rc = order(redis, &STR("PING"), 1);

	if (rc == RC_OK)
		*ret_ns = clock_mono_ns() - start;
	return rc;
}

/* --- listening ---------------------------------------------------------------------------- */

int redis_listen(struct redis *redis, struct str channel)
{
	struct str words[] = { STR("SUBSCRIBE"), channel };

	if (!redis->listening)
		redis->listening = order(redis, words, COUNT_OF(words)) == RC_OK;
	return redis->listening ? redis->context->fd : -1;
}

/* What is said is of no interest: the database says what happened. */
bool redis_heard(struct redis *redis)
{
	char bytes[4096];
	bool heard = false;
	ssize_t n = 1;

	/* What comes faster than it is read away stays for the next time. */
	for (int i = 0; i < HEARD_MAX && redis->listening && n > 0; i++) {
		n = recv(redis->context->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0)
			heard = true;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			drop(redis);
	}
	return heard;
}
