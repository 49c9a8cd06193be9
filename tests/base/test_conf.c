#include "suite.h"
#include "base/arena.h"
#include "base/conf.h"
#include "base/scope.h"
#include "base/tmp.h"
#include <string.h>

static struct values {
	const char *url, *secret, *title, *mode, *urls;
	bool on;
	int64_t workers, offset, deadline, memory, chain;
} v;

static bool chain_word(struct str text, int64_t *ret)
{
	if (!str_eq(text, STR("base-mainnet")))
		return false;
	*ret = 8453;
	return true;
}

static const struct conf_key keys[] = {
	{ "database_url", CONF_URL, offsetof(struct values, url), "postgresql:///x",
	  .help = "where PostgreSQL is" },
	{ "admin_secret", CONF_SECRET, offsetof(struct values, secret), "",
	  .help = "a secret" },
	{ "title", CONF_TEXT, offsetof(struct values, title), NULL, .max = 20, .reload = true,
	  .help = "a text" },
	{ "mode", CONF_CHOICE, offsetof(struct values, mode), "fast", .choices = "fast|safe",
	  .help = "a choice" },
	{ "metrics", CONF_BOOL, offsetof(struct values, on), "on", .help = "a switch" },
	{ 0 },
};
static const struct conf_key more_keys[] = {
	{ "workers", CONF_INT, offsetof(struct values, workers), "4", .min = 1, .max = 64,
	  .help = "how many" },
	{ "offset", CONF_INT, offsetof(struct values, offset), "0", .min = -10, .max = 10,
	  .help = "a signed number" },
	{ "deadline", CONF_MSEC, offsetof(struct values, deadline), "2s", .min = 10,
	  .max = 86400000, .help = "how long" },
	{ "memory", CONF_BYTES, offsetof(struct values, memory), "64m", .help = "how much" },
	{ "chain_id", CONF_INT, offsetof(struct values, chain), "1", .min = 1,
	  .word = chain_word, .help = "which chain" },
	{ "replica_urls", CONF_URLS, offsetof(struct values, urls), "", .help = "others" },
	{ 0 },
};
static const struct conf_section sections[] = {
	{ "one", keys, &v },
	{ "two", more_keys, &v },
};
static const struct conf_alias aliases[] = {
	{ "DATABASE_URL", "database_url" },
	{ "PG_URL", "database_url" },
	{ "WORKERS", "workers" },
	{ "SUCH_MARKET_STATE", NULL },
};

static struct conf *conf;

static void start(void)
{
	tmp_make();
	conf = conf_new(sections, COUNT_OF(sections), aliases, COUNT_OF(aliases));
}

static void stop(void)
{
	conf_free(conf);
	tmp_remove();
}

static enum rc file(const char *text)
{
	tmp_write("c", text, strlen(text));
	return conf_file(conf, tmp_path("c"));
}

/* The message without the name of the folder. */
static const char *error(void)
{
	const char *text = conf_error(conf);
	size_t len = strlen(tmp_dir);

	return strncmp(text, tmp_dir, len) == 0 ? text + len + 1 : text;
}

static enum rc set(const char *name, const char *value)
{
	return conf_set(conf, str_of(name), str_of(value), "command line");
}

static enum rc environment(const char *const *envp)
{
	return conf_environment(conf, (char *const *)(uintptr_t)envp);
}

START_TEST(defaults)
{
	ck_assert_str_eq(v.url, "postgresql:///x");
	ck_assert_str_eq(v.title, "");
	ck_assert_str_eq(v.mode, "fast");
	ck_assert(v.on);
	ck_assert_int_eq(v.workers, 4);
	ck_assert_int_eq(v.deadline, 2000);
	ck_assert_int_eq(v.memory, 64 << 20);
	ck_assert_str_eq(conf_origin(conf, "workers"), "default");
	ck_assert_ptr_null(conf_origin(conf, "worker"));
	ck_assert_str_eq(conf_error(conf), "");
}
END_TEST

START_TEST(a_file_sets_values)
{
	ck_assert_msg(
		file("\xef\xbb\xbf# comment\n\n  workers=8 # eight\r\nmode = safe\n"
		     "title = \" a \\\"b\\\" # \\\\ \" # c\ndatabase_url = redis://h/#1 #x\n"
		     "metrics=no\ndeadline =\t5m\nmemory=1G\nchain_id = base-mainnet\n"
		     "offset = -10") == RC_OK,
		"%s", error());
	ck_assert_int_eq(v.workers, 8);
	ck_assert_str_eq(v.mode, "safe");
	ck_assert_str_eq(v.title, " a \"b\" # \\ ");
	ck_assert_str_eq(v.url, "redis://h/#1");
	ck_assert(!v.on);
	ck_assert_int_eq(v.deadline, 300000);
	ck_assert_int_eq(v.memory, 1 << 30);
	ck_assert_int_eq(v.chain, 8453);
	ck_assert_int_eq(v.offset, -10);
	ck_assert_str_eq(strrchr(conf_origin(conf, "workers"), ':'), ":3");
}
END_TEST

