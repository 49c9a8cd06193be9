#include "api/analytics_report.h"

#include <inttypes.h>
#include "api/routes.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "model/env.h"
#include "model/reads.h"
#include "model/status.h"

#define NS_PER_MS  1e6
#define TEXT_DEPTH 8 /* of what another machine says */

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static double mean_ms(uint64_t ns, uint64_t n)
{
	return n ? (double)ns / (double)n / NS_PER_MS : 0;
}

/* --- overview ----------------------------------------------------------------------------- */

static void write_times(struct json *j, const struct histogram_cells *latency)
{
	uint64_t n = histogram_count(latency);

	json_double(j, "avgResponseTime", mean_ms(latency->sum_ns, n));
	json_double(j, "p95ResponseTime",
		    (double)histogram_quantile_ns(latency, 0.95) / NS_PER_MS);
	json_double(j, "p99ResponseTime",
		    (double)histogram_quantile_ns(latency, 0.99) / NS_PER_MS);
}

/* When Redis had everything of this machine. */
static int64_t clean_us(const struct env *env)
{
	int64_t clean_ns = env->board ? board_ledger(env->board)->clean_ns : 0;

	return clean_ns ? env->now_us - (clock_mono_ns() - clean_ns) / 1000 : 0;
}

static void write_overview(struct json *j, const struct report *r)
{
	const struct tally *t = &r->counts->sum;
	uint64_t all = analytics_reads(t), hits = analytics_hits(t);
	struct cache_state cache;
	int64_t clean = r->local ? r->env->now_us : clean_us(r->env);

	cache_state(r->env->cache, &cache);
	json_object(j, "overview");
	json_double(j, "hitRate", share(hits, all));
	json_double(j, "missRate", share(all - hits, all));
	write_times(j, &t->latency);
	json_int(j, "totalRequests", (int64_t)t->requests);
	json_int(j, "totalErrors", (int64_t)t->errors);
	json_double(j, "errorRate", share(t->errors, t->requests));
	json_int(j, "totalReads", (int64_t)all);
	json_int(j, "cacheSize", (int64_t)cache.memory.bytes);
	json_int(j, "cacheEntries", (int64_t)cache.memory.entries);
	if (clean)
		json_time(j, "lastUpdated", clean);
	else
		json_null(j, "lastUpdated");
	json_end(j);
}

/* --- breakdown ---------------------------------------------------------------------------- */

static void write_endpoint(struct json *j, const struct tally *t, size_t route,
			   const char *name)
{
	uint64_t n = 0;

	for (size_t c = 0; c < TALLY_CLASSES; c++)
		n += t->route[route][c];
	if (!n)
		return;
	json_object(j, name);
	json_int(j, "requests", (int64_t)n);
	json_int(j, "errors", (int64_t)t->route[route][TALLY_5XX]);
	json_double(j, "avgResponseTime", mean_ms(t->route_ns[route], n));
	json_object(j, "byStatus");
	for (size_t c = 0; c < TALLY_CLASSES; c++)
		json_int(j, tally_classes[c], (int64_t)t->route[route][c]);
	json_end(j);
	json_end(j);
}

static void write_endpoints(struct json *j, const struct tally *t)
{
	json_object(j, "byEndpoint");
	for (size_t i = 0; i < route_count; i++)
		write_endpoint(j, t, i, counted_names.route[i]);
	write_endpoint(j, t, TALLY_OTHER, "other");
	json_end(j);
}

/* Outcomes of some reads, whatever they have in common. */
static void write_outcomes(struct json *j, const uint64_t n[TALLY_OUTCOMES])
{
	uint64_t hits = n[TALLY_memory_hit] + n[TALLY_redis_hit] + n[TALLY_stored_hit] +
			n[TALLY_stale] + n[TALLY_coalesced];
	uint64_t all = hits + n[TALLY_miss] + n[TALLY_bypass] + n[TALLY_error];

	json_int(j, "reads", (int64_t)all);
	json_double(j, "hitRate", share(hits, all));
	json_int(j, "hit",
		 (int64_t)(n[TALLY_memory_hit] + n[TALLY_redis_hit] + n[TALLY_stored_hit]));
	json_int(j, "stale", (int64_t)n[TALLY_stale]);
	json_int(j, "miss", (int64_t)n[TALLY_miss]);
	json_int(j, "coalesced", (int64_t)n[TALLY_coalesced]);
	json_int(j, "bypass", (int64_t)n[TALLY_bypass]);
	json_int(j, "error", (int64_t)n[TALLY_error]);
}

