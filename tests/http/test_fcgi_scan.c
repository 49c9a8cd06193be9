#include "base/buf.h"
#include "base/scope.h"
#include "http/fcgi_scan.h"
#include "lib/fcgi_client.h"
#include "suite.h"

static struct buf out;
static size_t len;

static void start(void)
{
	buf_init(&out, NULL, BUF_NO_MAX);
}

static void stop(void)
{
	buf_release(&out);
}

static enum fcgi_verdict scan(void)
{
	return fcgi_scan(buf_str(&out), &len);
}

static void whole(struct str body)
{
	static const struct fcgi_param params[] = {
		{ "REQUEST_METHOD", { "GET", 3 } },
		{ "REQUEST_URI", { "/", 1 } },
	};

	fcgi_request(&out, 300, true, params, COUNT_OF(params), body);
}

START_TEST(every_beginning_of_a_request_wants_more)
{
	whole(STR("hello"));
	for (size_t n = 0; n < out.len; n++)
		ck_assert_msg(fcgi_scan((struct str){ out.ptr, n }, &len) == FCGI_MORE, "%zu",
			      n);
	ck_assert_int_eq(scan(), FCGI_WHOLE);
	ck_assert_uint_eq(len, out.len);
}
END_TEST

START_TEST(what_follows_is_not_part_of_it)
{
	whole(STR_NONE);
	size_t one = out.len;

	whole(STR_NONE);
	ck_assert_int_eq(scan(), FCGI_WHOLE);
	ck_assert_uint_eq(len, one);
}
END_TEST

/* Pairs may be cut between records at any byte. */
START_TEST(pairs_over_records)
{
	static char value[300];
	struct buf pairs;

	memset(value, 'v', sizeof(value));
	buf_init(&pairs, NULL, BUF_NO_MAX);
	fcgi_pair(&pairs, STR("A"), (struct str){ value, sizeof(value) });
	fcgi_pair(&pairs, STR(""), STR(""));
	fcgi_pair(&pairs, STR("B"), STR(""));
	for (size_t cut = 1; cut < pairs.len; cut++) {
		buf_clear(&out);
		fcgi_begin(&out, 1, 1, true);
		fcgi_record(&out, FCGI_TYPE_PARAMS, 1, (struct str){ pairs.ptr, cut }, 3);
		fcgi_record(&out, FCGI_TYPE_PARAMS, 1, str_from(buf_str(&pairs), cut), 255);
		fcgi_record(&out, FCGI_TYPE_PARAMS, 1, STR_NONE, 0);
		fcgi_record(&out, FCGI_TYPE_STDIN, 1, STR_NONE, 0);
		ck_assert_msg(scan() == FCGI_WHOLE, "%zu", cut);
	}
	for (size_t n = 1; n < pairs.len - 5; n++) { /* an end within a pair */
		buf_clear(&out);
		fcgi_begin(&out, 1, 1, true);
		fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, (struct str){ pairs.ptr, n });
		ck_assert_msg(scan() == FCGI_BAD, "%zu", n);
	}
	buf_release(&pairs);
}
END_TEST

START_TEST(long_bodies_and_endless_parameters)
{
	static char bytes[65535];

	whole((struct str){ bytes, sizeof(bytes) });
	ck_assert_int_eq(fcgi_scan((struct str){ out.ptr, FCGI_SCAN_MAX }, &len), FCGI_LONG);
	ck_assert_uint_eq(len, 16 + 8 + 40 + 8); /* BEGIN, PARAMS with padding, its end */
	ck_assert_int_eq(fcgi_scan((struct str){ out.ptr, FCGI_SCAN_MAX - 1 }, &len),
			 FCGI_MORE);
	buf_clear(&out);
	fcgi_begin(&out, 1, 1, true);
	fcgi_record(&out, FCGI_TYPE_PARAMS, 1, (struct str){ bytes, sizeof(bytes) }, 0);
	fcgi_record(&out, FCGI_TYPE_PARAMS, 1, STR_NONE, 0);
	ck_assert_int_eq(fcgi_scan((struct str){ out.ptr, FCGI_SCAN_MAX }, &len), FCGI_BAD);
}
END_TEST

START_TEST(nonsense_is_told_early)
{
	buf_addc(&out, 'G');
	ck_assert_int_eq(scan(), FCGI_BAD);
	buf_clear(&out);
	buf_add(&out, "\1\4", 2);
	ck_assert_int_eq(scan(), FCGI_BAD);
	buf_clear(&out);
	ck_assert_int_eq(scan(), FCGI_MORE);
}
END_TEST

SUITE_WITH(start, stop, 10, every_beginning_of_a_request_wants_more,
	   what_follows_is_not_part_of_it, pairs_over_records,
	   long_bodies_and_endless_parameters, nonsense_is_told_early)