static const struct {
	const char *text, *error;
} bad_files[] = {
	{ "\nworkers = 0", "c:2: workers: 0 is not in 1 … 64" },
	{ "workers = 65", "c:1: workers: 65 is not in 1 … 64" },
	{ "workers = 99999999999999999999999",
	  "c:1: workers: 99999999999999999999999 is not in 1 … 64" },
	{ "workers = -1", "c:1: workers: \"-1\" is not a whole number" },
	{ "workers = 1.5", "c:1: workers: \"1.5\" is not a whole number" },
	{ "workers =", "c:1: workers: an empty value is not a whole number" },
	{ "offset = -11", "c:1: offset: -11 is not in -10 … 10" },
	{ "deadline = 5", "c:1: deadline: 5 is not in 10ms … 1d" },
	{ "deadline = 2d", "c:1: deadline: 2d is not in 10ms … 1d" },
	{ "deadline = 2w",
	  "c:1: deadline: \"2w\" is not a time such as 250ms, 2s, 5m, 1h or 1d" },
	{ "deadline = s",
	  "c:1: deadline: \"s\" is not a time such as 250ms, 2s, 5m, 1h or 1d" },
	{ "memory = 9223372036854775807k",
	  "c:1: memory: \"9223372036854775807k\" is not a size such as 4096, 64k, 256m or 1g" },
	{ "memory = 9223372036854775808", "c:1: memory: 9223372036854775808 is not in 0 …" },
	{ "chain_id = 0", "c:1: chain_id: 0 is not in 1 …" },
	{ "metrics = maybe", "c:1: metrics: \"maybe\" is not on or off" },
	{ "mode = slow", "c:1: mode: \"slow\" is not one of fast|safe" },
	{ "mode = fast|safe", "c:1: mode: \"fast|safe\" is not one of fast|safe" },
	{ "title = 123456789012345678901",
	  "c:1: title: a length of 21 bytes is not in 0 … 20" },
	{ "title = a\tb",
	  "c:1: title: the value is not valid UTF-8 without control characters" },
	{ "title = a\xff",
	  "c:1: title: the value is not valid UTF-8 without control characters" },
	{ "title = \"a", "c:1: title: the quotes do not match" },
	{ "title = \"a\\\"", "c:1: title: the quotes do not match" },
	{ "title = \"a\" b", "c:1: title: the quotes do not match" },
	{ "worker = 1", "c:1: worker is not a setting; workers is" },
	{ "wrokers = 1", "c:1: wrokers is not a setting; workers is" },
	{ "databaseurl = 1", "c:1: databaseurl is not a setting; database_url is" },
	{ "xylophone = 1", "c:1: xylophone is not a setting" },
	{ "= 1", "c:1: the name is not a setting" },
	{ "a\x1b = 1", "c:1: the name is not a setting" },
	{ "workers", "c:1: not \"name = value\"" },
};

START_TEST(a_bad_file_names_its_place)
{
	struct values before = v;

	ck_assert_int_eq(file(bad_files[_i].text), RC_INVALID);
	ck_assert_str_eq(error(), bad_files[_i].error);
	ck_assert_mem_eq(&v, &before, sizeof(v));
}
END_TEST

static const struct {
	const char *name, *text;
	const int64_t *value;
	int64_t n;
} units[] = {
	{ "deadline", "250", &v.deadline, 250 },
	{ "deadline", "250ms", &v.deadline, 250 },
	{ "deadline", "3s", &v.deadline, 3000 },
	{ "deadline", "2M", &v.deadline, 120000 },
	{ "deadline", "1h", &v.deadline, 3600000 },
	{ "deadline", "1d", &v.deadline, 86400000 },
	{ "memory", "4096", &v.memory, 4096 },
	{ "memory", "3k", &v.memory, 3072 },
	{ "memory", "2M", &v.memory, 2 << 20 },
	{ "memory", "5g", &v.memory, (int64_t)5 << 30 },
	{ "memory", "9223372036854775807", &v.memory, INT64_MAX },
	{ "offset", "007", &v.offset, 7 },
};

