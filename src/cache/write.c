#include "cache/write.h"

#include <errno.h>
#include <time.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/metric.h"
#include "base/scope.h"
#include "base/stages.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "cache/mutation.h"
#include "cache/redis_tier.h"
#include "cache/rule.h"
#include "cache/tag.h"
#include "net/epoch.h"
#include "net/pg.h"
#include "net/tx.h"

#define NS_PER_MS     INT64_C(1000000)
#define EARLIER_MAX   4096 /* bytes: the transactions before this one */
#define LOOK_PAUSE_NS (20 * NS_PER_MS)
#define ONCE_BYTES    32

/* Columns of write_mine. */
enum {
	MINE_HISTORY,
	MINE_CLEARED,
	MINE_XID,
	MINE_TAGS,
	MINE_SOURCE
};
/* Columns of write_begin. */
enum {
	BEGIN_STATE,
	BEGIN_XID
};

/* A tag of the transaction, or of one before it. */
struct bump {
	uint64_t xid;
	uint32_t slot;
	uint32_t at, len; /* its text */
};

struct run {
	const struct cache_write *write;
	struct cache_map *map; /* NULL: no copies */
	const struct cache_hook *hook;
	struct redis_tier *redis;
	const struct rules *rules;
	struct buf earlier; /* text */
	/* Of write->once: the row's key and digest. */
	uint8_t once[ONCE_BYTES];
	bool looked; /* the row was there for the asking: an earlier COMMIT was none */
	/* Of the attempt that runs. */
	struct buf bumps; /* struct bump */
	struct buf texts; /* of the tags */
	uint64_t last;    /* transaction that emitted something; 0: none did */
	bool all;         /* what it voids cannot be named */
	uint64_t floor;   /* then: the transaction that did */
	cache_epoch epoch;
};

static void add_all(struct run *run, uint64_t xid)
{
	run->all = true;
	run->floor = xid > run->floor ? xid : run->floor;
}

static void add_tags(struct run *run, uint64_t xid, struct str tags)
{
	if (tags.len == 0)
		add_all(run, xid);
	while (tags.len > 0) {
		struct str tag = str_cut(&tags, '\n');
		struct bump bump = { .xid = xid };

		if (tag_glob(tag).ptr)
			continue; /* relays walk */
		if (!tag_sound(tag))
			add_all(run, xid);
		bump.slot = run->map ? map_slot_of(run->map, tag_hash(tag)) : 0;
		bump.at = (uint32_t)run->texts.len;
		bump.len = (uint32_t)tag.len;
		buf_adds(&run->texts, tag);
		buf_add(&run->bumps, &bump, sizeof(bump));
	}
}

static void add_event(struct run *run, uint64_t xid, struct str tags, struct str source)
{
	struct buf more;

	run->last = xid > run->last ? xid : run->last;
	add_tags(run, xid, tags);
	if (run->rules->n == 0)
		return;
	buf_init(&more, NULL, BUF_NO_MAX);
	if (!rules_expand(run->rules, source, tags, &more))
		add_all(run, xid);
	else if (more.len)
		add_tags(run, xid, buf_str(&more));
	buf_release(&more);
}

/* The triggers, and the rules that follow them, are the only source of tags. */
static enum rc read_events(struct run *run, struct pg *pg, enum stmt stmt, const char *arg)
{
	SCOPED(pg_result_done) struct pg_result rows = pg_run(pg, stmt, PG_ARGS(pg_text(arg)));

	if (rows.rc != RC_OK)
		return rows.rc;
	if (rows.count == 0)
		return RC_INTERNAL;
	run->epoch = epoch_of(pg_str(&rows, 0, MINE_HISTORY), pg_i64(&rows, 0, MINE_CLEARED));
	for (int i = 0; i < rows.count; i++) {
		uint64_t xid;

		if (pg_is_null(&rows, i, MINE_XID))
			continue;
		if (!str_u64(pg_str(&rows, i, MINE_XID), UINT64_MAX, &xid))
			return RC_INTERNAL;
		add_event(run, xid, pg_str(&rows, i, MINE_TAGS), pg_str(&rows, i, MINE_SOURCE));
	}
	return RC_OK;
}

