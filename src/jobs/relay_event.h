/* What a poll of the outbox reads, and what an event does to the mapping. */
#ifndef JOBS_RELAY_EVENT_H
#define JOBS_RELAY_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct cache_map;
struct pg_result;
struct rules;

/* The first row: the server at the time of the poll.  Texts are borrowed from the row. */
struct relay_head {
	struct str snapshot; /* "xmin:xmax:xip,xip…" */
	struct str history;  /* STR_NONE: the server has no incarnation yet */
	int64_t cleared;
	uint64_t pruned; /* events of transactions below it may be gone */
	uint64_t xmax;   /* of the snapshot */
	uint64_t lsn;    /* end of the log [bytes] */
};

/* The rows after it. */
struct relay_event {
	struct str tags; /* one a line */
	int64_t id;
	int64_t age_ns;
	uint64_t xid;
	bool failed;       /* parked: the clear number speaks for it */
	struct str source; /* "nfts:update"; STR_NONE: by hand */
};

/* RC_INTERNAL: the row is not of that kind. */
enum rc relay_head_read(const struct pg_result *row, struct relay_head *ret);
enum rc relay_event_read(const struct pg_result *row, struct relay_event *ret);

/* xmin of a snapshot's text, 0 when it is none. */
uint64_t snapshot_xmin(struct str snapshot);

/* An administrator made something invalid that warming reads: not only tokens, wallets, users
 * and API keys. */
bool relay_event_cools(const struct relay_event *event);

/* RC_INVALID: *ret_why says why it cannot be applied; nothing was changed.  What the rules add
 * and cannot be named voids all.  Globs are left to relay_walk.h. */
enum rc relay_apply(struct cache_map *map, const struct rules *rules,
		    const struct relay_event *event, const char **ret_why);

#endif
