/* The body of POST …/transfers: a JSON array of 1 … 100 objects, every field checked. */
#ifndef API_TRANSFER_BODY_H
#define API_TRANSFER_BODY_H

#include <stddef.h>
#include "base/rc.h"
#include "base/str.h"
#include "model/transfer_write.h"

struct arena;
struct problem;

struct transfer_body {
	struct transfer_move *move; /* in the arena */
	size_t count;
	size_t nameless;       /* moves without transactionHash … */
	size_t first_nameless; /* … and the place of the first */
};

/* RC_INVALID: the problem (invalid_body) names place and field of the first eight faults. */
enum rc transfer_body_read(struct arena *arena, struct str body, const struct address *contract,
			   struct transfer_body *ret, struct problem *ret_problem);

#endif