static const struct bump *bumps(const struct run *run, size_t *ret_count)
{
	*ret_count = run->bumps.len / sizeof(struct bump);
	return (const struct bump *)(const void *)run->bumps.ptr;
}

static void raise_xids(const struct run *run)
{
	size_t n;
	const struct bump *bump = bumps(run, &n);

	if (!MUTATED(silent_writer))
		map_see_epoch(run->map, run->epoch);
	map_raise_floor(run->map, run->floor);
	for (size_t i = 0; i < n; i++)
		map_raise_xid(run->map, bump[i].slot, bump[i].xid);
}

static void raise_gens(const struct run *run)
{
	size_t n;
	const struct bump *bump = bumps(run, &n);

	if (!MUTATED(count_after_gen))
		map_count_write(run->map);
	FAILPOINT(before_gen);
	for (size_t i = 0; i < n; i++)
		map_raise_gen(run->map, bump[i].slot);
	FAILPOINT(after_gen);
	if (MUTATED(count_after_gen))
		map_count_write(run->map);
	if (!MUTATED(silent_writer))
		map_see_epoch(run->map, run->epoch);
	map_raise_floor(run->map, run->floor); /* a relay may have begun again meanwhile */
	if (run->all)
		map_void(run->map);
}

/* Other machines hear of it at once, and Redis keeps no copies of before: hygiene. */
static bool tell_redis(const struct run *run, struct arena *arena)
{
	size_t n;
	const struct bump *bump = bumps(run, &n);
	struct str *tags = arena_alloc(arena, (n + 1) * sizeof(*tags));

	for (size_t i = 0; i < n; i++)
		tags[i] = (struct str){ run->texts.ptr + bump[i].at, bump[i].len };
	return !run->last ||
	       redis_tier_invalidate(run->redis, arena, run->epoch, run->last, tags, n);
}

/* What makes it visible, before it is acknowledged. */
static void tell(const struct run *run, struct arena *arena)
{
	bool told = true;

	FAILPOINT(after_commit);
	if (run->map && !MUTATED(gen_before_commit) && !MUTATED(ack_first))
		raise_gens(run);
	if (run->map || run->redis) {
		int64_t start_ns = clock_mono_ns();

		told = tell_redis(run, arena);
		stages_add(STAGE_cache, clock_mono_ns() - start_ns);
	}
	if (run->write && run->write->told)
		*run->write->told = told;
	FAILPOINT(before_ack);
	metric_add(COUNTER_writes, 1);
}

/* RC_OK: *ret_done says whether an earlier transaction did it all. */
static enum rc begin_once(struct run *run, struct pg *pg, bool *ret_done)
{
	char key[2 * ONCE_BYTES + 1];

	hex_write(run->once, ONCE_BYTES, key);
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_write_begin,
		       PG_ARGS(pg_text(key), pg_text(run->write->once),
			       pg_bytes((struct str){ (const char *)run->once, ONCE_BYTES })));
	if (row.rc != RC_OK)
		return row.rc;
	*ret_done = str_eq(pg_str(&row, 0, BEGIN_STATE), STR("replay"));
	run->looked = !*ret_done;
	if (*ret_done)
		buf_addf(&run->earlier, "{" STR_FMT "}", STR_ARG(pg_str(&row, 0, BEGIN_XID)));
	return RC_OK;
}

static enum rc do_it(struct run *run, struct pg *pg)
{
	bool done = false;
	enum rc rc = run->write->once ? begin_once(run, pg, &done) : RC_OK;

	return rc == RC_OK && !done ? run->write->body(pg, run->write->ctx, &run->earlier) : rc;
}

static enum rc in_transaction(struct pg *pg, void *ctx)
{
	struct run *run = ctx;
	enum rc rc;

	buf_clear(&run->earlier);
	buf_clear(&run->bumps);
	buf_clear(&run->texts);
	run->last = 0;
	run->all = false;
	run->floor = 0;
	run->looked = false;
	rc = do_it(run, pg);
	if (rc == RC_OK && run->hook->join)
		rc = run->hook->join(pg, run->hook->ctx, buf_str(&run->earlier));
	if (rc != RC_OK || (!run->map && !run->redis))
		return rc;
	if (MUTATED(retry_silent))
		buf_clear(&run->earlier);
	if (run->earlier.len)
		buf_addc(&run->earlier, '\0');
	if (buf_failed(&run->earlier))
		return RC_INTERNAL;
	rc = read_events(run, pg, STMT_write_mine, run->earlier.len ? run->earlier.ptr : NULL);
	if (rc != RC_OK)
		return rc;
	FAILPOINT(before_bump);
	if (run->map)
		raise_xids(run);
	if (run->map && MUTATED(gen_before_commit))
		raise_gens(run);
	FAILPOINT(before_commit);
	return RC_OK;
}

