/* Which requests have a line: one in so many, and every slow one. */
#include "suite.h"
#include <stdio.h>
#include "../base/tmp.h"
#include "app/access.h"
#include "base/log.h"
#include "base/stages.h"
#include "http/request.h"
#include "http/response.h"

#define MS INT64_C(1000000)

static char text[200000];
static struct access access_here;

static void begin(int64_t every, int64_t slow_ms)
{
	const struct access_options options = { every, slow_ms };

	tmp_make();
	const struct log_options log = { tmp_path("log"), "info", "text" };
	ck_assert_int_eq(log_open(&log), RC_OK);
	access_init(&access_here, &options);
}

static void answer(int n, int status, int64_t ms)
{
	char path[32], id[32];
	struct request req = { .method_text = STR("GET"), .query = STR("q=hidden") };
	const struct response res = { .status = status };

	snprintf(path, sizeof(path), "/n/%d/", n);
	snprintf(id, sizeof(id), "id-%d", n);
	req.path = str_of(path);
	snprintf(req.id, sizeof(req.id), "%s", id);
	stages_begin();
	access_tell(&access_here, &req, &res, ms * MS);
}

/* Lines of the log that hold it. */
static int lines_with(const char *what)
{
	int n = 0;

	tmp_read("log", text, sizeof(text));
	for (char *at = text, *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		n += strstr(at, what) != NULL;
	}
	return n;
}

static void end(void)
{
	tmp_remove();
}

START_TEST(one_in_so_many)
{
	static const int every[] = { 1, 2, 7, 40 };
	char what[32];

	begin(every[_i], 0);
	for (int n = 1; n <= 80; n++)
		answer(n, n % 3 ? 200 : 404, n == 9 ? 3600000 : 1);
	ck_assert_int_eq(lines_with(" event=request "), 80 / every[_i]);
	for (int n = 1; n <= 80; n++) {
		snprintf(what, sizeof(what), " path=/n/%d/ ", n);
		ck_assert_int_eq(lines_with(what), n % every[_i] == 0);
	}
	ck_assert_int_eq(lines_with("hidden"), 0);
	snprintf(what, sizeof(what), " request_id=id-%d ", every[_i]);
	ck_assert_int_eq(lines_with(what), 1);
	end();
}
END_TEST

START_TEST(none)
{
	begin(0, 0);
	for (int n = 1; n <= 1000; n++)
		answer(n, 200, 3600000);
	tmp_read("log", text, sizeof(text));
	ck_assert_str_eq(text, "");
	end();
}
END_TEST

/* A slow one is told whether its turn has come or not; it takes its place among the others. */
START_TEST(every_slow_one)
{
	begin(10, 100);
	for (int n = 1; n <= 30; n++)
		answer(n, 200, n == 5 ? 100 : n == 20 ? 250 : 99);
	ck_assert_int_eq(lines_with("event=\"slow request\""), 2);
	ck_assert_int_eq(lines_with(" path=/n/5/ "), 1);
	ck_assert_int_eq(lines_with("milliseconds=250 read_ms=0 gate_ms=250 cache_ms=0 "), 1);
	ck_assert_int_eq(lines_with(" event=request "), 2);
	ck_assert_int_eq(lines_with(" path=/n/10/ ") + lines_with(" path=/n/30/ "), 2);
	end();
}
END_TEST

/* Its line is the gate's. */
START_TEST(a_failed_one_has_one_line)
{
	begin(1, 0);
	answer(1, 503, 1);
	answer(2, 200, 1);
	ck_assert_int_eq(lines_with(" path=/n/1/ "), 0);
	ck_assert_int_eq(lines_with(" path=/n/2/ "), 1);
	end();
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_loop_test(tc, one_in_so_many, 0, 4);
	tcase_add_test(tc, none);
	tcase_add_test(tc, every_slow_one);
	tcase_add_test(tc, a_failed_one_has_one_line);
}

SUITE_OF(add)
