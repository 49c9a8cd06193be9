#include "suite.h"
#include "base/clock.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define S ((int64_t)1000000)

static const struct {
	int64_t us;
	const char *rfc3339, *http;
} known[] = {
	{ 0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT" },
	{ 784111777 * S, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT" },
	{ 951782400 * S, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT" },
	{ 1795262400 * S + 123999, "2026-11-21T12:00:00.123Z",
	  "Sat, 21 Nov 2026 12:00:00 GMT" },
	{ -5, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT" },
	{ INT64_MAX, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT" },
};

START_TEST(known_times)
{
	char text[CLOCK_RFC3339_MAX];

	ck_assert_uint_eq(clock_rfc3339(known[_i].us, text), strlen(known[_i].rfc3339));
	ck_assert_str_eq(text, known[_i].rfc3339);
	ck_assert_uint_eq(clock_http_date(known[_i].us, text), strlen(known[_i].http));
	ck_assert_str_eq(text, known[_i].http);
}
END_TEST

START_TEST(every_day_of_four_centuries_agrees_with_libc)
{
	char ours[CLOCK_HTTP_MAX], theirs[CLOCK_HTTP_MAX];

	for (int day = 0; day < 146097; day++) {
		time_t t = (time_t)day * 86400 + day % 86400;
		struct tm tm;

		clock_http_date((int64_t)t * S, ours);
		strftime(theirs, sizeof(theirs), "%a, %d %b %Y %H:%M:%S GMT",
			 gmtime_r(&t, &tm));
		ck_assert_str_eq(ours, theirs);
	}
}
END_TEST

START_TEST(clocks_run_forward)
{
	int64_t wall = clock_wall_us(), mono = clock_mono_ns(), boot = clock_boot_ns();

	ck_assert_int_gt(wall, 1700000000 * S);
	ck_assert_int_ge(clock_mono_ns(), mono);
	ck_assert_int_ge(boot, mono);
	ck_assert_int_ge(clock_boot_ns(), boot);
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_loop_test(tc, known_times, 0, sizeof(known) / sizeof(*known));
	tcase_add_test(tc, every_day_of_four_centuries_agrees_with_libc);
	tcase_add_test(tc, clocks_run_forward);
}

SUITE_OF(all)