/* What is said having looked at the row that an earlier COMMIT would have left. */
static bool is_verdict(const struct run *run, enum rc rc)
{
	return run->looked || rc == RC_OK || rc == RC_NOT_FOUND || rc == RC_UNPROCESSABLE;
}

static void pause_before_look(void)
{
	struct timespec left = { .tv_nsec = LOOK_PAUSE_NS };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* Until it is known, or the time is over. */
static enum rc commit_known(struct run *run, struct pg *pg, bool *ret_unknown)
{
	int64_t until_ns = clock_mono_ns() + run->write->deadline_ms * NS_PER_MS;
	struct tx_options options = { .deadline_ms = run->write->deadline_ms };
	bool lost = false;

	for (;;) {
		bool unknown = false;

		run->looked = false; /* it may not come as far as its body */
		enum rc rc = tx_run(pg, &options, in_transaction, run, &unknown);
		if (unknown && !lost)
			metric_add(COUNTER_writes_lost, 1);
		lost |= unknown;
		if (!lost || (!unknown && is_verdict(run, rc))) {
			*ret_unknown = false;
			return rc;
		}
		pause_before_look();
		options.deadline_ms = (until_ns - clock_mono_ns()) / NS_PER_MS;
		if (options.deadline_ms <= 0) {
			*ret_unknown = true;
			return RC_UNAVAILABLE;
		}
	}
}

enum rc cache_write(struct cache *cache, struct arena *arena, struct pg *pg,
		    const struct cache_write *write, bool *ret_unknown)
{
	struct run run = { .write = write,
			   .map = cache_mapping(cache),
			   .redis = cache_redis(cache),
			   .hook = cache_write_hook(cache),
			   .rules = cache_rules(cache) };
	enum rc rc;

	if (write->once)
		hash_random(run.once, sizeof(run.once));
	buf_init(&run.earlier, NULL, EARLIER_MAX);
	buf_init(&run.bumps, NULL, BUF_NO_MAX);
	buf_init(&run.texts, NULL, BUF_NO_MAX);
	rc = commit_known(&run, pg, ret_unknown);
	if (rc != RC_OK && run.hook->join)
		run.hook->undone(run.hook->ctx);
	if (rc == RC_OK)
		tell(&run, arena);
	if (*ret_unknown)
		metric_add(COUNTER_writes_unknown, 1);
	buf_release(&run.texts);
	buf_release(&run.bumps);
	buf_release(&run.earlier);
	return rc;
}

enum rc cache_since(struct pg *pg, struct buf *ret)
{
	SCOPED(pg_result_done) struct pg_result row = pg_run(pg, STMT_event_now, PG_NO_ARGS);

	if (row.rc != RC_OK)
		return row.rc;
	buf_clear(ret);
	buf_adds(ret, pg_str(&row, 0, 0));
	buf_addc(ret, '\0');
	return buf_failed(ret) ? RC_INTERNAL : RC_OK;
}

/* After COMMIT xids do as well as before it: nothing was acknowledged meanwhile. */
enum rc cache_settle(struct cache *cache, struct arena *arena, struct pg *pg, const char *since)
{
	struct run run = { .map = cache_mapping(cache),
			   .redis = cache_redis(cache),
			   .rules = cache_rules(cache) };
	enum rc rc = RC_OK;

	if (!run.map && !run.redis)
		return RC_OK;
	buf_init(&run.bumps, NULL, BUF_NO_MAX);
	buf_init(&run.texts, NULL, BUF_NO_MAX);
	rc = read_events(&run, pg, STMT_write_since, since);
	if (rc == RC_OK) {
		if (run.map)
			raise_xids(&run);
		tell(&run, arena);
	}
	buf_release(&run.texts);
	buf_release(&run.bumps);
	return rc;
}