static void write_types(struct json *j, const struct tally *t)
{
	json_object(j, "byCacheType");
	for (size_t i = 0; i < READ_COUNT; i++) {
		json_object(j, read_names[i]);
		json_strz(j, "tier", tier_name(reads[i].tier));
		write_outcomes(j, t->read[i]);
		json_end(j);
	}
	json_end(j);
}

/* By how long copies live (hot, warm, cold), and by where the answer came from. */
static void write_tiers(struct json *j, const struct tally *t)
{
	static const char *const sources[] = { "memory", "redis", "stored", "database" };
	uint64_t sum[TIER_COUNT][TALLY_OUTCOMES] = { { 0 } };

	for (size_t i = 0; i < READ_COUNT; i++)
		for (size_t o = 0; o < TALLY_OUTCOMES; o++) {
			sum[reads[i].tier][o] += t->read[i][o];
			sum[TIER_NONE][o] += t->read[i][o]; /* no read model has it: all */
		}
	json_object(j, "byTier");
	for (size_t tier = TIER_HOT; tier < TIER_COUNT; tier++) {
		json_object(j, tier_name((enum tier)tier));
		write_outcomes(j, sum[tier]);
		json_end(j);
	}
	for (size_t s = 0; s < COUNT_OF(sources); s++) {
		json_object(j, sources[s]);
		for (size_t o = 0; o < TALLY_OUTCOMES; o++)
			if (strcmp(tally_outcomes[o].tier, sources[s]) == 0)
				json_int(j, tally_outcomes[o].outcome,
					 (int64_t)sum[TIER_NONE][o]);
		json_end(j);
	}
	json_end(j);
}

static void write_points(struct json *j, const struct analytics_counts *counts)
{
	json_array(j, "byTimeRange");
	for (size_t i = 0; i < counts->points; i++) {
		const struct analytics_point *p = &counts->point[i];

		json_object(j, NULL);
		json_time(j, "start", p->start_us);
		json_int(j, "requests", (int64_t)p->requests);
		json_int(j, "errors", (int64_t)p->errors);
		json_int(j, "reads", (int64_t)p->reads);
		json_double(j, "hitRate", share(p->hits, p->reads));
		json_double(j, "avgResponseTime", mean_ms(p->ns, p->requests));
		json_end(j);
	}
	json_end(j);
}

static void write_top(struct json *j, const struct analytics_counts *counts)
{
	char address[ADDRESS_TEXT];

	json_array(j, "byCollection");
	for (size_t i = 0; i < counts->tops; i++) {
		address_write(&counts->top[i].key, address);
		json_object(j, NULL);
		json_strz(j, "contractAddress", address);
		json_int(j, "reads", (int64_t)(counts->top[i].count - counts->top[i].error));
		json_end(j);
	}
	json_end(j);
}

/* --- alerts, events, health --------------------------------------------------------------- */

struct alerts_of {
	struct json *j;
	int critical, warning;
	struct buf *issues, *advice; /* JSON strings with commas */
};

static void add_text(struct buf *out, const char *text)
{
	if (out->len)
		buf_addc(out, ',');
	json_quote(out, str_of(text));
}

static void count_alert(struct alerts_of *a, const char *id)
{
	for (size_t i = 0; i < ALERT_COUNT; i++) {
		if (strcmp(alert_rows[i].name, id) != 0)
			continue;
		if (strcmp(alert_rows[i].severity, "critical") == 0)
			a->critical++;
		else
			a->warning++;
		add_text(a->issues, alert_rows[i].text);
		add_text(a->advice, alert_rows[i].advice);
	}
}

/* What another machine says of its alerts: as much as is well-formed, when it was
 * heard of a moment ago. */