START_TEST(numbers_have_units)
{
	ck_assert_msg(set(units[_i].name, units[_i].text) == RC_OK, "%s", error());
	ck_assert_int_eq(*units[_i].value, units[_i].n);
}
END_TEST

START_TEST(a_file_sets_a_name_once)
{
	ck_assert_int_eq(file("workers = 2\n\nworkers = 3\n"), RC_INVALID);
	ck_assert_ptr_nonnull(strstr(error(), "c:3: workers: set already at "));
	ck_assert_ptr_nonnull(strstr(error(), "c:1"));
}
END_TEST

START_TEST(a_file_that_cannot_be_read_says_why)
{
	static char big[(1 << 20) + 2];

	ck_assert_int_eq(conf_file(conf, tmp_path("absent")), RC_INVALID);
	ck_assert_str_eq(error(), "absent: No such file or directory");
	ck_assert_int_eq(conf_file(conf, tmp_dir), RC_INVALID);
	ck_assert_ptr_nonnull(strstr(conf_error(conf), "Is a directory"));
	memset(big, '\n', sizeof(big) - 1);
	ck_assert_int_eq(file(big), RC_INVALID);
	ck_assert_str_eq(error(), "c: larger than 1 MB");
	tmp_write("c", "title = a\0b", 11);
	ck_assert_int_eq(conf_file(conf, tmp_path("c")), RC_INVALID);
	ck_assert_ptr_nonnull(strstr(error(), "control characters"));
}
END_TEST

START_TEST(the_later_source_wins)
{
	const char *const env[] = { "PATH=/bin", "SUCH_MARKET_WORKERS=9",
				    "SUCH_MARKET_STATE=/x", NULL };

	ck_assert_int_eq(file("workers = 8\nmode = safe\n"), RC_OK);
	ck_assert_int_eq(environment(env), RC_OK);
	ck_assert_int_eq(v.workers, 9);
	ck_assert_str_eq(v.mode, "safe");
	ck_assert_str_eq(conf_origin(conf, "workers"), "environment SUCH_MARKET_WORKERS");
	ck_assert_int_eq(set("workers", "10"), RC_OK);
	ck_assert_int_eq(v.workers, 10);
	ck_assert_str_eq(conf_origin(conf, "workers"), "command line");
}
END_TEST

START_TEST(aliases_are_weaker_and_ordered)
{
	const char *const one[] = { "PG_URL=b", "DATABASE_URL=a", "WORKERS=", NULL };
	const char *const two[] = { "SUCH_MARKET_DATABASE_URL=c", "PG_URL=b", "DATABASE_URL=a",
				    NULL };

	ck_assert_int_eq(file("database_url = f\n"), RC_OK);
	ck_assert_int_eq(environment(one), RC_OK);
	ck_assert_str_eq(v.url, "a");
	ck_assert_int_eq(v.workers, 4);
	ck_assert_str_eq(conf_origin(conf, "database_url"), "environment DATABASE_URL");
	ck_assert_int_eq(environment(two), RC_OK);
	ck_assert_str_eq(v.url, "c");
}
END_TEST

START_TEST(a_bad_environment_says_so)
{
	const char *const unknown[] = { "SUCH_MARKET_WORKER=1", NULL };
	const char *const twice[] = { "SUCH_MARKET_WORKERS=1", "SUCH_MARKET_WORKERS=2", NULL };
	const char *const bad[] = { "SUCH_MARKET_WORKERS=x", NULL };
	const char *const alias[] = { "WORKERS=0", NULL };

	ck_assert_int_eq(environment(unknown), RC_INVALID);
	ck_assert_str_eq(error(), "environment SUCH_MARKET_WORKER: WORKER is not a setting; "
				  "workers is");
	ck_assert_int_eq(environment(twice), RC_INVALID);
	ck_assert_int_eq(environment(bad), RC_INVALID);
	ck_assert_str_eq(error(),
			 "environment SUCH_MARKET_WORKERS: workers: \"x\" is not a whole "
			 "number");
	ck_assert_int_eq(environment(alias), RC_INVALID);
	ck_assert_str_eq(error(), "environment WORKERS: workers: 0 is not in 1 … 64");
}
END_TEST

START_TEST(the_command_line_writes_dashes)
{
	ck_assert(conf_known(conf, STR("chain-id")));
	ck_assert(!conf_known(conf, STR("chain")));
	ck_assert_int_eq(set("chain-id", "5"), RC_OK);
	ck_assert_int_eq(v.chain, 5);
	ck_assert_int_eq(set("chain-id", "x"), RC_INVALID);
	ck_assert_str_eq(error(), "command line: chain_id: \"x\" is not a whole number");
	ck_assert_int_eq(set("chainid", "5"), RC_INVALID);
	ck_assert_str_eq(error(), "command line: chainid is not a setting; chain_id is");
}
END_TEST

