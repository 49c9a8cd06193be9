/* From the board's sums to Redis: marks, batches, most-read collections. */
#include "base/arena.h"
#include "base/log.h"
#include "base/metric.h"
#include "jobs/ticker_run.h"

#define BATCHES_AT_ONCE 2000 /* more than there can be marks */

/* --- most-read collections ---------------------------------------------------------------- */

/* How many times it was surely read since.  An entry that went and came back counts from the
 * error it came with; so does one that comes back with the same, as after a process that was
 * killed while it changed it: its count is below what it was. */
static uint64_t growth(const struct top_row *now, const struct top_row *was, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (address_eq(&was[i].key, &now->key)) {
			if (was[i].error == now->error && was[i].count <= now->count)
				return now->count - was[i].count;
			break;
		}
	return now->count - now->error;
}

static void see_slot(struct ticker *t, size_t slot)
{
	const struct top *top = &board_slot(t->parts.board, slot)->top;
	struct top_row rows[TOP_KEYS];
	size_t n = top_read(top, rows);

	for (size_t i = 0; t->top.begun && i < n; i++) {
		struct top_row row = { rows[i].key, 0, 0 };

		row.count = growth(&rows[i], t->top.seen[slot].row, t->top.seen[slot].rows);
		if (row.count)
			t->top.pendings =
				top_merge(t->top.pending, t->top.pendings, TOP_KEYS, &row);
	}
	memcpy(t->top.seen[slot].row, rows, n * sizeof(*rows));
	t->top.seen[slot].rows = n;
}

/* A ticker that begins does not know what the one before had seen: it only looks. */
void ticker_top_see(struct ticker *t)
{
	for (size_t i = 0; i < BOARD_SLOTS; i++)
		if (board_slot(t->parts.board, i)->started_us)
			see_slot(t, i);
	t->top.begun = true;
}

/* Frozen with the batch that they go with. */
static void join_batch(struct ticker *t, uint64_t number)
{
	if (t->top.batch == number)
		return;
	memcpy(t->top.sent, t->top.pending, sizeof(t->top.sent));
	t->top.sents = t->top.pendings;
	t->top.pendings = 0;
	t->top.batch = number;
}

/* --- batches ------------------------------------------------------------------------------ */

static enum rc send(struct ticker *t, const struct ledger *l)
{
	const struct ticker_parts *parts = &t->parts;
	struct tally delta;
	int64_t odd = 0;

	tally_difference(&l->target, &l->base, &delta);
	const struct analytics_batch batch = { .machine = parts->machine,
					       .board = board_id(parts->board),
					       .number = l->number,
					       .minute = l->minute,
					       .delta = &delta,
					       .top = t->top.sent,
					       .tops = t->top.sents };
	arena_reset(t->arena);
	enum rc rc = analytics_apply(&parts->analytics, t->arena, &batch, &odd);
	if (rc == RC_OK && odd)
		log_error("counters were lost: their fields in Redis hold something else",
			  LOG_INT("fields", odd));
	return rc;
}

static void judge(struct ticker *t, enum rc rc)
{
	metric_add(rc == RC_OK ? COUNTER_analytics_batches : COUNTER_analytics_failures, 1);
	if (rc != RC_OK && !t->failing)
		log_warn("counters cannot be written; they wait in the board",
			 LOG_STR("why", str_of(redis_error(t->parts.analytics.redis))));
	if (rc == RC_OK && t->failing)
		log_info("counters are written again");
	t->failing = rc != RC_OK;
}

enum rc ticker_flush(struct ticker *t, int64_t now_us, int64_t mono_ns)
{
	struct ledger *l = board_ledger(t->parts.board);

	board_tally(t->parts.board, &t->sums);
	ledger_mark(l, &t->sums, now_us / US_PER_MINUTE);
	ticker_top_see(t);
	if (!t->parts.analytics.redis)
		return RC_UNAVAILABLE;
	for (int i = 0; i < BATCHES_AT_ONCE && ledger_open(l); i++) {
		join_batch(t, l->number);
		enum rc rc = send(t, l);
		judge(t, rc);
		if (rc != RC_OK)
			return rc;
		ledger_close(l);
		t->top.sents = 0;
	}
	__atomic_store_n(&l->clean_ns, mono_ns, __ATOMIC_RELEASE);
	return RC_OK;
}
