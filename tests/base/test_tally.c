/* Counting, and the names of what is counted. */
#include "suite.h"
#include "base/buf.h"
#include "base/scope.h"
#include "base/tally.h"

static const char *const routes[] = { "GET /health", "POST /api/a:b/{address}" };
static const char *const reads[] = { "collection", "nft" };
static const struct tally_names names = { routes, 2, reads, 2 };

START_TEST(test_counts)
{
	struct tally tally = { 0 }, sum = { 0 };
	struct top top = { 0 };
	struct top_row rows[TOP_KEYS];
	const struct address a = { { 1 } };

	tally_attach(&tally, &top);
	tally_request(0, 200, 70000);
	tally_request(0, 304, 70000);
	tally_request(1, 404, -5);
	tally_request(1, 503, 1);
	tally_request(TALLY_ROUTES + 5, 0, 1);
	tally_read(1, TALLY_redis_hit);
	tally_read(TALLY_READS, TALLY_miss);
	tally_collection(&a);
	tally_events(3);
	tally_attach(NULL, NULL);
	tally_events(3);
	tally_request(0, 200, 1);
	ck_assert_uint_eq(tally.requests, 5);
	ck_assert_uint_eq(tally.errors, 2);
	ck_assert_uint_eq(tally.events, 3);
	ck_assert_uint_eq(tally.route[0][TALLY_2XX], 1);
	ck_assert_uint_eq(tally.route[0][TALLY_3XX], 1);
	ck_assert_uint_eq(tally.route[1][TALLY_4XX], 1);
	ck_assert_uint_eq(tally.route[1][TALLY_5XX], 1);
	ck_assert_uint_eq(tally.route[TALLY_OTHER][TALLY_5XX], 1);
	ck_assert_uint_eq(tally.route_ns[0], 140000);
	ck_assert_uint_eq(tally.route_ns[1], 1);
	ck_assert_uint_eq(histogram_count(&tally.latency), 5);
	ck_assert_uint_eq(tally.read[1][TALLY_redis_hit], 1);
	ck_assert_uint_eq(top_read(&top, rows), 1);
	tally_sum(&sum, &tally);
	tally_sum(&sum, &tally);
	ck_assert_uint_eq(sum.requests, 10);
	ck_assert_uint_eq(sum.read[1][TALLY_redis_hit], 2);
}
END_TEST

/* Each name leads back to its cell, and no two cells have one. */
START_TEST(test_fields)
{
	struct buf field;
	size_t named = 0;

	buf_init(&field, NULL, 256);
	for (size_t i = 0; i < TALLY_CELLS; i++) {
		buf_clear(&field);
		if (!tally_field(&names, i, &field))
			continue;
		named++;
		ck_assert_msg(tally_cell(&names, buf_str(&field)) == i, STR_FMT,
			      STR_ARG(buf_str(&field)));
	}
	ck_assert_uint_eq(named, 3 + 3 * TALLY_CLASSES + 3 + HISTOGRAM_BUCKETS + 1 +
					 2 * TALLY_OUTCOMES);
	buf_release(&field);
}
END_TEST

START_TEST(test_known_fields)
{
	static const struct {
		const char *field;
		size_t offset;
	} known[] = {
		{ "requests", offsetof(struct tally, requests) },
		{ "errors", offsetof(struct tally, errors) },
		{ "events", offsetof(struct tally, events) },
		{ "route:GET /health:3xx", offsetof(struct tally, route[0][TALLY_3XX]) },
		{ "route:POST /api/a:b/{address}:2xx",
		  offsetof(struct tally, route[1][TALLY_2XX]) },
		{ "route:other:5xx", offsetof(struct tally, route[TALLY_OTHER][TALLY_5XX]) },
		{ "time:GET /health", offsetof(struct tally, route_ns[0]) },
		{ "latency:0.001", offsetof(struct tally, latency.bucket[4]) },
		{ "latency:+Inf", offsetof(struct tally, latency.bucket[19]) },
		{ "latency:ns", offsetof(struct tally, latency.sum_ns) },
		{ "read:nft:memory:stale", offsetof(struct tally, read[1][TALLY_stale]) },
	};
	static const char *const strange[] = {
		"",
		"request",
		"requests:",
		"route:",
		"route:2xx",
		"route:GET /:2xx",
		"route:GET /health:6xx",
		"latency:2",
		"read:nft:memory:",
		"read:nft:redis:stale",
		"read:token:memory:hit",
		"time:",
		"route:other",
	};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		ck_assert_msg(tally_cell(&names, str_of(known[i].field)) ==
				      known[i].offset / sizeof(uint64_t),
			      "%s", known[i].field);
	for (size_t i = 0; i < COUNT_OF(strange); i++)
		ck_assert_msg(tally_cell(&names, str_of(strange[i])) == TALLY_CELLS, "%s",
			      strange[i]);
}
END_TEST

SUITE(test_counts, test_fields, test_known_fields)
