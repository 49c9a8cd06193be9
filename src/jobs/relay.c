#include "jobs/relay.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/scope.h"
#include "base/tally.h"
#include "cache/map.h"
#include "cache/mutation.h"
#include "cache/rule.h"
#include "cache/tag.h"
#include "jobs/relay_event.h"
#include "jobs/relay_prune.h"
#include "jobs/relay_walk.h"
#include "net/epoch.h"
#include "net/pg.h"

#define WALK_NS       INT64_C(20000000)   /* of a poll, when there is a walk */
#define TELL_NS       INT64_C(1000000000) /* positions are told at most this often */
#define EPOCH_TEXT    17
#define SNAPSHOT_MAX  (1 << 20)
#define POLLS_AT_ONCE 64     /* events that cannot be applied are parked one a poll */
#define NOTHING       "1:1:" /* the snapshot that sees nothing */

struct relay {
	struct pg *pg;
	struct cache_map *map;
	const char *machine;
	const struct relay_options *options;
	char mapping[EPOCH_TEXT]; /* names this mapping and no other */
	struct rules rules;
	struct relay_walk walk;
	struct relay_prune prune;
	bool cools; /* the mapping is to be warmed when nothing is left to walk for */

	/* Everything visible in prev is applied to the mapping, or under its floor. */
	struct buf prev; /* a snapshot, terminated; empty: none */
	struct buf history;
	const char *gap;     /* why prev was given up; NULL: it was not */
	cache_epoch resumed; /* prev is of a relay before us, under this epoch; 0: it is ours */
	bool looked;         /* for a relay before us */

	bool failing;
	int64_t tell_at_ns; /* monotonic */

	/* Of the poll that runs. */
	struct {
		bool headed, incarnate;
		bool skip; /* its events are of no use */
		bool boot; /* all events that are kept, into a mapping that is void */
		struct buf snapshot, history;
		cache_epoch epoch;
		uint64_t era; /* when it was begun */
		uint64_t lsn; /* of the primary's log */
		uint64_t events;
		int64_t poison; /* event; 0: none */
		const char *why;
		enum rc rc;
	} poll;
};

const struct conf_key relay_keys[] = {
	{ "relay_interval", CONF_MSEC, offsetof(struct relay_options, interval_ms), "100ms",
	  .min = 10, .max = 1000, .reload = true,
	  .help = "how often a machine asks the database for what became invalid" },
	{ "event_retention", CONF_MSEC, offsetof(struct relay_options, keep_ms), "25h",
	  .min = 600000, .max = INT64_C(31536000000), .reload = true,
	  .help = "how long events of the outbox are kept" },
	{ "idempotency_retention", CONF_MSEC, offsetof(struct relay_options, requests_ms), "1d",
	  .min = 3600000, .max = INT64_C(31536000000), .reload = true,
	  .help = "how long a request with an Idempotency-Key may be repeated" },
	{ 0 }
};

/* A poll walks an index.  What it writes need not survive a crash: after one all positions are
 * of another history. */
static enum rc connected(struct pg *pg, void *ctx)
{
	(void)ctx;
	SCOPED(pg_result_done)
	struct pg_result set =
		pg_exec(pg, "SET enable_seqscan = off;"
			    "SET enable_bitmapscan = off;"
			    "SET enable_hashjoin = off; SET enable_mergejoin = off;"
			    "SET max_parallel_workers_per_gather = 0;"
			    "SET jit = off; SET synchronous_commit = off");

	return set.rc;
}

struct relay *relay_new(struct pg *pg, struct cache_map *map, const char *machine,
			const struct relay_options *options)
{
	struct relay *r = mem_alloc(sizeof(*r));
	const char *why;
	struct str at;

	if (rules_read(options->rules, &r->rules, &why, &at) != RC_OK)
		assert(!"settings are checked before they are used");
	r->pg = pg;
	r->map = map;
	r->machine = machine;
	r->options = options;
	walk_init(&r->walk);
	prune_init(&r->prune);
	buf_init(&r->prev, NULL, SNAPSHOT_MAX);
	buf_init(&r->history, NULL, SNAPSHOT_MAX);
	buf_init(&r->poll.snapshot, NULL, SNAPSHOT_MAX);
	buf_init(&r->poll.history, NULL, SNAPSHOT_MAX);
	/* The mapping's hash key is random. */
	snprintf(r->mapping, sizeof(r->mapping), "%016" PRIx64,
		 map_key_hash(map, STR("relay")));
	pg_on_connect(pg, connected, r);
	return r;
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	walk_release(&r->walk);
	prune_release(&r->prune);
	buf_release(&r->prev);
	buf_release(&r->history);
	buf_release(&r->poll.snapshot);
	buf_release(&r->poll.history);
	free(r);
}

