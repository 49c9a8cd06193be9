#include "jobs/warm.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/metric.h"
#include "base/scope.h"
#include "base/top.h"
#include "cache/batch.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "jobs/runner.h"
#include "model/collection.h"
#include "model/env.h"
#include "model/instance.h"
#include "model/nft.h"
#include "model/owner.h"
#include "model/reads.h"
#include "net/pg.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  (1000 * NS_PER_MS)
#define GROUP     50   /* keys that Redis is asked for together */
#define HOLD_MS   1000 /* fills wait for others */

#define AT(field) offsetof(struct warm_options, field)

const struct conf_key warm_keys[] = {
	{ "warm_start", CONF_BOOL, AT(start), "on", .reload = true,
	  .help = "whether a machine reads what is read most after a start, and after "
		  "everything "
		  "was cleared, or an administrator made something invalid" },
	{ "warm_interval", CONF_MSEC, AT(interval_ms), "0", .min = 0,
	  .max = INT64_C(31536000000), .reload = true,
	  .help = "how often it does so besides; 0: never" },
	{ "warm_top", CONF_INT, AT(top), "100", .min = 1, .max = WARM_TOP_MAX, .reload = true,
	  .help = "of how many collections" },
	{ "warm_rate", CONF_INT, AT(rate), "50", .min = 1, .max = WARM_RATE_MAX, .reload = true,
	  .help = "how many reads a second it takes for that" },
	{ 0 }
};

/* --- what is read ------------------------------------------------------------------------ */

/* As the routes do when no parameter is given. */
static struct page first_page(const struct env *env, struct str scope)
{
	return (struct page){ .limit = PAGE_ROWS, .scope = scope, .seal = env->seal };
}

static const void *of_list(const struct env *env, const struct address *unused)
{
	struct collection_query *query = arena_zalloc(env->arena, sizeof(*query));

	(void)unused;
	query->search = STR_NONE;
	query->page = first_page(env, collection_scope(env->arena, query));
	return query;
}

static const void *of_collection(const struct env *env, const struct address *contract)
{
	(void)env;
	return contract;
}

static const void *of_tokens(const struct env *env, const struct address *contract)
{
	struct nft_query *query = arena_zalloc(env->arena, sizeof(*query));

	query->contract = *contract;
	query->page = first_page(env, nft_scope(env->arena, query));
	return query;
}

static const void *of_owners(const struct env *env, const struct address *contract)
{
	struct owner_query *query = arena_zalloc(env->arena, sizeof(*query));

	query->contract = *contract;
	query->page = first_page(env, owner_scope(env->arena, contract));
	return query;
}

struct phase {
	const char *what;
	enum read read;
	const void *(*args)(const struct env *env, const struct address *contract);
};

static const struct phase list_of_all = { "list", READ_collection_list, of_list };

/* In this order, each for all collections: what is asked for first, first. */
static const struct phase phases[] = {
	{ "metadata", READ_collection, of_collection },
	{ "first pages", READ_nft_list, of_tokens },
	{ "traits", READ_traits, of_collection },
	{ "counts", READ_stats, of_collection },
	{ "largest holders", READ_owner_list, of_owners },
	{ "distribution", READ_owner_distribution, of_collection },
};

/* --- which collections ------------------------------------------------------------------- */

/* Most-read ones of this machine, as its board has counted them. */
static size_t most_read(struct env *env, size_t most, struct address *ret)
{
	struct top_row *row = arena_alloc(env->arena, most * sizeof(*row));
	size_t n = env->board ? board_top(env->board, row, most) : 0;

	for (size_t i = 0; i < n; i++)
		ret[i] = row[i].key;
	return n;
}

static bool is_among(const struct address *list, size_t n, const struct address *a)
{
	for (size_t i = 0; i < n; i++)
		if (address_eq(&list[i], a))
			return true;
	return false;
}