static void add_foreign(struct alerts_of *a, struct arena *arena,
			const struct analytics_machine *machine)
{
	struct json_object *root, *alerts;
	const char *why;

	if (!status_is_heard(machine->age_ms) ||
	    jsonin_parse(arena, machine->text, TEXT_DEPTH, &root, &why) != RC_OK)
		return;
	alerts = jsonin_get(root, "alerts");
	for (size_t i = 0; i < jsonin_count(alerts) && i < ALERT_COUNT; i++) {
		struct json_object *alert = jsonin_at(alerts, i);
		struct str id = jsonin_str(jsonin_get(alert, "id"));
		bool resolved = true;

		if (!id.ptr)
			continue;
		json_raw(a->j, NULL, jsonin_text(alert));
		if (jsonin_bool(jsonin_get(alert, "resolved"), &resolved) && !resolved)
			count_alert(a, arena_strz(arena, id));
	}
}

static struct status status_of(const struct env *env)
{
	return (struct status){ env->machine,    env->board,  env->role_names,
				env->role_count, env->now_us, clock_mono_ns() };
}

static void write_alerts(struct alerts_of *a, const struct report *r)
{
	const struct env *env = r->env;
	const struct status status = status_of(env);

	json_array(a->j, "alerts");
	if (env->board) {
		status_alert_rows(a->j, &status);
		for (size_t i = 0; i < ALERT_COUNT; i++)
			if (board_vitals(env->board)->alert[i].active)
				count_alert(a, alert_rows[i].name);
	}
	for (size_t i = 0; i < r->machines; i++)
		add_foreign(a, env->arena, &r->machine[i]);
	json_end(a->j);
}

static void write_known(struct json *j, const char *key, int64_t n)
{
	if (n >= 0)
		json_int(j, key, n);
	else
		json_null(j, key);
}

static void write_queue(struct json *j, const struct report *r)
{
	struct vital_events events = { -1, -1, -1, -1, -1, -1, -1 };

	if (r->env->board)
		events = board_vitals(r->env->board)->events;
	json_object(j, "eventQueue");
	write_known(j, "queueLength", events.pending);
	json_bool(j, "isProcessing", events.pending > 0);
	json_int(j, "eventsProcessed", (int64_t)r->counts->sum.events);
	write_known(j, "eventsFailed", events.failed);
	write_known(j, "oldestAgeMs", events.oldest_ms);
	json_end(j);
}

static void write_list(struct json *j, const char *key, const struct buf *texts,
		       struct arena *arena)
{
	json_raw(j, key, arena_printf(arena, "[" STR_FMT "]", STR_ARG(buf_str(texts))));
}

static void write_health(struct json *j, const struct report *r, const struct alerts_of *a)
{
	int score = 100 - 40 * a->critical - 15 * a->warning;

	json_object(j, "health");
	json_strz(j, "status", a->critical ? "critical" : a->warning ? "degraded" : "healthy");
	json_int(j, "score", score > 0 ? score : 0);
	write_list(j, "issues", a->issues, r->env->arena);
	write_list(j, "recommendations", a->advice, r->env->arena);
	json_end(j);
}

static void write_summary(struct json *j, const struct report *r)
{
	const struct tally *t = &r->counts->sum;
	uint64_t all = analytics_reads(t);

	json_str(j, "summary",
		 arena_printf(r->env->arena,
			      "%" PRIu64 " requests, %" PRIu64
			      " of them failed; %.1f %% of %" PRIu64 " reads found a copy; %s",
			      t->requests, t->errors, share(analytics_hits(t), all) * 100, all,
			      r->local ? "this machine only, since it began to count"
				       : "all machines"));
}

void report_write(struct json *j, const struct report *r)
{
	struct buf issues, advice;
	struct alerts_of alerts = { .j = j, .issues = &issues, .advice = &advice };

	buf_init(&issues, r->env->arena, 65536);
	buf_init(&advice, r->env->arena, 65536);
	json_object(j, NULL);
	json_bool(j, "success", true);
	json_time(j, "timestamp", r->env->now_us);
	json_strz(j, "range", r->local ? NULL : r->range->name);
	json_strz(j, "source", r->local ? "local" : "redis");
	json_bool(j, "complete", !r->local);
	json_int(j, "machines", (int64_t)r->machines + 1);
	json_object(j, "analytics");
	write_overview(j, r);
	json_object(j, "breakdown");
	write_endpoints(j, &r->counts->sum);
	write_types(j, &r->counts->sum);
	write_tiers(j, &r->counts->sum);
	write_points(j, r->counts);
	write_top(j, r->counts);
	json_end(j);
	write_alerts(&alerts, r);
	write_queue(j, r);
	json_end(j);
	write_health(j, r, &alerts);
	write_summary(j, r);
	json_end(j);
}