static void keep(struct buf *buf, struct str text)
{
	buf_clear(buf);
	buf_adds(buf, text);
	buf_addc(buf, '\0');
}

static void swap(struct buf *a, struct buf *b)
{
	struct buf c = *a;

	*a = *b;
	*b = c;
}

/* --- where to begin ---------------------------------------------------------------------- */

/* A relay of this mapping that died or left a moment ago has told how far it was. */
static enum rc resume(struct relay *r)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(r->pg, STMT_event_resume,
				      PG_ARGS(pg_text(r->machine), pg_text(r->mapping)));

	if (row.rc != RC_OK)
		return row.rc;
	r->looked = true;
	if (row.count == 1) {
		r->resumed = strtoull(pg_str(&row, 0, 0).ptr, NULL, 16);
		keep(&r->prev, pg_str(&row, 0, 1));
		walk_from(&r->walk, r->prev.ptr);
	}
	return RC_OK;
}

/* Why events may have been missed; NULL: they were not.  What prev did not see is read by this
 * poll, when prev belongs to this history and to this mapping, and nothing unseen was pruned.
 */
static const char *find_gap(const struct relay *r, const struct relay_head *head)
{
	if (r->prev.len == 0)
		return r->gap ? r->gap : "no relay before";
	if (head->pruned > snapshot_xmin(str_of(r->prev.ptr)))
		return "events were pruned unseen";
	if (r->resumed)
		return r->resumed == r->poll.epoch && map_epoch(r->map) == r->poll.epoch
			       ? NULL
			       : "the relay before had another epoch";
	return str_eqz(head->history, r->history.ptr) ? NULL : "another history";
}

/* A dump of another server may have brought its own numbers. */
static uint64_t floor_of(const struct relay_head *head)
{
	uint64_t pruned = head->pruned < head->xmax ? head->pruned : head->xmax;

	return pruned ? pruned - 1 : 0;
}

/*
 * Nobody knows which events this mapping missed: all copies in memory are void, and all events
 * that are still kept are loaded before there is a lease again.  Other copies are judged by
 * their labels: above the slot, they hold every event that is kept; above the floor, every one
 * that is not, because its xid is below pruned.
 */
static void start_over(struct relay *r, const struct relay_head *head, const char *why)
{
	map_end_lease(r->map);
	uint64_t era = MUTATED(start_over_keeps) ? map_era(r->map) : map_void(r->map);
	if (r->poll.era == era) /* nobody else did */
		r->poll.era = era + 1;
	map_set_floor(r->map, MUTATED(no_floor) ? 0 : floor_of(head));
	walk_drop(&r->walk);
	prune_drop(&r->prune); /* perhaps of another history */
	r->poll.boot = true;
	r->gap = NULL;
	metric_add(COUNTER_relay_restarts, 1);
	log_info("copies in memory are void; loading the events that are kept",
		 LOG_STR("why", str_of(why)), LOG_STR("history", head->history));
}

/* The poll that is under way reads what prev did not see: too little. */
static void give_up_prev(struct relay *r, const char *why)
{
	buf_clear(&r->prev);
	r->resumed = 0;
	r->gap = why;
	r->poll.skip = true;
}

/* --- one poll ---------------------------------------------------------------------------- */

/* As if transactions were committed in the order of their numbers. */
static void keep_greatest(struct relay *r, const struct relay_head *head)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%" PRIu64 ":%" PRIu64 ":", head->xmax,
			 head->xmax);

	keep(&r->poll.snapshot, (struct str){ text, (size_t)n });
}

