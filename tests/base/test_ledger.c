/*
 * Exactly once: a receiver that applies a number once, and a ticker that is killed anywhere.
 * What is killed is a copy of the ledger in shared memory, by ending the process in the midst
 * of a call.
 */
#include "suite.h"
#include <stdlib.h>
#include "base/ledger.h"

static struct ledger ledger;
static struct tally sums;

/* What Redis does: numbers at or below the last one are acknowledged and not applied. */
static struct {
	uint64_t last, total, batches;
	uint64_t minute[300];
} redis;

static void reset(void)
{
	memset(&ledger, 0, sizeof(ledger));
	memset(&sums, 0, sizeof(sums));
	memset(&redis, 0, sizeof(redis));
}

static void apply(const struct ledger *l)
{
	struct tally delta;

	if (l->number <= redis.last)
		return;
	tally_difference(&l->target, &l->base, &delta);
	redis.last = l->number;
	redis.total += delta.requests;
	redis.minute[l->minute] += delta.requests;
	redis.batches++;
	ck_assert_uint_eq(delta.requests, delta.read[3][TALLY_miss]);
}

static void count(uint64_t n)
{
	sums.requests += n;
	sums.read[3][TALLY_miss] += n;
}

static void flush(void)
{
	while (ledger_open(&ledger)) {
		apply(&ledger);
		ledger_close(&ledger);
	}
}

START_TEST(test_plain)
{
	reset();
	ck_assert_msg(!ledger_open(&ledger), "nothing was marked");
	ledger_mark(&ledger, &sums, 10);
	ck_assert_msg(!ledger_open(&ledger), "nothing was counted");
	count(7);
	ledger_mark(&ledger, &sums, 10);
	flush();
	count(2);
	ledger_mark(&ledger, &sums, 10);
	flush();
	ledger_mark(&ledger, &sums, 11);
	flush();
	count(5);
	ledger_mark(&ledger, &sums, 11);
	flush();
	ck_assert_uint_eq(redis.total, 14);
	ck_assert_uint_eq(redis.minute[10], 9);
	ck_assert_uint_eq(redis.minute[11], 5);
	ck_assert_uint_eq(redis.batches, 3);
}
END_TEST

/* Sent, applied, and the reply lost; or not applied: the same number again. */
START_TEST(test_ambiguous)
{
	reset();
	count(3);
	ledger_mark(&ledger, &sums, 1);
	ck_assert(ledger_open(&ledger));
	apply(&ledger);
	count(4);
	ledger_mark(&ledger, &sums, 1);
	ck_assert_msg(ledger_open(&ledger), "it is still open");
	ck_assert_uint_eq(ledger.target.requests, 3);
	apply(&ledger);
	ck_assert_uint_eq(redis.total, 3);
	ledger_close(&ledger);
	flush();
	ck_assert_uint_eq(redis.total, 7);
	ck_assert_uint_eq(redis.batches, 2);
}
END_TEST

START_TEST(test_hour_away)
{
	reset();
	for (int minute = 0; minute < 60; minute++)
		for (int second = 0; second < 60; second++) {
			count(2);
			ledger_mark(&ledger, &sums, minute);
		}
	flush();
	ck_assert_uint_eq(redis.total, 7200);
	for (int minute = 0; minute < 60; minute++)
		ck_assert_uint_eq(redis.minute[minute], 120);
	ck_assert_uint_eq(ledger.dropped, 0);
}
END_TEST

/* Longer than there is room: nothing is lost, the oldest minutes are told together. */
START_TEST(test_longer_away)
{
	reset();
	for (int minute = 0; minute < LEDGER_MARKS + 50; minute++) {
		count(1);
		ledger_mark(&ledger, &sums, minute);
		if (minute == 3)
			ck_assert(ledger_open(&ledger)); /* and no answer */
	}
	flush();
	ck_assert_uint_eq(redis.total, LEDGER_MARKS + 50);
	ck_assert_uint_eq(redis.minute[0], 1);
	ck_assert_uint_eq(redis.minute[50], 50);
	ck_assert_uint_eq(redis.minute[51], 1);
	ck_assert_uint_eq(ledger.dropped, 50);
}
END_TEST

