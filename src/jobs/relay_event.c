#include "jobs/relay_event.h"

#include <string.h>
#include "base/buf.h"
#include "base/failpoint.h"
#include "base/metric.h"
#include "cache/map.h"
#include "cache/mutation.h"
#include "cache/rule.h"
#include "cache/tag.h"
#include "net/pg.h"

/* Columns of event_poll. */
enum {
	HEAD_SNAPSHOT,
	HEAD_HISTORY,
	HEAD_CLEARED,
	HEAD_PRUNED,
	HEAD_LSN
};
enum {
	EVENT_TAGS,
	EVENT_KIND,
	EVENT_ID,
	EVENT_AGE,
	EVENT_FAILED,
	EVENT_XID,
	EVENT_SOURCE
};

static bool snapshot_read(struct str text, uint64_t *ret_xmin, uint64_t *ret_xmax)
{
	struct str min = str_cut(&text, ':'), max = str_cut(&text, ':');

	return str_u64(min, UINT64_MAX, ret_xmin) && str_u64(max, UINT64_MAX, ret_xmax) &&
	       *ret_xmin > 0 && *ret_xmin <= *ret_xmax;
}

uint64_t snapshot_xmin(struct str snapshot)
{
	uint64_t xmin, xmax;

	return snapshot_read(snapshot, &xmin, &xmax) ? xmin : 0;
}

enum rc relay_head_read(const struct pg_result *row, struct relay_head *ret)
{
	struct relay_head head = { .snapshot = pg_str(row, 0, HEAD_SNAPSHOT),
				   .history = pg_str(row, 0, HEAD_HISTORY),
				   .cleared = pg_i64(row, 0, HEAD_CLEARED) };
	uint64_t xmin;

	if (!pg_is_null(row, 0, EVENT_XID) ||
	    !str_u64(pg_str(row, 0, HEAD_PRUNED), UINT64_MAX, &head.pruned) ||
	    !str_u64(pg_str(row, 0, HEAD_LSN), UINT64_MAX, &head.lsn) ||
	    !snapshot_read(head.snapshot, &xmin, &head.xmax))
		return RC_INTERNAL;
	if (MUTATED(prune_untold))
		head.pruned = 0;
	*ret = head;
	return RC_OK;
}

enum rc relay_event_read(const struct pg_result *row, struct relay_event *ret)
{
	struct relay_event event = {
		.tags = pg_str(row, 0, EVENT_TAGS),
		.id = pg_i64(row, 0, EVENT_ID),
		.age_ns = pg_i64(row, 0, EVENT_AGE),
		.failed = str_eq(pg_str(row, 0, EVENT_FAILED), STR("true")),
		.source = pg_str(row, 0, EVENT_SOURCE),
	};

	if (pg_is_null(row, 0, EVENT_XID) ||
	    !str_u64(pg_str(row, 0, EVENT_XID), UINT64_MAX, &event.xid))
		return RC_INTERNAL;
	*ret = event;
	return RC_OK;
}

/* What writers make invalid stays cold until somebody asks: they may write all the time. */
bool relay_event_cools(const struct relay_event *event)
{
	struct str left = event->tags;

	while (!event->source.ptr && left.len > 0) {
		struct str tag = str_cut(&left, '\n');

		if (tag.len && !strchr("touk", tag.ptr[0]))
			return true;
	}
	return false;
}

static const char *fault(const struct relay_event *event)
{
	struct str left = event->tags;

	if (event->xid == 0)
		return "it has no transaction";
	while (left.len > 0)
		if (!tag_sound(str_cut(&left, '\n')))
			return "a tag is malformed or of an unknown kind";
	return NULL;
}

/* Labels are judged by the xid and copies of this machine by the gen. */
static uint64_t raise_all(struct cache_map *map, uint64_t xid, struct str tags)
{
	uint64_t n = 0;

	while (tags.len > 0) {
		struct str tag = str_cut(&tags, '\n');

		if (tag_glob(tag).ptr)
			continue;
		uint32_t slot = map_slot_of(map, tag_hash(tag));
		if (!MUTATED(relay_no_xid))
			map_raise_xid(map, slot, xid);
		if (!MUTATED(relay_no_gen))
			map_raise_gen(map, slot);
		n++;
	}
	return n;
}

/* What a rule cannot name is of no slot: the void is for memory, the floor for copies
 * elsewhere, which are of the epoch that is named again. */
static void follow_rules(struct cache_map *map, const struct rules *rules,
			 const struct relay_event *event)
{
	struct buf more;

	buf_init(&more, NULL, BUF_NO_MAX);
	if (!rules_expand(rules, event->source, event->tags, &more)) {
		map_raise_floor(map, event->xid);
		map_void(map);
	}
	metric_add(COUNTER_cache_rule_tags, raise_all(map, event->xid, buf_str(&more)));
	buf_release(&more);
}

/* The write counter is raised before any gen: whoever captures a new gen in the midst of a read
 * finds the counter moved.  Without tags it made everything invalid: of another epoch are all
 * copies, but a standby that has not replayed it answers as before, by its label. */
enum rc relay_apply(struct cache_map *map, const struct rules *rules,
		    const struct relay_event *event, const char **ret_why)
{
	const char *why = fault(event);

	if (why) {
		*ret_why = why;
		return RC_INVALID;
	}
	if (!MUTATED(relay_counts_after))
		map_count_write(map);
	raise_all(map, event->xid, event->tags);
	if (event->tags.len == 0)
		map_raise_floor(map, event->xid);
	FAILPOINT(in_raise);
	if (MUTATED(relay_counts_after))
		map_count_write(map);
	if (rules->n)
		follow_rules(map, rules, event);
	return RC_OK;
}