static enum rc on_head(struct relay *r, const struct relay_head *head)
{
	FAILPOINT(before_raise);
	r->poll.headed = true;
	keep(&r->poll.snapshot, head->snapshot);
	if (MUTATED(cursor_max))
		keep_greatest(r, head);
	keep(&r->poll.history, head->history);
	if (buf_failed(&r->poll.snapshot) || buf_failed(&r->poll.history))
		return RC_INTERNAL;
	r->poll.epoch = epoch_of(head->history, head->cleared);
	r->poll.lsn = head->lsn;
	r->poll.incarnate = r->poll.epoch != 0;
	r->poll.skip = !r->poll.incarnate;
	if (r->poll.skip)
		return RC_OK;
	const char *gap = find_gap(r, head);
	if (gap && r->prev.len)
		give_up_prev(r, gap);
	else if (gap)
		start_over(r, head, gap);
	return RC_OK;
}

/* What it meant to void is not known, so all is void until it is parked; and a standby that has
 * not replayed it may be asked later than that. */
static void on_poison(struct relay *r, const struct relay_event *event, const char *why)
{
	map_raise_floor(r->map, event->xid);
	map_void(r->map);
	if (r->poll.poison)
		return;
	r->poll.poison = event->id;
	r->poll.why = why;
}

static void add_walks(struct relay *r, struct str tags)
{
	while (tags.len > 0) {
		struct str glob = tag_glob(str_cut(&tags, '\n'));

		if (glob.ptr && !walk_add(&r->walk, glob))
			map_void(r->map);
	}
}

static void on_event(struct relay *r, const struct relay_event *event)
{
	const char *why;

	if (r->poll.skip || (r->poll.boot && MUTATED(boot_blind)))
		return;
	if (event->failed) {
		map_raise_floor(r->map, event->xid);
		return;
	}
	if (relay_apply(r->map, &r->rules, event, &why) != RC_OK) {
		if (!MUTATED(poison_skipped))
			on_poison(r, event, why);
		return;
	}
	if (!r->poll.boot) {
		add_walks(r, event->tags);
		r->cools |= relay_event_cools(event);
	}
	r->poll.events++;
	if (!r->poll.boot)
		metric_time(HISTOGRAM_relay_lag_seconds, event->age_ns);
}

static void on_row(void *ctx, const struct pg_result *row)
{
	struct relay *r = ctx;
	struct relay_head head;
	struct relay_event event;

	if (r->poll.rc != RC_OK)
		return;
	if (r->poll.headed) {
		r->poll.rc = relay_event_read(row, &event);
		if (r->poll.rc == RC_OK)
			on_event(r, &event);
		return;
	}
	r->poll.rc = relay_head_read(row, &head);
	if (r->poll.rc == RC_OK)
		r->poll.rc = on_head(r, &head);
}

static void look_for_damage(struct relay *r)
{
	if (!map_mend(r->map, clock_boot_ns()))
		return;
	log_error("the mapping was damaged");
	metric_add(COUNTER_relay_damages, 1);
	buf_clear(&r->prev);
	r->resumed = 0;
	r->gap = "the mapping was damaged";
}

static enum rc read_outbox(struct relay *r)
{
	r->poll.headed = r->poll.incarnate = r->poll.skip = r->poll.boot = false;
	r->poll.events = 0;
	r->poll.poison = 0;
	r->poll.rc = RC_OK;
	look_for_damage(r);
	r->poll.era = map_era(r->map);
	const char *prev = r->prev.len ? r->prev.ptr : NOTHING;
	enum rc rc = pg_stream(r->pg, STMT_event_poll, PG_ARGS(pg_text(prev)), on_row, r);

	if (rc == RC_OK)
		rc = r->poll.rc;
	return rc == RC_OK && !r->poll.headed ? RC_INTERNAL : rc;
}

static enum rc park(struct relay *r)
{
	char id[24];

	log_error("an event cannot be applied; all copies are void",
		  LOG_INT("event", r->poll.poison), LOG_STR("why", str_of(r->poll.why)));
	snprintf(id, sizeof(id), "%" PRId64, r->poll.poison);
	SCOPED(pg_result_done)
	struct pg_result done =
		pg_run(r->pg, STMT_event_park, PG_ARGS(pg_text(id), pg_text(r->poll.why)));
	if (done.rc == RC_OK)
		metric_add(COUNTER_relay_parked, 1);
	return done.rc;
}

