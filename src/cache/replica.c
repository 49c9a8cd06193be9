#include "cache/replica.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/scope.h"
#include "base/str.h"
#include "cache/cache.h"
#include "cache/layout.h"
#include "cache/mutation.h"
#include "net/epoch.h"
#include "net/pg.h"

#define NS_PER_MS INT64_C(1000000)
#define ROTATE_NS (30000 * NS_PER_MS) /* then the next one in turn */
#define TRY_MS    1000             /* a try after a failure takes at most, deadline and more */
#define FRESH_NS  (50 * NS_PER_MS) /* a label that old says what the next one will be like */

struct replicas {
	const struct replica_options *options;
	struct pg_options pg_options;
	struct cache_map *map;
	char *text; /* the URLs, each terminated */
	const char *url[REPLICAS_MAX];
	size_t count;
	enum tier hottest;
	enum rc (*hook)(struct pg *pg, void *ctx);
	void *hook_ctx;
	struct pg *pg; /* to replica `at`; NULL: none yet */
	size_t at;
	int64_t until_ns; /* stays there */
};

const struct conf_key replica_keys[] = {
	{ "replica_urls", CONF_URLS, offsetof(struct replica_options, urls), "", .max = 8192,
	  .help = "standbys that may answer reads, as the application role; spaces between" },
	{ "replica_tier", CONF_CHOICE, offsetof(struct replica_options, tier), "hot",
	  .choices = "hot|warm|cold", .help = "reads of this tier and colder may ask them" },
	{ "replica_deadline", CONF_MSEC, offsetof(struct replica_options, deadline_ms), "250ms",
	  .min = 10, .max = 60000,
	  .help = "longest a replica may take to connect or to answer; then the primary is "
		  "asked" },
	{ 0 }
};

static struct str next_url(struct str *left)
{
	struct str url;

	do
		url = str_cut(left, ' ');
	while (url.len == 0 && left->len > 0);
	return url;
}

enum rc replicas_check(const char *urls, const char **ret_why)
{
	struct str left = str_of(urls);
	char text[4096];

	for (int n = 0; left.len > 0; n++) {
		struct str url = next_url(&left);

		if (url.len == 0)
			break;
		if (n == REPLICAS_MAX || url.len >= sizeof(text)) {
			*ret_why = n == REPLICAS_MAX ? "there are more than 8"
						     : "one of them is too long";
			return RC_INVALID;
		}
		memcpy(text, url.ptr, url.len);
		text[url.len] = '\0';
		*ret_why = "they are not URLs (postgresql://…) with spaces between";
		if (!strstr(text, "://") || pg_url_check(text, ret_why) != RC_OK)
			return RC_INVALID;
	}
	return RC_OK;
}

static enum tier tier_of(const char *name)
{
	for (int i = TIER_HOT; i < TIER_COUNT; i++)
		if (strcmp(name, tier_name((enum tier)i)) == 0)
			return (enum tier)i;
	return TIER_HOT;
}

void replicas_free(struct replicas *r)
{
	if (!r)
		return;
	pg_free(r->pg);
	free(r->text);
	free(r);
}

struct replicas *replicas_new(const struct replica_options *options,
			      const struct pg_options *pg, struct cache_map *map)
{
	struct str left = str_of(options->urls);
	struct replicas *r;

	if (left.len == 0 || !map)
		return NULL;
	r = mem_alloc(sizeof(*r));
	*r = (struct replicas){ .options = options,
				.pg_options = *pg,
				.map = map,
				.hottest = tier_of(options->tier) };
	r->pg_options.connect_ms = r->pg_options.deadline_ms = options->deadline_ms;
	r->text = mem_alloc(left.len + 1);
	char *at = r->text;
	while (r->count < REPLICAS_MAX) {
		struct str url = next_url(&left);
		if (url.len == 0)
			break;
		r->url[r->count++] = memcpy(at, url.ptr, url.len);
		at += url.len;
		*at++ = '\0';
	}
	if (r->count > 0)
		return r;
	replicas_free(r); /* nothing but spaces */
	return NULL;
}

void replicas_on_connect(struct replicas *r, enum rc (*hook)(struct pg *pg, void *ctx),
			 void *ctx)
{
	if (!r)
		return;
	r->hook = hook;
	r->hook_ctx = ctx;
}

/* --- which one ---------------------------------------------------------------------------- */

static bool allows(const struct replicas *r, size_t i, int64_t now_ns)
{
	return breaker_word_allows(&map_replica(r->map, i)->breaker, now_ns,
				   (r->options->deadline_ms + TRY_MS) * NS_PER_MS);
}

static void move_to(struct replicas *r, size_t i, int64_t now_ns)
{
	r->until_ns = now_ns + ROTATE_NS;
	if (r->pg && r->at == i)
		return;
	pg_free(r->pg);
	r->pg = pg_new(&r->pg_options, r->url[i]);
	pg_on_connect(r->pg, r->hook, r->hook_ctx);
	r->at = i;
}

/* Its last label, if that is of a moment ago: what is written later it has not either. */
static bool is_too_late(const struct replicas *r, const struct tag_list *tags, int64_t now_ns)
{
	const struct replica_cell *cell = map_replica(r->map, r->at);
	int64_t seen_ns = atomic_load(&cell->seen_ns);
	uint64_t label = atomic_load(&cell->label);

	if (!r->pg || !seen_ns || now_ns - seen_ns > FRESH_NS)
		return false;
	for (uint32_t i = 0; i < tags->n; i++)
		if (!map_label_ok(r->map, tags->tag[i].slot, label))
			return true;
	return false;
}

