#include "jobs/relay_event.h"

#include <string.h>
#include "cache/map.h"
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
	EVENT_XID
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
	};

	if (pg_is_null(row, 0, EVENT_XID) ||
	    !str_u64(pg_str(row, 0, EVENT_XID), UINT64_MAX, &event.xid))
		return RC_INTERNAL;
	*ret = event;
	return RC_OK;
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

/* Labels are judged by the xid and copies of this machine by the gen.  The write counter is
 * raised before any gen: whoever captures a new gen in the midst of a read finds the counter
 * moved. */
enum rc relay_apply(struct cache_map *map, const struct relay_event *event,
		    const char **ret_why)
{
	const char *why = fault(event);
	struct str left = event->tags;

	if (why) {
		*ret_why = why;
		return RC_INVALID;
	}
	map_count_write(map);
	while (left.len > 0) {
		uint32_t slot = map_slot_of(map, tag_hash(str_cut(&left, '\n')));

		map_raise_xid(map, slot, event->xid);
		map_raise_gen(map, slot);
	}
	return RC_OK;
}
