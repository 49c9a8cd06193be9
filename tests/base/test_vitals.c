/* Alerts: thresholds, hysteresis, time. */
#include "suite.h"
#include "base/scope.h"
#include "base/vitals.h"

#define S INT64_C(1000000)

/* now: of both clocks, in microseconds */
#define alert_at(state, row, known, value, now)                                                \
	alert_see(state, row, known, value, now, (now)*1000)

static const struct alert_row high = { "high", "warning", 10, 5, 3, "", "" };
static const struct alert_row low = { "low", "warning", 0.5, 0.6, 0, "", "" };

START_TEST(test_hysteresis)
{
	struct alert_state a = { 0 };

	ck_assert_int_eq(alert_at(&a, &high, true, 10, 1 * S), ALERT_STAYS);
	ck_assert_int_eq(alert_at(&a, &high, true, 12, 3 * S), ALERT_STAYS);
	ck_assert_int_eq(alert_at(&a, &high, true, 12, 4 * S), ALERT_RAISED);
	ck_assert_int_eq(a.since_us, 4 * S);
	ck_assert_int_eq(a.resolved_us, 0);
	ck_assert_int_eq(alert_at(&a, &high, true, 7, 20 * S), ALERT_STAYS);
	ck_assert_int_eq(alert_at(&a, &high, true, 7, 40 * S), ALERT_STAYS);
	ck_assert_msg(a.active, "between the bounds nothing changes");
	ck_assert_int_eq(alert_at(&a, &high, true, 5, 41 * S), ALERT_STAYS);
	ck_assert_int_eq(alert_at(&a, &high, true, 6, 42 * S), ALERT_STAYS);
	ck_assert_int_eq(alert_at(&a, &high, true, 5, 43 * S), ALERT_STAYS);
	ck_assert_int_eq(alert_at(&a, &high, true, 4, 46 * S), ALERT_RESOLVED);
	ck_assert_int_eq(a.since_us, 4 * S);
	ck_assert_int_eq(a.resolved_us, 46 * S);
	ck_assert_msg(!a.active, "resolved");
}
END_TEST

START_TEST(test_small_values)
{
	struct alert_state a = { 0 };

	ck_assert_int_eq(alert_at(&a, &low, true, 0.55, 1), ALERT_STAYS);
	ck_assert_int_eq(alert_at(&a, &low, true, 0.5, 2), ALERT_RAISED);
	ck_assert_int_eq(alert_at(&a, &low, true, 0.55, 3), ALERT_STAYS);
	ck_assert_int_eq(alert_at(&a, &low, true, 0.6, 4), ALERT_RESOLVED);
}
END_TEST

START_TEST(test_unknown_and_restart)
{
	struct alert_state a = { 0 };

	alert_at(&a, &high, true, 10, 1 * S);
	ck_assert_int_eq(alert_at(&a, &high, false, 0, 3 * S), ALERT_STAYS);
	ck_assert_msg(alert_at(&a, &high, true, 10, 4 * S) == ALERT_STAYS,
		      "what was not known in between is not a run");
	ck_assert_int_eq(alert_at(&a, &high, true, 10, 2 * S), ALERT_STAYS);
	ck_assert_msg(alert_at(&a, &high, true, 10, 5 * S) == ALERT_RAISED,
		      "a system that was started anew begins the run again");
}
END_TEST

/* The clock on the wall may be set, forward or back: what is held is held as long as it is. */
START_TEST(test_wall_clock_is_set)
{
	struct alert_state a = { 0 };

	ck_assert_int_eq(alert_see(&a, &high, true, 10, 100 * S, 1000 * S), ALERT_STAYS);
	ck_assert_int_eq(alert_see(&a, &high, true, 10, 3700 * S, 2000 * S), ALERT_STAYS);
	ck_assert_int_eq(alert_see(&a, &high, true, 10, 50 * S, 3000 * S), ALERT_STAYS);
	ck_assert_int_eq(alert_see(&a, &high, true, 10, 51 * S, 4000 * S), ALERT_RAISED);
	ck_assert_int_eq(a.since_us, 51 * S);
}
END_TEST

START_TEST(test_vital)
{
	struct vital v = { 0 };

	vital_saw(&v, false, 0, 5);
	ck_assert_int_eq(v.since_us, 5);
	ck_assert_int_eq(v.seen_us, 0);
	vital_saw(&v, true, 77, 9);
	vital_saw(&v, true, 78, 11);
	ck_assert_int_eq(v.since_us, 9);
	ck_assert_int_eq(v.seen_us, 11);
	ck_assert_int_eq(v.latency_ns, 78);
	vital_saw(&v, false, 0, 12);
	ck_assert_int_eq(v.since_us, 12);
	ck_assert_int_eq(v.seen_us, 11);
}
END_TEST

START_TEST(test_table)
{
	for (size_t i = 0; i < ALERT_COUNT; i++) {
		ck_assert(alert_rows[i].raise != alert_rows[i].clear);
		ck_assert(alert_rows[i].hold_s >= 0 && *alert_rows[i].text &&
			  *alert_rows[i].advice);
	}
}
END_TEST

SUITE(test_hysteresis, test_small_values, test_unknown_and_restart, test_wall_clock_is_set,
      test_vital, test_table)
