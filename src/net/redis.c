/* One connection to Redis: made, checked, and given up after any failure (hiredis 0.14). */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "net/redis.h"
#include "net/redis_url.h"

#define NS_PER_MS        INT64_C(1000000)
#define BACKOFF_FIRST_MS 200
#define BACKOFF_LAST_MS  5000
#define ERROR_TEXT       256
#define WORDS_MAX        8

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
	  .min = 1, .max = 10000, .help = "longest a command may take" },
	{ 0 }
};

struct redis {
	const struct redis_options *options;
	struct redis_where where;
	bool configured;
	redisContext *context; /* NULL: none */
	int failures;          /* in a row */
	int64_t retry_ns;      /* no connect before this time */
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

static void drop(struct redis *redis)
{
	if (redis->context)
		redisFree(redis->context);
	redis->context = NULL;
}

void redis_free(struct redis *redis)
{
	if (!redis)
		return;
	drop(redis);
	redis_where_release(&redis->where);
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

static struct timeval span(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

/* A context that failed is dead: its replies would answer the wrong questions. */
static enum rc broken(struct redis *redis)
{
	bool late = redis->context->err == REDIS_ERR_IO && errno == EAGAIN;
	tell(redis, "%s", late ? "no answer within the budget" : redis->context->errstr);
	drop(redis);
	return late ? RC_TIMEOUT : RC_UNAVAILABLE;
}

/* Between half and all of 200 ms, 400 ms … 5 s. */
static void back_off(struct redis *redis)
{
	int64_t ms = BACKOFF_FIRST_MS << (redis->failures < 5 ? redis->failures : 5);
	uint32_t dice;
	hash_random(&dice, sizeof(dice));
	if (ms > BACKOFF_LAST_MS)
		ms = BACKOFF_LAST_MS;
	redis->failures++;
	redis->retry_ns =
		clock_mono_ns() + (ms / 2 + (int64_t)(dice % (ms / 2 + 1))) * NS_PER_MS;
}

/* Words only, never a format: nothing in a value can become a command. */
static enum rc command(struct redis *redis, const char *const *words, int count,
		       redisReply **ret)
{
	size_t len[WORDS_MAX];
	for (int i = 0; i < count; i++)
		len[i] = strlen(words[i]);
	errno = 0;
	redisReply *reply = redisCommandArgv(redis->context, count, (const char **)words, len);
	if (!reply)
		return broken(redis);
	if (reply->type == REDIS_REPLY_ERROR) {
		tell(redis, "%s", reply->str);
		freeReplyObject(reply);
		return RC_UNAVAILABLE;
	}
	*ret = reply;
	return RC_OK;
}

static enum rc order(struct redis *redis, const char *const *words, int count)
{
	redisReply *reply = NULL;
	enum rc rc = command(redis, words, count, &reply);
	if (rc == RC_OK)
		freeReplyObject(reply);
	return rc;
}

static enum rc greet(struct redis *redis)
{
	const struct redis_where *where = &redis->where;
	enum rc rc = RC_OK;
	if (where->password && where->user)
		rc = order(redis, (const char *[]){ "AUTH", where->user, where->password }, 3);
	else if (where->password)
		rc = order(redis, (const char *[]){ "AUTH", where->password }, 2);
	if (rc == RC_OK && where->db > 0) {
		char db[12];
		snprintf(db, sizeof(db), "%d", where->db);
		rc = order(redis, (const char *[]){ "SELECT", db }, 2);
	}
	return rc;
}

static enum rc open_now(struct redis *redis)
{
	const struct redis_where *where = &redis->where;
	struct timeval limit = span(redis->options->connect_ms);
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
	if (redisSetTimeout(redis->context, span(redis->options->budget_ms)) != REDIS_OK)
		return broken(redis);
	return greet(redis);
}

/* Between commands the server has nothing to say but that it leaves. */
static bool is_dead(const redisContext *context)
{
	struct pollfd fd = { .fd = context->fd, .events = POLLIN };
	return poll(&fd, 1, 0) != 0;
}

static enum rc ready(struct redis *redis)
{
	if (redis->context && is_dead(redis->context))
		drop(redis);
	if (redis->context)
		return RC_OK;
	if (!redis->configured || clock_mono_ns() < redis->retry_ns)
		return RC_UNAVAILABLE;
	enum rc rc = open_now(redis);
	if (rc != RC_OK) {
		drop(redis);
		back_off(redis);
		return rc == RC_TIMEOUT ? RC_UNAVAILABLE : rc;
	}
	redis->failures = 0;
	return RC_OK;
}

enum rc redis_ping(struct redis *redis, int64_t *ret_ns)
{
	int64_t start = clock_mono_ns();
	enum rc rc = ready(redis);
	if (rc == RC_OK)
		rc = order(redis, (const char *[]){ "PING" }, 1);
	if (rc == RC_OK)
		*ret_ns = clock_mono_ns() - start;
	return rc;
}
