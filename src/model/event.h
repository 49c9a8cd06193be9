/* The event queue as administrators see it: newest first, and what failed again. */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/answer.h"
#include "base/rc.h"
#include "base/str.h"
#include "model/page.h"

struct arena;
struct env;

/* pending: no relay that lives has applied it; processing: some have, done: all have; failed:
 * none can, everything was voided for it. */
enum event_status {
	EVENT_PENDING,
	EVENT_PROCESSING,
	EVENT_DONE,
	EVENT_FAILED,
	EVENT_ANY
};
#define EVENT_STATUS_CHOICES "pending|processing|done|failed"

#define EVENT_CURSOR_KEYS 1

struct event_query {
	enum event_status status;
	struct page page;
};

/* {"events":[…],"nextCursor":…}; never kept. */
enum rc event_page_read(struct env *env, const struct event_query *query, struct answer *ret);
struct str event_scope(struct arena *arena, enum event_status status);

enum event_outcome {
	EVENT_RETRIED, /* by the new event *ret_event */
	EVENT_ALREADY, /* by *ret_event, which was asked for before */
	EVENT_NOT_FAILED
};
/* Emits its tags once more.  RC_NOT_FOUND: no such event, or it was forgotten. */
enum rc event_retry(struct env *env, int64_t id, enum event_outcome *ret, int64_t *ret_event,
		    bool *ret_unknown);

#endif