START_TEST(test_clock_jumps)
{
	static const int64_t minutes[] = { 100, 40, 41, 250, 250, 100 };

	reset();
	for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		count(1);
		ledger_mark(&ledger, &sums, minutes[i]);
	}
	flush();
	ck_assert_uint_eq(redis.total, 6);
	ck_assert_uint_eq(redis.minute[100], 2);
	ck_assert_uint_eq(redis.minute[40], 1);
	ck_assert_uint_eq(redis.minute[250], 2);
}
END_TEST

START_TEST(test_pending)
{
	struct tally pending;

	reset();
	count(5);
	ledger_mark(&ledger, &sums, 1);
	ck_assert(ledger_open(&ledger));
	count(1);
	ledger_pending(&ledger, &sums, &pending);
	ck_assert_uint_eq(pending.requests, 6);
	ledger.step = LEDGER_CLOSED;
	ledger_pending(&ledger, &sums, &pending);
	ck_assert_uint_eq(pending.requests, 1);
}
END_TEST

/*
 * Every state that a kill can leave: the steps of a turn one after another, with a kill after
 * each; and half-made copies of a mark, a target and the base.
 */
static void half(struct tally *to, const struct tally *from, uint64_t seed)
{
	const uint64_t *src = (const uint64_t *)from;
	uint64_t *dst = (uint64_t *)to;

	for (size_t i = 0; i < TALLY_CELLS; i++)
		if ((i * 2654435761u + seed) % 3 == 0)
			dst[i] = src[i];
}

static void apply_cells(const struct ledger *l, struct tally *got)
{
	struct tally delta;

	if (l->number <= redis.last)
		return;
	redis.last = l->number;
	tally_difference(&l->target, &l->base, &delta);
	tally_sum(got, &delta);
}

START_TEST(test_never_below_zero)
{
	struct tally more = { .requests = 7, .errors = 1 },
		     less = { .requests = 5, .errors = 3 };
	struct tally difference;

	tally_difference(&more, &less, &difference);
	ck_assert_uint_eq(difference.requests, 2);
	ck_assert_uint_eq(difference.errors, 0);
}
END_TEST

START_TEST(test_killed_anywhere)
{
	struct tally got = { 0 };

	reset();
	for (uint64_t turn = 0; turn < 3000; turn++) {
		struct ledger_mark *last = &ledger.mark[(ledger.next - 1) % LEDGER_MARKS];

		count(turn % 5 + 1);
		sums.route[turn % TALLY_ROUTES][turn % TALLY_CLASSES]++;
		switch (turn % 6) {
		case 0: /* while the mark was brought up to date */
			if (ledger.next != ledger.first)
				half(&last->until, &sums, turn);
			continue;
		case 1: /* while a new mark was written, which nobody sees then */
			half(&ledger.mark[ledger.next % LEDGER_MARKS].until, &sums, turn);
			break;
		case 2: /* while a target was made: no batch yet */
			ledger_mark(&ledger, &sums, (int64_t)turn / 50);
			if (ledger.step == LEDGER_IDLE) {
				half(&ledger.target, &last->until, turn);
				ledger.number++;
			}
			continue;
		case 3: /* it was sent, and nobody heard the reply */
			ledger_mark(&ledger, &sums, (int64_t)turn / 50);
			if (ledger_open(&ledger))
				apply_cells(&ledger, &got);
			continue;
		case 4: /* while base was moved */
			if (ledger_open(&ledger)) {
				apply_cells(&ledger, &got);
				ledger.step = LEDGER_CLOSED;
				half(&ledger.base, &ledger.target, turn);
			}
			continue;
		}
		ledger_mark(&ledger, &sums, (int64_t)turn / 50);
		if (ledger_open(&ledger)) {
			apply_cells(&ledger, &got);
			ledger_close(&ledger);
		}
	}
	ledger_mark(&ledger, &sums, 200);
	while (ledger_open(&ledger)) {
		apply_cells(&ledger, &got);
		ledger_close(&ledger);
	}
	ck_assert_mem_eq(&got, &sums, sizeof(sums));
}
END_TEST

SUITE(test_plain, test_ambiguous, test_hour_away, test_longer_away, test_clock_jumps,
      test_pending, test_never_below_zero, test_killed_anywhere)