START_TEST(messages_do_not_tell_secrets)
{
	ck_assert_int_eq(file("admin_secret = \"hunter2\xff\""), RC_INVALID);
	ck_assert_ptr_null(strstr(error(), "hunter2"));
	ck_assert_int_eq(file("database_url = \"hunter2\xff\""), RC_INVALID);
	ck_assert_ptr_null(strstr(error(), "hunter2"));
}
END_TEST

START_TEST(a_reload_may_change_only_what_its_row_allows)
{
	struct conf *now = conf_new(sections, COUNT_OF(sections), NULL, 0);

	ck_assert_ptr_null(conf_frozen(conf, now));
	conf_set(now, STR("title"), STR("new"), "command line");
	ck_assert_ptr_null(conf_frozen(conf, now));
	conf_set(now, STR("workers"), STR("4"), "command line");
	ck_assert_ptr_null(conf_frozen(conf, now));
	conf_set(now, STR("workers"), STR("5"), "command line");
	ck_assert_str_eq(conf_frozen(conf, now), "workers");
	conf_free(now);
	conf_free(NULL);
}
END_TEST

START_TEST(long_bad_values_are_not_repeated)
{
	char digits[200], name[100];

	memset(digits, '9', sizeof(digits));
	digits[199] = '\0';
	ck_assert_int_eq(set("workers", digits), RC_INVALID);
	ck_assert_str_eq(error(), "command line: workers: the value is not in 1 … 64");
	digits[0] = 'x';
	ck_assert_int_eq(set("workers", digits), RC_INVALID);
	ck_assert_str_eq(error(), "command line: workers: the value is not a whole number");
	ck_assert_int_eq(set("workers", "1\n"), RC_INVALID);
	ck_assert_str_eq(error(), "command line: workers: the value is not a whole number");
	memset(name, 'w', sizeof(name));
	name[99] = '\0';
	ck_assert_int_eq(set(name, "1"), RC_INVALID);
	ck_assert_str_eq(error(), "command line: the name is not a setting");
}
END_TEST

static const char *dump(void (*write)(const struct conf *, FILE *))
{
	static char text[8192];
	FILE *f = fmemopen(text, sizeof(text), "w");

	write(conf, f);
	fclose(f);
	return text;
}

START_TEST(the_dump_shows_values_and_origins)
{
	ck_assert_int_eq(set("chain_id", "base-mainnet"), RC_OK);
	ck_assert_int_eq(set("admin_secret", "hunter2"), RC_OK);
	ck_assert_int_eq(set("title", "a \"b\" \\"), RC_OK);
	ck_assert_int_eq(set("deadline", "90000"), RC_OK);
	ck_assert_str_eq(dump(conf_dump), "# one\n"
					  "database_url = postgresql:///x  # default\n"
					  "admin_secret = (hidden)  # command line\n"
					  "title = \"a \\\"b\\\" \\\\\"  # command line\n"
					  "mode = fast  # default\n"
					  "metrics = on  # default\n"
					  "\n# two\n"
					  "workers = 4  # default\n"
					  "offset = 0  # default\n"
					  "deadline = 90s  # command line\n"
					  "memory = 64m  # default\n"
					  "chain_id = base-mainnet  # command line\n"
					  "replica_urls = \"\"  # default\n");
}
END_TEST

START_TEST(a_dump_is_a_file_that_reads_back)
{
	struct values before;

	ck_assert_int_eq(set("title", " #a\"\\ "), RC_OK);
	ck_assert_int_eq(set("deadline", "61s"), RC_OK);
	ck_assert_int_eq(set("memory", "0"), RC_OK);
	before = v;
	ck_assert_msg(file(dump(conf_dump)) == RC_OK, "%s", error());
	ck_assert_str_eq(v.title, " #a\"\\ ");
	ck_assert_str_eq(v.mode, before.mode);
	ck_assert_int_eq(v.deadline, 61000);
	ck_assert_int_eq(v.memory, 0);
	ck_assert_int_eq(v.workers, before.workers);
}
END_TEST

