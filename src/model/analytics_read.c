/* Reading the counters: one range, all machines. */
#include <inttypes.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/scope.h"
#include "model/analytics.h"

#define MINUTES_PER_DAY  1440
#define ROUND_TRIP_BYTES ((size_t)64 * 1024)
#define AT_ONCE          10 /* hashes in a round trip: bounded by REDIS_ITEMS_MAX */

_Static_assert(AT_ONCE * 2 * TALLY_CELLS < REDIS_ITEMS_MAX, "full hashes fit a round trip");

const struct analytics_range analytics_ranges[ANALYTICS_RANGES] = {
	{ "5m", 5, 1, false },
	{ "1h", 60, 1, false },
	{ "6h", 360, 15, false },
	{ "24h", 1440, 60, false },
	{ "7d", 7, MINUTES_PER_DAY, true },
	{ "30d", 30, MINUTES_PER_DAY, true },
};

uint64_t analytics_reads(const struct tally *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < TALLY_READS * TALLY_OUTCOMES; i++)
		n += t->read[i / TALLY_OUTCOMES][i % TALLY_OUTCOMES];
	return n;
}

uint64_t analytics_hits(const struct tally *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < TALLY_READS; i++)
		n += t->read[i][TALLY_memory_hit] + t->read[i][TALLY_redis_hit] +
		     t->read[i][TALLY_stored_hit] + t->read[i][TALLY_stale] +
		     t->read[i][TALLY_coalesced];
	return n;
}

/* A hash as HGETALL tells it.  What is no cell of ours, or no number, is passed over. */
static void read_hash(const struct analytics *a, const struct redis_reply *reply,
		      struct tally *ret)
{
	uint64_t *cells = (uint64_t *)ret;

	for (size_t i = 0; reply->kind == REDIS_ARRAY && i + 1 < reply->items; i += 2) {
		const struct redis_reply *field = &reply->item[i], *value = field + 1;
		uint64_t n;

		if (field->kind != REDIS_BULK || value->kind != REDIS_BULK ||
		    !str_u64(value->text, INT64_MAX, &n))
			continue;
		size_t cell = tally_cell(a->names, field->text);
		if (cell < TALLY_CELLS)
			cells[cell] += n;
	}
}

static void add_point(struct analytics_counts *counts, int64_t start_us, const struct tally *t)
{
	size_t n = counts->points;

	if (n == 0 || counts->point[n - 1].start_us != start_us)
		counts->point[counts->points++] =
			(struct analytics_point){ .start_us = start_us };
	struct analytics_point *p = &counts->point[counts->points - 1];
	p->requests += t->requests;
	p->errors += t->errors;
	p->reads += analytics_reads(t);
	p->hits += analytics_hits(t);
	p->ns += t->latency.sum_ns;
}

/* A round trip of a report: what it leaves in the arena is gone with the next one. */
struct reading {
	const struct analytics *a;
	struct arena *arena;
	int64_t until_ns;
};

static enum rc turn(struct reading *r)
{
	arena_reset(r->arena);
	return clock_mono_ns() < r->until_ns ? RC_OK : RC_TIMEOUT;
}

/* Buckets at first, first + step, …, n of them, at most AT_ONCE. */
static enum rc read_some(struct reading *r, const struct analytics_range *range, int64_t first,
			 size_t n, struct analytics_counts *ret)
{
	enum analytics_key kind = range->days ? ANALYTICS_KEY_DAY : ANALYTICS_KEY_MINUTE;
	int64_t step = range->days ? MINUTES_PER_DAY : 1;
	struct str words[AT_ONCE][2];
	struct redis_command commands[AT_ONCE];
	struct redis_reply replies[AT_ONCE];

	enum rc rc = turn(r);
	for (size_t i = 0; i < n; i++) {
		words[i][0] = STR("HGETALL");
		words[i][1] = analytics_key(r->a, r->arena, kind, first + (int64_t)i * step);
		commands[i] = (struct redis_command){ .word = words[i], .words = 2 };
	}
	if (rc == RC_OK)
		rc = analytics_run(r->a, r->arena, commands, n, replies);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < n; i++) {
		int64_t minute = first + (int64_t)i * step;
		struct tally bucket = { 0 };

		if (replies[i].kind == REDIS_ERROR)
			return RC_UNAVAILABLE;
		read_hash(r->a, &replies[i], &bucket);
		tally_sum(&ret->sum, &bucket);
		add_point(ret, minute / range->together * range->together * US_PER_MINUTE,
			  &bucket);
	}
	return RC_OK;
}

