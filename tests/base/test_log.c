#include "lib/child.h"
#include "suite.h"
#include "base/arena.h"
#include "base/jsonin.h"
#include "base/log.h"
#include "base/tmp.h"
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

static char text[200000];

static void open_log(const char *level, const char *format)
{
	struct log_options o = { tmp_path("log"), level, format };

	ck_assert_int_eq(log_open(&o), RC_OK);
	log_role("worker");
}

/* What the lines say behind "<time> ": it begins with the level. */
static const char *line(void)
{
	tmp_read("log", text, sizeof(text));
	ck_assert_msg(text[0] == '2' && text[23] == 'Z' && text[24] == ' ', "%s", text);
	return text + 25;
}

START_TEST(a_line_says_who_and_what)
{
	char expected[300];

	open_log("info", "text");
	log_request_id(STR("req-1"));
	log_warn("worker exited", LOG_INT("pid", -5), LOG_STR("why", STR("bad luck")),
		 LOG_STR("path", STR("/a/b")), LOG_REAL("share", 0.5));
	snprintf(expected, sizeof(expected),
		 "warn role=worker pid=%d request_id=req-1 event=\"worker exited\" pid=-5 "
		 "why=\"bad luck\" path=/a/b share=0.5\n",
		 (int)getpid());
	ck_assert_str_eq(line(), expected);
}
END_TEST

START_TEST(the_request_id_goes_away)
{
	open_log("info", "text");
	log_request_id(STR("req-1"));
	log_request_id(STR_NONE);
	log_info("plain");
	ck_assert_ptr_null(strstr(line(), "request_id"));
	ck_assert_ptr_nonnull(strstr(text, " event=plain\n"));
}
END_TEST

/* Both formats. */
START_TEST(no_value_tells_a_secret)
{
	open_log("info", _i ? "json" : "text");
	log_info("secrets",
		 LOG_STR("key", STR("a sm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_ b")),
		 LOG_STR("url", STR("postgresql://me:hunter2@host/db")),
		 LOG_STR("plain", STR("x")));
	ck_assert_ptr_nonnull(strstr(_i ? (tmp_read("log", text, sizeof(text)), text) : line(),
				     "a [hidden] b"));
	ck_assert_ptr_nonnull(strstr(text, "postgresql://me:[hidden]@host/db"));
	ck_assert_ptr_null(strstr(text, "hunter2"));
}
END_TEST

START_TEST(levels_are_kept_back)
{
	open_log("warn", "text");
	log_info("no");
	log_debug("no");
	log_error("yes");
	ck_assert(log_wanted(LOG_LEVEL_WARN));
	ck_assert(!log_wanted(LOG_LEVEL_INFO));
	ck_assert(!strncmp(line(), "error ", 6));
	ck_assert_ptr_null(strstr(text, "event=no"));
}
END_TEST

START_TEST(no_value_can_forge_a_line)
{
	static const char *const evil[] = { "x\n2026-01-01T00:00:00.000Z error event=forged",
					    "x\" event=forged",
					    "x\r\nevent=forged",
					    "\x1b[2J",
					    "x\\\" event=forged",
					    "a=b",
					    "\xff\xfe\n" };

	open_log("info", _i ? "json" : "text");
	for (size_t i = 0; i < sizeof(evil) / sizeof(*evil); i++) {
		log_request_id(str_of(evil[i]));
		log_info("seen", LOG_STR("value", str_of(evil[i])));
	}
	tmp_read("log", text, sizeof(text));
	for (size_t i = 0; text[i]; i++)
		ck_assert(text[i] == '\n' || (unsigned char)text[i] >= 0x20);
	ck_assert_ptr_null(strstr(text, "\nevent=forged"));
	ck_assert_ptr_null(strstr(text, "\" event=forged\n"));
	for (size_t i = 0, lines = 0; text[i]; i++) {
		lines += text[i] == '\n';
		if (!text[i + 1])
			ck_assert_uint_eq(lines, sizeof(evil) / sizeof(*evil));
	}
}
END_TEST

START_TEST(json_lines_are_json)
{
	struct arena *a = arena_new(1024);
	struct json_object *o;
	const char *error;
	int64_t n;

	open_log("info", "json");
	log_request_id(STR("r\"1"));
	log_info("it is", LOG_INT("n", 7), LOG_REAL("d", 0.25), LOG_STR("s", STR("a\nb")),
		 LOG_STR("none", STR_NONE));
	tmp_read("log", text, sizeof(text));
	ck_assert_int_eq(jsonin_parse(a, str_of(text), 4, &o, &error), RC_OK);
	ck_assert(str_eq(jsonin_str(jsonin_get(o, "level")), STR("info")));
	ck_assert(str_eq(jsonin_str(jsonin_get(o, "role")), STR("worker")));
	ck_assert(str_eq(jsonin_str(jsonin_get(o, "event")), STR("it is")));
	ck_assert(str_eq(jsonin_str(jsonin_get(o, "request_id")), STR("r\"1")));
	ck_assert(str_eq(jsonin_str(jsonin_get(o, "s")), STR("a\nb")));
	ck_assert(jsonin_i64(jsonin_get(o, "pid"), &n) && n == getpid());
	ck_assert(jsonin_i64(jsonin_get(o, "n"), &n) && n == 7);
	ck_assert(str_eq(jsonin_text(jsonin_get(o, "d")), STR("0.25")));
	ck_assert(jsonin_has(o, "none"));
	arena_free(a);
}
END_TEST