enum rc warm_candidates(struct env *env, size_t most, struct address **ret, size_t *ret_count,
			const char **ret_by)
{
	struct address *found = arena_zalloc(env->arena, (most + 1) * sizeof(*found));
	size_t counted = most_read(env, most, found), n = counted;
	char limit[24];

	snprintf(limit, sizeof(limit), "%zu", most);
	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(env->pg, STMT_collection_busiest, PG_ARGS(pg_text(limit)));
	if (rows.rc != RC_OK)
		return rows.rc;
	for (int i = 0; i < rows.count && n < most; i++)
		if (pg_address_at(&rows, i, 0, &found[n]) &&
		    !is_among(found, counted, &found[n]))
			n++;
	*ret = found;
	*ret_count = n;
	*ret_by = counted ? "reads, then transfers and holders" : "transfers and holders";
	return RC_OK;
}

/* --- the job ----------------------------------------------------------------------------- */

struct warm {
	struct job_run *run;
	struct address *contract;
	size_t count;
	const char *by;
	int64_t rate;
	int64_t start_ns, done, total;
	int64_t made, there, prefetched, missing, failed;
};

static enum rc named(struct warm *w, const struct json_object *list)
{
	size_t n = jsonin_count(list);

	if (n > WARM_TOP_MAX) {
		w->run->error = "too many collections";
		return RC_INVALID;
	}
	w->contract = arena_zalloc(w->run->arena, (n + 1) * sizeof(*w->contract));
	w->by = "request";
	for (size_t i = 0; i < n; i++) {
		if (address_read(jsonin_str(jsonin_at(list, i)), &w->contract[i]) != RC_OK) {
			w->run->error = "a collection is no address";
			return RC_INVALID;
		}
	}
	w->count = n;
	return RC_OK;
}

static enum rc number(const struct warm *w, const char *name, int64_t most, int64_t *ret)
{
	int64_t n;

	if (!jsonin_has(w->run->arguments, name))
		return RC_OK;
	if (!jsonin_i64(jsonin_get(w->run->arguments, name), &n) || n < 1 || n > most) {
		w->run->error = "top or rate is out of range";
		return RC_INVALID;
	}
	*ret = n;
	return RC_OK;
}

static enum rc choose(struct warm *w)
{
	const struct json_object *list = jsonin_get(w->run->arguments, "collections");
	int64_t top = w->run->options->warm.top;
	struct address *found;
	enum rc rc = number(w, "top", WARM_TOP_MAX, &top);

	w->rate = w->run->options->warm.rate;
	if (rc == RC_OK)
		rc = number(w, "rate", WARM_RATE_MAX, &w->rate);
	if (rc != RC_OK || list)
		return rc == RC_OK ? named(w, list) : rc;
	rc = warm_candidates(w->run->env, (size_t)top, &found, &w->count, &w->by);
	if (rc != RC_OK)
		return rc;
	w->contract = arena_zalloc(w->run->arena, (w->count + 1) * sizeof(*found));
	memcpy(w->contract, found, w->count * sizeof(*found));
	return RC_OK;
}

/* Without a lease nothing that is read would be of use to anybody. */
static bool is_leased(const struct env *env)
{
	struct cache_state state;

	cache_state(env->cache, &state);
	return state.leased;
}

/* One that takes too long, or waits for a lock or a turn in vain, is none of the others'. */
static bool is_passed_over(const struct warm *w, enum rc rc)
{
	return rc == RC_TIMEOUT || rc == RC_CONFLICT ||
	       (rc == RC_UNAVAILABLE && pg_connected(w->run->env->pg));
}

static void count(struct warm *w, enum rc rc, const struct answer *answer)
{
	bool good = rc == RC_OK || rc == RC_NOT_FOUND;

	w->done++;
	w->failed += !good;
	w->missing += rc == RC_NOT_FOUND;
	if (!good)
		return;
	w->made += source_is_database(answer->source);
	w->there += !source_is_database(answer->source);
	metric_add(COUNTER_warm_reads, 1);
}