static bool read_row(const struct redis_reply *name, struct top_row *ret)
{
	char text[32];

	if (name[0].kind != REDIS_BULK || name[1].kind != REDIS_BULK ||
	    name[1].text.len >= sizeof(text) || address_read(name[0].text, &ret->key) != RC_OK)
		return false;
	memcpy(text, name[1].text.ptr, name[1].text.len);
	text[name[1].text.len] = '\0';
	double score = strtod(text, NULL);
	if (!(score >= 0 && score < 9e15))
		return false;
	ret->count = (uint64_t)score;
	ret->error = 0;
	return true;
}

/* The head of a day's list. */
static enum rc read_head(struct reading *r, int64_t day, struct redis_reply *ret)
{
	enum rc rc = turn(r);
	const struct str words[] = { STR("ZREVRANGE"),
				     analytics_key(r->a, r->arena, ANALYTICS_KEY_TOP,
						   day * MINUTES_PER_DAY),
				     STR("0"), STR("99"), STR("WITHSCORES") };
	const struct redis_command command = { .word = words, .words = COUNT_OF(words) };

	return rc == RC_OK ? analytics_run(r->a, r->arena, &command, 1, ret) : rc;
}

/* Days are added up from the heads of their lists. */
static enum rc read_top(struct reading *r, int64_t first, int64_t last,
			struct analytics_counts *ret)
{
	enum {
		HEAD = 100,
		MERGED = 4 * HEAD
	};
	struct top_row all[MERGED], row;
	size_t n = 0;

	for (int64_t day = first / MINUTES_PER_DAY; day <= last / MINUTES_PER_DAY; day++) {
		struct redis_reply reply;
		enum rc rc = read_head(r, day, &reply);

		if (rc != RC_OK)
			return rc;
		for (size_t i = 0; reply.kind == REDIS_ARRAY && i + 1 < reply.items; i += 2)
			if (read_row(&reply.item[i], &row))
				n = top_merge(all, n, MERGED, &row);
	}
	top_sort(all, n);
	ret->tops = n < ANALYTICS_TOP ? n : ANALYTICS_TOP;
	memcpy(ret->top, all, ret->tops * sizeof(*all));
	return RC_OK;
}

static enum rc read_all(struct reading *r, const struct analytics_range *range, int64_t now_us,
			struct analytics_counts *ret)
{
	int64_t step = range->days ? MINUTES_PER_DAY : 1;
	int64_t last = now_us / US_PER_MINUTE / step * step;
	int64_t first = last - (range->buckets - 1) * step;

	*ret = (struct analytics_counts){ .points = 0 };
	for (int64_t i = 0; i < range->buckets; i += AT_ONCE) {
		int64_t left = range->buckets - i;
		enum rc rc = read_some(r, range, first + i * step,
				       (size_t)(left < AT_ONCE ? left : AT_ONCE), ret);

		if (rc != RC_OK)
			return rc;
	}
	return read_top(r, first, now_us / US_PER_MINUTE, ret);
}

enum rc analytics_read(const struct analytics *a, const struct analytics_range *range,
		       int64_t now_us, struct analytics_counts *ret)
{
	struct reading r = { a, arena_new(ROUND_TRIP_BYTES),
			     clock_mono_ns() + ANALYTICS_READ_MS * INT64_C(1000000) };
	enum rc rc = read_all(&r, range, now_us, ret);

	arena_free(r.arena);
	return rc;
}

/* --- whether it keeps what it is given ------------------------------------------------------
 */

/* The line "name:value" of INFO. */
static struct str info_value(struct str info, struct str name)
{
	while (info.ptr) {
		struct str line = str_cut(&info, '\n'), key = str_cut(&line, ':');

		if (str_eq(key, name)) {
			if (line.len && line.ptr[line.len - 1] == '\r')
				line.len--;
			return line;
		}
	}
	return STR_NONE;
}

enum rc analytics_policy(const struct analytics *a, struct arena *arena, const char **ret_bad)
{
	const struct str words[] = { STR("INFO"), STR("memory") };
	const struct redis_command command = { .word = words, .words = COUNT_OF(words) };
	struct redis_reply reply;
	enum rc rc = analytics_run(a, arena, &command, 1, &reply);

	if (rc != RC_OK)
		return rc;
	*ret_bad = NULL;
	if (reply.kind != REDIS_BULK) /* an ACL forbids it: nothing is known */
		return RC_OK;
	struct str policy = info_value(reply.text, STR("maxmemory_policy"));
	bool bounded = !str_eq(info_value(reply.text, STR("maxmemory")), STR("0"));
	bool keeps = str_eq(policy, STR("noeviction")) || str_eq(policy, STR("volatile-ttl"));
	if (bounded && policy.ptr && !keeps)
		*ret_bad = arena_strz(arena, policy);
	return RC_OK;
}