static const struct {
	const char *url, *shown;
} urls[] = {
	{ "postgresql://u:pw@h:5432/d?x=1", "postgresql://u:(hidden)@h:5432/d?x=1" },
	{ "postgresql://u@h/d", "postgresql://u@h/d" },
	{ "postgresql://h:5432/d", "postgresql://h:5432/d" },
	{ "postgresql://u:p@w@h/d", "postgresql://u:(hidden)@h/d" },
	{ "postgresql://u:p/w@h/d", "postgresql://u:(hidden)@h/d" },
	{ "redis://:pw@h", "redis://:(hidden)@h" },
	{ "u:pw@h:6379", "u:(hidden)@h:6379" },
	{ "postgresql:///d?user=u&password=pw&sslmode=require",
	  "postgresql:///d?user=u&password=(hidden)&sslmode=require" },
	{ "postgresql:///d?PASSWORD=pw", "postgresql:///d?PASSWORD=(hidden)" },
	{ "postgresql://u:pw@h/d?password=pw",
	  "postgresql://u:(hidden)@h/d?password=(hidden)" },
	{ "https://h/?api_key=k&token=t", "https://h/?api_key=(hidden)&token=(hidden)" },
	{ "host=h password=pw dbname=d", "\"host=h password=(hidden) dbname=d\"" },
	{ "host=h password='p w\\'x' dbname=d", "\"host=h password=(hidden) dbname=d\"" },
	{ "host=h password='pw", "\"host=h password=(hidden)\"" },
	{ "password=", "password=(hidden)" },
	{ "", "\"\"" },
};

START_TEST(passwords_in_urls_are_hidden)
{
	char expected[200];

	ck_assert_int_eq(set("database_url", urls[_i].url), RC_OK);
	ck_assert_str_eq(v.url, urls[_i].url);
	snprintf(expected, sizeof(expected), "database_url = %s  # command line\n",
		 urls[_i].shown);
	ck_assert_msg(strstr(dump(conf_dump), expected) != NULL, "%s%s", dump(conf_dump),
		      expected);
}
END_TEST

START_TEST(passwords_in_lists_of_urls_are_hidden)
{
	ck_assert_int_eq(set("replica_urls", "postgresql://u:p1@h/d  postgresql://h/d"
					     " postgresql:///d?password=p2 password='p 3'"),
			 RC_OK);
	ck_assert(strstr(dump(conf_dump),
			 "replica_urls = \"postgresql://u:(hidden)@h/d  postgresql://h/d "
			 "postgresql:///d?password=(hidden) (hidden) (hidden)\"  # command"));
}
END_TEST

START_TEST(the_description_has_a_line_a_setting)
{
	ck_assert_str_eq(dump(conf_describe),
			 "one\n"
			 "  database_url (url; default postgresql:///x): where PostgreSQL is\n"
			 "  admin_secret (secret; default empty): a secret\n"
			 "  title (text, 0 … 20 bytes; default empty): a text\n"
			 "  mode (choice, fast|safe; default fast): a choice\n"
			 "  metrics (switch, on|off; default on): a switch\n"
			 "\ntwo\n"
			 "  workers (number, 1 … 64; default 4): how many\n"
			 "  offset (number, -10 … 10; default 0): a signed number\n"
			 "  deadline (time, 10ms … 1d; default 2s): how long\n"
			 "  memory (size, 0 …; default 64m): how much\n"
			 "  chain_id (number, 1 …; default 1): which chain\n"
			 "  replica_urls (urls; default empty): others\n");
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, a_file_sets_values);
	tcase_add_loop_test(tc, a_bad_file_names_its_place, 0, COUNT_OF(bad_files));
	tcase_add_loop_test(tc, numbers_have_units, 0, COUNT_OF(units));
	tcase_add_test(tc, a_file_sets_a_name_once);
	tcase_add_test(tc, a_file_that_cannot_be_read_says_why);
	tcase_add_test(tc, the_later_source_wins);
	tcase_add_test(tc, aliases_are_weaker_and_ordered);
	tcase_add_test(tc, a_bad_environment_says_so);
	tcase_add_test(tc, the_command_line_writes_dashes);
	tcase_add_test(tc, messages_do_not_tell_secrets);
	tcase_add_test(tc, a_reload_may_change_only_what_its_row_allows);
	tcase_add_test(tc, long_bad_values_are_not_repeated);
	tcase_add_test(tc, the_dump_shows_values_and_origins);
	tcase_add_test(tc, a_dump_is_a_file_that_reads_back);
	tcase_add_loop_test(tc, passwords_in_urls_are_hidden, 0, COUNT_OF(urls));
	tcase_add_test(tc, passwords_in_lists_of_urls_are_hidden);
	tcase_add_test(tc, the_description_has_a_line_a_setting);
}

SUITE_OF(all)
