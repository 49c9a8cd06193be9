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

static const struct {
	const char *text;
	int64_t us;
} read[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2020-09-13T12:26:40Z", 1600000000 * S },
	{ "2020-09-13t12:26:40.000001z", 1600000000 * S + 1 },
	{ "2020-09-13 14:26:40+02:00", 1600000000 * S },
	{ "2020-09-13T06:56:40.5-05:30", 1600000000 * S + 500000 },
	{ "2020-09-13T12:26:40.123456789Z", 1600000000 * S + 123456 },
	{ "2024-02-29T00:00:00Z", 1709164800 * S },
	{ "2016-12-31T23:59:60Z", 1483228800 * S },
	{ "9999-12-31T23:59:59.999999Z", 253402300800 * S - 1 },
	{ "1970-01-01T01:00:00+01:00", 0 },
};

START_TEST(times_are_read)
{
	int64_t us;

	ck_assert_msg(clock_rfc3339_read(str_of(read[_i].text), &us), "%s", read[_i].text);
	ck_assert_int_eq(us, read[_i].us);
}
END_TEST

static const char *const no_times[] = {
	"",
	"now",
	"2020-09-13",
	"2020-09-13T12:26:40",
	"2020-09-13T12:26Z",
	"2020-9-13T12:26:40Z",
	"2020-13-01T00:00:00Z",
	"2020-00-01T00:00:00Z",
	"2023-02-29T00:00:00Z",
	"2020-01-00T00:00:00Z",
	"2020-01-01T24:00:00Z",
	"2020-01-01T00:60:00Z",
	"2020-01-01T00:00:61Z",
	"2020-01-01T00:00:00.Z",
	"2020-01-01T00:00:00+2:00",
	"2020-01-01T00:00:00+24:00",
	"2020-01-01T00:00:00+0200",
	"2020-01-01T00:00:00Z ",
	"+020-01-01T00:00:00Z",
	"1969-12-31T23:59:59Z",
	"1970-01-01T00:00:00+00:01",
	"9999-12-31T23:59:59-00:01",
	"0000-01-01T00:00:00Z",
	"12020-01-01T00:00:00Z",
	"infinity",
};

START_TEST(what_is_no_time_is_not)
{
	int64_t us = 7;

	ck_assert_msg(!clock_rfc3339_read(str_of(no_times[_i]), &us), "%s", no_times[_i]);
	ck_assert_int_eq(us, 7);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	for (int64_t day = 0; day < 2932896; day += 13) {
		int64_t us = (day * 86400 + day % 86400) * S + 789000, back;
		char text[CLOCK_RFC3339_MAX];

		clock_rfc3339(us, text);
		ck_assert_msg(clock_rfc3339_read(str_of(text), &back), "%s", text);
		ck_assert_int_eq(back, us);
	}
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_loop_test(tc, known_times, 0, sizeof(known) / sizeof(*known));
	tcase_add_test(tc, every_day_of_four_centuries_agrees_with_libc);
	tcase_add_test(tc, clocks_run_forward);
	tcase_add_loop_test(tc, times_are_read, 0, sizeof(read) / sizeof(*read));
	tcase_add_loop_test(tc, what_is_no_time_is_not, 0,
			    sizeof(no_times) / sizeof(*no_times));
	tcase_add_test(tc, what_is_written_is_read);
}

SUITE_OF(all)
