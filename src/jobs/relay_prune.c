#include "jobs/relay_prune.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/scope.h"
#include "jobs/relay.h"
#include "net/pg.h"

#define MORE_NS    INT64_C(1000000000)
#define PRUNE_NS   (60 * MORE_NS)
#define PRUNE_ROWS 10000 /* at once; more of them MORE_NS later */

void prune_init(struct relay_prune *p)
{
	buf_init(&p->ended, NULL, BUF_NO_MAX);
	p->at_ns = 0;
}

void prune_release(struct relay_prune *p)
{
	buf_release(&p->ended);
}

void prune_drop(struct relay_prune *p)
{
	buf_clear(&p->ended);
}

/* True: there may be more. */
static bool forget(struct pg *pg, enum stmt stmt, int64_t keep_ms, const char *ended)
{
	char keep[24], most[24];

	snprintf(keep, sizeof(keep), "%" PRId64, keep_ms);
	snprintf(most, sizeof(most), "%d", PRUNE_ROWS);
	SCOPED(pg_result_done)
	struct pg_result gone =
		ended ? pg_run(pg, stmt, PG_ARGS(pg_text(keep), pg_text(most), pg_text(ended)))
		      : pg_run(pg, stmt, PG_ARGS(pg_text(keep), pg_text(most)));
	return gone.rc == RC_OK && pg_i64(&gone, 0, 0) >= PRUNE_ROWS;
}

void prune_on(struct relay_prune *p, struct pg *pg, const struct relay_options *options,
	      struct str position, int64_t mono_ns)
{
	bool more = false;

	if (mono_ns < p->at_ns)
		return;
	if (p->ended.len)
		more = forget(pg, STMT_event_prune, options->keep_ms, p->ended.ptr);
	more |= forget(pg, STMT_event_requests_prune, options->requests_ms, NULL);
	if (!more) {
		buf_clear(&p->ended);
		buf_adds(&p->ended, position);
	}
	p->at_ns = mono_ns + (more ? MORE_NS : PRUNE_NS);
}