static enum rc read_one(struct warm *w, const struct phase *phase,
			const struct address *contract)
{
	struct env *env = w->run->env;
	struct answer answer;

	if (!is_leased(env)) {
		w->run->error = "copies are not used just now";
		return RC_UNAVAILABLE;
	}
	enum rc rc = read_through(env, phase->read, phase->args(env, contract), &answer);
	if (rc != RC_OK && rc != RC_NOT_FOUND && !is_passed_over(w, rc))
		return rc;
	count(w, rc, &answer);
	return job_step_until(w->run, w->done, w->total, phase->what,
			      w->start_ns + w->done * NS_PER_S / w->rate);
}

/* What other machines have made comes here in one round trip; then it is read like the rest. */
static void prefetch(struct warm *w, const struct phase *phase, size_t from)
{
	struct env *env = w->run->env;
	size_t n = w->count - from < GROUP ? w->count - from : GROUP;
	const void *args[GROUP];
	struct prefetched got;

	for (size_t i = 0; i < n; i++)
		args[i] = phase->args(env, &w->contract[from + i]);
	cache_prefetch(env->cache, env->arena, &reads[phase->read], args, n, &got);
	w->prefetched += (int64_t)got.brought;
}

static enum rc read_phase(struct warm *w, const struct phase *phase)
{
	enum rc rc = RC_OK;

	for (size_t k = 0; k < w->count && rc == RC_OK; k++) {
		if (k % GROUP == 0)
			prefetch(w, phase, k);
		rc = read_one(w, phase, &w->contract[k]);
	}
	return rc;
}

static enum rc read_all(struct warm *w)
{
	cache_batch_begin(w->run->env->cache, HOLD_MS);
	enum rc rc = read_one(w, &list_of_all, NULL);
	for (size_t i = 0; i < COUNT_OF(phases) && rc == RC_OK; i++)
		rc = read_phase(w, &phases[i]);
	cache_batch_end(w->run->env->cache);
	return rc;
}

static void write_result(struct warm *w)
{
	struct json j;

	json_init(&j, &w->run->result);
	json_object(&j, NULL);
	json_int(&j, "collections", (int64_t)w->count);
	json_strz(&j, "chosenBy", w->by);
	json_int(&j, "reads", w->done);
	json_int(&j, "filled", w->made);
	json_int(&j, "thereAlready", w->there);
	json_int(&j, "prefetched", w->prefetched);
	json_int(&j, "nothingThere", w->missing);
	json_int(&j, "failed", w->failed);
	json_end(&j);
}

enum rc job_warm(struct job_run *run)
{
	struct warm w = { .run = run, .start_ns = clock_mono_ns() };
	enum rc rc = instance_need(run->env);

	if (rc == RC_OK)
		rc = choose(&w);
	if (rc != RC_OK)
		return rc;
	w.total = 1 + (int64_t)(w.count * COUNT_OF(phases));
	rc = read_all(&w);
	if (rc == RC_OK)
		write_result(&w);
	return rc;
}

/* --- by itself --------------------------------------------------------------------------- */

/* A runner that died and came back has nothing to warm: the mapping knows. */
static bool is_time(const struct warm_options *options, const struct cache_map *map,
		    uint64_t era, int64_t ns_since)
{
	return (options->start && !map_is_warmed(map, era)) ||
	       (options->interval_ms > 0 && ns_since >= options->interval_ms * NS_PER_MS);
}

enum rc warm_see(const struct warm_options *options, struct env *env, struct cache_map *map,
		 const char *machine, int64_t mono_ns, int64_t *at_ns)
{
	struct job_order order = { .kind = JOB_warm, .machine = machine };
	uint64_t era;
	int64_t id;

	if (!map || !map_lease_valid(map, clock_boot_ns()) || map_epoch(map) == 0)
		return RC_OK;
	era = map_era(map);
	if (!is_time(options, map, era, mono_ns - *at_ns))
		return RC_OK;
	map_set_warmed(map, era);
	enum rc rc = job_enqueue(env->pg, &order, &id, NULL);
	if (rc == RC_OK)
		*at_ns = mono_ns;
	else
		map_set_cold(map);
	return rc;
}
