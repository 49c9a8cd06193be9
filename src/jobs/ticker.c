#include "jobs/ticker.h"

#include <stdlib.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"
#include "jobs/ticker_run.h"
#include "model/status.h"

#define ANNOUNCE_NS INT64_C(2000000000)
#define TEXT_MAX    ((size_t)1 << 20)

struct ticker *ticker_new(const struct ticker_parts *parts)
{
	struct ticker *t = mem_alloc(sizeof(*t));

	t->parts = *parts;
	t->arena = arena_new(65536);
	return t;
}

void ticker_free(struct ticker *t)
{
	if (!t)
		return;
	arena_free(t->arena);
	free(t);
}

/* For the other machines; whether it arrives is nobody's concern but theirs. */
static void announce(struct ticker *t, int64_t now_us, int64_t mono_ns)
{
	const struct ticker_parts *p = &t->parts;
	const struct status status = { p->machine,    p->board, p->role_names,
				       p->role_count, now_us,   mono_ns };
	struct buf text;
	struct json j;

	if (!p->analytics.redis || mono_ns < t->announce_at_ns)
		return;
	t->announce_at_ns = mono_ns + ANNOUNCE_NS;
	arena_reset(t->arena);
	buf_init(&text, t->arena, TEXT_MAX);
	json_init(&j, &text);
	status_write(&j, NULL, &status);
	if (!buf_failed(&text))
		(void)analytics_announce(&p->analytics, t->arena, p->machine, buf_str(&text));
}

void ticker_turn(struct ticker *t, int64_t now_us, int64_t mono_ns)
{
	(void)ticker_flush(t, now_us, mono_ns);
	ticker_look(t, now_us, mono_ns);
	ticker_alert(t, now_us, mono_ns);
	board_vitals(t->parts.board)->at_us = now_us;
	announce(t, now_us, mono_ns);
	metric_add(COUNTER_ticker_turns, 1);
}