static void advance(struct relay *r)
{
	swap(&r->prev, &r->poll.snapshot);
	swap(&r->history, &r->poll.history);
	r->resumed = 0;
	metric_add(COUNTER_relay_events, r->poll.events);
	tally_events(r->poll.events);
}

/*
 * Polls until one has nothing left to mend.  The epoch is named when all events are applied:
 * not before one that would void it, and not when a writer voided something meanwhile, which
 * this poll need not have seen.
 */
static enum rc poll_through(struct relay *r)
{
	for (int i = 0; i < POLLS_AT_ONCE; i++) {
		cache_epoch epoch;
		enum rc rc = read_outbox(r);
		if (rc != RC_OK)
			return rc;
		if (r->gap && r->poll.incarnate)
			continue;
		if (r->poll.incarnate && !r->poll.poison) {
			advance(r);
			map_set_line(r->map, epoch_line(str_of(r->history.ptr)), r->poll.lsn);
			uint64_t era = MUTATED(epoch_back) ? map_era(r->map) : r->poll.era;
			if (map_name_epoch(r->map, r->poll.epoch, era))
				return RC_OK;
			continue;
		}
		rc = r->poll.incarnate ? park(r) : epoch_read(r->pg, &epoch);
		if (rc != RC_OK)
			return rc;
	}
	return RC_TIMEOUT;
}

static enum rc tell_position(struct relay *r)
{
	const char *position = walk_position(&r->walk);
	char epoch[EPOCH_TEXT];

	if (!position)
		return RC_OK;
	snprintf(epoch, sizeof(epoch), "%016" PRIx64, r->poll.epoch);
	SCOPED(pg_result_done)
	struct pg_result done = pg_run(r->pg, STMT_event_position,
				       PG_ARGS(pg_text(r->machine), pg_text(r->mapping),
					       pg_text(epoch), pg_text(position)));
	return done.rc;
}

/* A warming before the end of the walk would find what goes with it.  Before the position is
 * told: a relay that dies in between does it again. */
static void warm_after_walk(struct relay *r)
{
	if (!r->cools || walk_busy(&r->walk))
		return;
	map_set_cold(r->map);
	r->cools = false;
}

/* What can wait, and whose failure is none of the poll's. */
static void keep_house(struct relay *r, int64_t mono_ns)
{
	walk_on(&r->walk, r->map, clock_mono_ns() + WALK_NS, r->prev.ptr);
	warm_after_walk(r);
	if (mono_ns >= r->tell_at_ns) {
		r->tell_at_ns = mono_ns + TELL_NS;
		(void)tell_position(r);
	}
	prune_on(&r->prune, r->pg, r->options, buf_str(&r->prev), mono_ns);
}

static void judge(struct relay *r, enum rc rc)
{
	if (rc != RC_OK)
		metric_add(COUNTER_relay_failures, 1);
	if (rc != RC_OK && !r->failing)
		log_warn("the outbox cannot be read; copies are not used",
			 LOG_STR("why", str_of(pg_error(r->pg))));
	if (rc == RC_OK && r->failing)
		log_info("the outbox is read again");
	r->failing = rc != RC_OK;
}

enum rc relay_poll(struct relay *r, int64_t boot_ns, int64_t mono_ns)
{
	enum rc rc = r->looked ? RC_OK : resume(r);

	if (rc == RC_OK)
		rc = poll_through(r);
	if (rc == RC_OK) {
		boot_ns = MUTATED(lease_at_end) ? clock_boot_ns() : boot_ns;
		map_extend_lease(r->map, boot_ns + LEASE_NS);
		metric_add(COUNTER_relay_polls, 1);
	}
	judge(r, rc);
	if (rc == RC_OK)
		keep_house(r, mono_ns);
	return rc;
}

void relay_leave(struct relay *r)
{
	if (r->prev.len && !r->resumed && !r->failing)
		(void)tell_position(r);
}