struct pg *replicas_take(struct replicas *r, const struct read_model *model,
			 const struct tag_list *tags, int64_t now_ns)
{
	if (!r || model->tier < r->hottest)
		return NULL;
	if (is_too_late(r, tags, now_ns)) {
		atomic_fetch_add(&map_replica(r->map, r->at)->reads[REPLICA_BEHIND], 1);
		return NULL;
	}
	if (r->pg && now_ns < r->until_ns && allows(r, r->at, now_ns))
		return r->pg;
	uint64_t turn = map_replica_turn(r->map);
	for (size_t i = 0; i < r->count; i++) {
		size_t next = (turn + i) % r->count;

		if (allows(r, next, now_ns)) {
			move_to(r, next, now_ns);
			return r->pg;
		}
	}
	return NULL;
}

/* --- what came of it ---------------------------------------------------------------------- */

/* A replica that hangs, is away or of another history is left alone at once. */
static void tell_breaker(struct replica_cell *cell, enum replica_outcome outcome, enum rc rc)
{
	int64_t now_ns = clock_mono_ns();
	uint32_t dice;

	if (outcome == REPLICA_USED || outcome == REPLICA_BEHIND) {
		breaker_word_succeeded(&cell->breaker);
		return;
	}
	hash_random(&dice, sizeof(dice));
	if (outcome == REPLICA_REFUSED || rc == RC_UNAVAILABLE || rc == RC_TIMEOUT)
		breaker_word_trip(&cell->breaker, now_ns, dice);
	else
		breaker_word_failed(&cell->breaker, now_ns, dice);
}

static void see_place(struct replicas *r, struct replica_cell *cell, uint64_t label,
		      uint64_t lsn)
{
	uint64_t end = map_lsn(r->map);

	atomic_store(&cell->lag, end > lsn ? end - lsn : 0);
	atomic_store(&cell->label, label);
	atomic_store(&cell->seen_ns, clock_mono_ns());
}

void replicas_tell(struct replicas *r, enum replica_outcome outcome, enum rc rc, uint64_t label,
		   uint64_t lsn)
{
	struct replica_cell *cell = map_replica(r->map, r->at);

	tell_breaker(cell, outcome, rc);
	if (label && lsn)
		see_place(r, cell, label, lsn);
	atomic_store(&cell->last, (uint32_t)outcome);
	atomic_fetch_add(&cell->reads[outcome], 1);
}

static enum replica_outcome judge_place(const struct replicas *r, enum rc rc,
					const struct standby_place *place)
{
	if (rc != RC_OK)
		return REPLICA_FAILED;
	if (MUTATED(replica_any_history))
		return REPLICA_USED;
	return place->line && place->line == map_line(r->map) ? REPLICA_USED : REPLICA_REFUSED;
}

void replicas_ping(struct replicas *r, int64_t now_ns)
{
	struct standby_place place = { 0 };

	if (!r || !map_epoch(r->map))
		return;
	if (!r->pg)
		r->at = map_replica_turn(r->map) % r->count;
	if (!allows(r, r->at, now_ns))
		return;
	move_to(r, r->at, now_ns);
	struct replica_cell *cell = map_replica(r->map, r->at);
	pg_label_begin(r->pg);
	enum rc rc = epoch_place(r->pg, &place);
	uint64_t label = pg_label(r->pg);
	enum replica_outcome outcome = judge_place(r, rc, &place);
	tell_breaker(cell, outcome, rc);
	if (outcome == REPLICA_USED && label)
		see_place(r, cell, label, place.lsn);
	atomic_store(&cell->last, (uint32_t)outcome);
}

/* --- for people --------------------------------------------------------------------------- */

size_t replicas_count(const struct replicas *r)
{
	return r ? r->count : 0;
}

static const char *status_of(const struct replica_cell *cell, int64_t now_ns)
{
	static const char *const texts[REPLICA_OUTCOMES] = { "ok", "behind", "refused",
							     "down" };
	uint32_t last = atomic_load(&cell->last) % REPLICA_OUTCOMES;

	if (last == REPLICA_FAILED && !breaker_word_open(&cell->breaker, now_ns))
		return "unknown"; /* it may be tried again */
	return last == REPLICA_USED && atomic_load(&cell->seen_ns) == 0 ? "unknown"
									: texts[last];
}

void replicas_state(const struct replicas *r, size_t i, int64_t now_ns,
		    struct replica_state *ret)
{
	const struct replica_cell *cell = map_replica(r->map, i);
	int64_t seen_ns = atomic_load(&cell->seen_ns);

	assert(i < r->count);
	*ret = (struct replica_state){ .status = status_of(cell, now_ns),
				       .lag = atomic_load(&cell->lag),
				       .age_ns = seen_ns ? now_ns - seen_ns : -1 };
	for (int k = 0; k < REPLICA_OUTCOMES; k++)
		ret->reads[k] = atomic_load(&cell->reads[k]);
}

const char *replica_outcome_name(enum replica_outcome outcome)
{
	static const char *const names[REPLICA_OUTCOMES] = { "used", "behind", "refused",
							     "failed" };

	return names[outcome];
}