START_TEST(long_values_are_cut_between_characters)
{
	static char value[100001];

	for (size_t i = 0; i + 3 <= 100000; i += 3)
		memcpy(value + i, "€", 3);
	open_log("info", _i ? "json" : "text");
	log_info("long", LOG_STR("value", str_of(value)), LOG_INT("after", 1));
	ck_assert_uint_lt(tmp_read("log", text, sizeof(text)), 5000);
	ck_assert_ptr_null(strstr(text, "\xef\xbf\xbd"));
	ck_assert_ptr_nonnull(strstr(text, _i ? "\"after\":1}" : " after=1"));
}
END_TEST

START_TEST(reopen_follows_logrotate)
{
	char old[600];

	open_log("info", "text");
	log_info("first");
	snprintf(old, sizeof(old), "%s", tmp_path("log.1"));
	ck_assert_int_eq(rename(tmp_path("log"), old), 0);
	log_info("second");
	ck_assert_int_eq(log_reopen(), RC_OK);
	log_info("third");
	ck_assert_ptr_nonnull(strstr(line(), "event=third"));
	ck_assert_ptr_null(strstr(text, "second"));
	tmp_read("log.1", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "event=second"));
}
END_TEST

START_TEST(a_log_that_cannot_be_opened_leaves_the_old_one)
{
	struct log_options o = { "/nowhere/log", "debug", "text" };

	open_log("info", "text");
	ck_assert_int_eq(log_open(&o), RC_INVALID);
	o.file = tmp_path("other");
	o.level = "loud";
	ck_assert_int_eq(log_open(&o), RC_INVALID);
	o.level = "info";
	o.format = "xml";
	ck_assert_int_eq(log_open(&o), RC_INVALID);
	log_info("still here");
	log_debug("not this");
	ck_assert_ptr_nonnull(strstr(line(), "still here"));
	ck_assert_ptr_null(strstr(text, "not this"));
}
END_TEST

START_TEST(processes_do_not_mix_their_lines)
{
	pid_t pids[4];
	size_t lines = 0;

	open_log("info", "text");
	for (int i = 0; i < 4; i++) {
		pids[i] = child_fork();
		if (pids[i] == 0) {
			for (int k = 0; k < 200; k++)
				log_info("tick",
					 LOG_STR("pad", STR("0123456789012345678901234")));
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		waitpid(pids[i], NULL, 0);
	tmp_read("log", text, sizeof(text));
	for (char *at = text, *end; (end = strchr(at, '\n')); at = end + 1, lines++) {
		ck_assert(!strncmp(at, "20", 2));
		ck_assert(!strncmp(end - 30, " pad=0123456789012345678901234", 30));
	}
	ck_assert_uint_eq(lines, 800);
}
END_TEST

START_TEST(errno_is_left_alone_and_the_default_is_standard_error)
{
	struct log_options o = { "-", "info", "text" };
	int fd = open(tmp_path("log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	ck_assert_int_eq(log_open(&o), RC_OK);
	dup2(fd, STDERR_FILENO);
	errno = ENOTTY;
	log_info("to stderr");
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_int_eq(log_reopen(), RC_OK);
	log_info("again");
	ck_assert_ptr_nonnull(strstr(line(), "to stderr"));
	ck_assert_ptr_nonnull(strstr(text, "event=again"));
	close(fd);
}
END_TEST

START_TEST(a_full_disk_stops_nothing)
{
	struct log_options o = { "/dev/full", "info", "text" };

	ck_assert_int_eq(log_open(&o), RC_OK);
	log_info("lost");
	open_log("info", "text");
	log_info("back");
	ck_assert_ptr_nonnull(strstr(line(), "event=back"));
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_checked_fixture(tc, tmp_make, tmp_remove);
	tcase_add_test(tc, a_line_says_who_and_what);
	tcase_add_test(tc, the_request_id_goes_away);
	tcase_add_test(tc, levels_are_kept_back);
	tcase_add_loop_test(tc, no_value_can_forge_a_line, 0, 2);
	tcase_add_loop_test(tc, no_value_tells_a_secret, 0, 2);
	tcase_add_test(tc, json_lines_are_json);
	tcase_add_loop_test(tc, long_values_are_cut_between_characters, 0, 2);
	tcase_add_test(tc, reopen_follows_logrotate);
	tcase_add_test(tc, a_log_that_cannot_be_opened_leaves_the_old_one);
	tcase_add_test(tc, processes_do_not_mix_their_lines);
	tcase_add_test(tc, a_full_disk_stops_nothing);
	tcase_add_test(tc, errno_is_left_alone_and_the_default_is_standard_error);
}

SUITE_OF(all)
