/* Retention of what only the maintenance role may remove. */
#ifndef MODEL_PRUNE_H
#define MODEL_PRUNE_H

#include <stdint.h>
#include "base/rc.h"

struct pg;

enum prune {
	PRUNE_AUDIT,
	PRUNE_MENDS,
	PRUNE_SNAPSHOTS,
	PRUNES
};

const char *prune_name(enum prune what); /* "audit rows" */
/* Forgets rows older than keep_s, a piece a transaction, until none is left; pg is the
 * maintenance role's. */
enum rc prune_run(struct pg *pg, enum prune what, int64_t keep_s, int64_t *ret_gone);

#endif
