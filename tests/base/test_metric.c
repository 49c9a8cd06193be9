#include "suite.h"
#include "base/metric.h"
#include "base/scope.h"
#include <string.h>

static struct metric_cells cells;

START_TEST(adds_where_it_is_attached)
{
	metric_add(COUNTER_requests, 5);
	metric_attach(&cells);
	metric_add(COUNTER_requests, 2);
	metric_add(COUNTER_requests, 3);
	metric_time(HISTOGRAM_pg_seconds, 1000);
	metric_attach(NULL);
	metric_add(COUNTER_requests, 100);
	ck_assert_uint_eq(cells.counter[COUNTER_requests], 5);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_errors], 0);
	ck_assert_uint_eq(cells.histogram[HISTOGRAM_pg_seconds].bucket[0], 1);
	ck_assert_uint_eq(cells.histogram[HISTOGRAM_request_seconds].sum_ns, 0);
}
END_TEST

START_TEST(bounds_belong_to_the_lower_bucket)
{
	struct histogram_cells h = { 0 };

	for (size_t i = 0; i < COUNT_OF(histogram_bounds_ns); i++) {
		histogram_add(&h, histogram_bounds_ns[i]);
		ck_assert_uint_eq(h.bucket[i], 1);
		if (i)
			ck_assert_int_gt(histogram_bounds_ns[i], histogram_bounds_ns[i - 1]);
	}
	histogram_add(&h, INT64_MAX / 2);
	ck_assert_uint_eq(h.bucket[HISTOGRAM_BUCKETS - 1], 1);
	histogram_add(&h, -5);
	ck_assert_uint_eq(h.bucket[0], 2);
	ck_assert_uint_eq(histogram_count(&h), HISTOGRAM_BUCKETS + 1);
}
END_TEST

START_TEST(sum_is_of_nanoseconds)
{
	struct histogram_cells h = { 0 };

	histogram_add(&h, 7);
	histogram_add(&h, 30000000);
	ck_assert_uint_eq(h.sum_ns, 30000007);
}
END_TEST

START_TEST(quantiles)
{
	struct histogram_cells h = { 0 };

	ck_assert_int_eq(histogram_quantile_ns(&h, 0.99), 0);
	for (int i = 0; i < 90; i++)
		histogram_add(&h, 700000); /* 500 µs … 1 ms */
	for (int i = 0; i < 10; i++)
		histogram_add(&h, 20000000); /* 10 … 25 ms */
	ck_assert_int_eq(histogram_quantile_ns(&h, 0.9), 1000000);
	ck_assert_int_eq(histogram_quantile_ns(&h, 0.45), 750000);
	ck_assert_int_eq(histogram_quantile_ns(&h, 0.95), 17500000);
	ck_assert_int_eq(histogram_quantile_ns(&h, 1), 25000000);
	for (int i = 0; i < 1000; i++)
		histogram_add(&h, INT64_MAX / 2000);
	ck_assert_int_eq(histogram_quantile_ns(&h, 0.99), 60000000000);
}
END_TEST

START_TEST(rows_are_named_for_prometheus)
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		const char *name = counter_rows[i].prom;

		ck_assert_msg(!strncmp(name, "such_market_", 12), "%s", name);
		ck_assert_str_eq(name + strlen(name) - 6, "_total");
		ck_assert(strlen(counter_rows[i].help) > 0);
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(name, counter_rows[k].prom);
	}
	for (int i = 0; i < HISTOGRAM_COUNT; i++) {
		const char *name = histogram_rows[i].prom;

		ck_assert_str_eq(name + strlen(name) - 8, "_seconds");
		ck_assert(strlen(histogram_rows[i].help) > 0);
	}
}
END_TEST

START_TEST(cells_sum_up)
{
	struct metric_cells a = { 0 }, sum = { 0 };

	a.counter[COUNTER_COUNT - 1] = 3;
	a.histogram[HISTOGRAM_COUNT - 1].bucket[HISTOGRAM_BUCKETS - 1] = 4;
	a.histogram[HISTOGRAM_COUNT - 1].sum_ns = 5;
	metric_sum(&sum, &a);
	metric_sum(&sum, &a);
	ck_assert_uint_eq(sum.counter[COUNTER_COUNT - 1], 6);
	ck_assert_uint_eq(sum.histogram[HISTOGRAM_COUNT - 1].bucket[HISTOGRAM_BUCKETS - 1], 8);
	ck_assert_uint_eq(sum.histogram[HISTOGRAM_COUNT - 1].sum_ns, 10);
	ck_assert_uint_eq(sum.counter[0], 0);
}
END_TEST

SUITE(adds_where_it_is_attached, bounds_belong_to_the_lower_bucket, sum_is_of_nanoseconds,
      quantiles, rows_are_named_for_prometheus, cells_sum_up)
