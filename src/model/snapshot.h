/* Reports of the counters that an administrator asked to keep
 * (such_market.analytics_snapshots). */
#ifndef MODEL_SNAPSHOT_H
#define MODEL_SNAPSHOT_H

#include <stdint.h>
#include "base/rc.h"

struct pg;

/* For maintenance: forgets those older than keep_s seconds, in pieces. */
enum rc snapshot_prune(struct pg *pg, int64_t keep_s, int64_t *ret_gone);

#endif
