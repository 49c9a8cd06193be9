/* Round trips: pipelines and scripts on a real server, budgets and lies on one that is not. */
#include "suite.h"
#include <poll.h>
#include <signal.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/scope.h"
#include "lib/fake_redis.h"
#include "lib/live_redis.h"
#include "net/redis.h"

#define MS INT64_C(1000000)

static struct redis_options patient = { .connect_ms = 2000, .budget_ms = 2000 };
static struct redis_options hurried = { .connect_ms = 500, .budget_ms = 20 };
static struct metric_cells cells;
static struct arena *arena;
static struct redis *redis;

static void start(void)
{
	signal(SIGPIPE, SIG_IGN);
	live_redis_start();
}

static void up(void)
{
	arena = arena_new(4096);
	cells = (struct metric_cells){ 0 };
	metric_attach(&cells);
	patient.url = live_redis_url();
	redis = redis_new(&patient);
}

static void down(void)
{
	redis_free(redis);
	metric_attach(NULL);
	arena_free(arena);
}

#define COMMAND(...)                                                                           \
	{                                                                                      \
		.word = (struct str[]){ __VA_ARGS__ },                                         \
		.words = sizeof((struct str[]){ __VA_ARGS__ }) / sizeof(struct str)            \
	}

START_TEST(a_pipeline_answers_in_order)
{
	char zeros[] = { 'a', '\0', '\r', '\n', 'b' };
	struct str binary = { zeros, sizeof(zeros) };
	struct redis_command commands[] = {
		COMMAND(STR("SET"), STR("k"), binary),
		COMMAND(STR("GET"), STR("k")),
		COMMAND(STR("INCR"), STR("k")),
		COMMAND(STR("STRLEN"), STR("k")),
		COMMAND(STR("GET"), STR("none")),
		COMMAND(STR("MGET"), STR("k"), STR("none")),
	};
	struct redis_reply r[COUNT_OF(commands)];

	ck_assert_int_eq(redis_run(redis, arena, commands, COUNT_OF(commands), r), RC_OK);
	ck_assert(str_eqz(r[0].text, "OK"));
	ck_assert(str_eq(r[1].text, binary));
	ck_assert_int_eq(r[2].kind, REDIS_ERROR);
	ck_assert_int_eq(r[3].integer, 5);
	ck_assert_int_eq(r[4].kind, REDIS_NIL);
	ck_assert_uint_eq(r[5].items, 2);
	ck_assert(str_eq(r[5].item[0].text, binary));
	ck_assert_uint_eq(cells.counter[COUNTER_redis_errors_other], 1);
	ck_assert_uint_eq(cells.counter[COUNTER_redis_failures], 0);
	ck_assert_ptr_nonnull(strstr(redis_error(redis), "integer"));
}
END_TEST

/* More out and in than sockets hold at once: nobody waits for the other. */
START_TEST(a_large_pipeline_does_not_jam)
{
	size_t len = 3000, n = 1000;
	char *body = arena_zalloc(arena, len);
	struct str words[] = { STR("ECHO"), { body, len } };
	struct redis_command *commands = arena_alloc(arena, n * sizeof(*commands));
	struct redis_reply *r = arena_alloc(arena, n * sizeof(*r));

	for (size_t i = 0; i < n; i++)
		commands[i] = (struct redis_command){ .word = words, .words = 2 };
	ck_assert_int_eq(redis_run(redis, arena, commands, n, r), RC_OK);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(r[i].text.len, len);
	words[1].len = 4 << 20;
	words[1].ptr = arena_zalloc(arena, words[1].len);
	ck_assert_int_eq(redis_run(redis, arena, commands, 3, r), RC_TOO_LARGE);
	ck_assert_int_eq(redis_run(redis, arena, commands, 1, r), RC_TOO_LARGE);
	words[1].len = 1 << 20;
	ck_assert_int_eq(redis_run(redis, arena, commands, 1, r), RC_OK);
	ck_assert_uint_eq(cells.counter[COUNTER_redis_failures], 0);
}
END_TEST

START_TEST(scripts_go_by_name_or_whole)
{
	struct redis_script script, wrong;
	struct str words[] = { STR("key"), STR("argument") };
	struct redis_reply r[3];

	redis_script_init(&script, STR("return {KEYS[1], ARGV[1]}"));
	redis_script_init(&wrong, STR("return nonsense("));
	struct redis_command commands[] = {
		COMMAND(STR("PING")),
		{ .script = &script, .keys = 1, .word = words, .words = 2 },
		{ .script = &wrong, .keys = 0 },
	};
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(redis_run(redis, arena, commands, 3, r), RC_OK);
		ck_assert(str_eqz(r[0].text, "PONG"));
		ck_assert(str_eqz(r[1].item[0].text, "key"));
		ck_assert(str_eqz(r[1].item[1].text, "argument"));
		ck_assert_int_eq(r[2].kind, REDIS_ERROR);
	}
	struct redis_command load = COMMAND(STR("SCRIPT"), STR("LOAD"), script.text);
	ck_assert_int_eq(redis_run(redis, arena, &load, 1, r), RC_OK);
	ck_assert(str_eqz(r[0].text, script.sha));
}
END_TEST

/* --- a server that is none ---------------------------------------------------------------- */

struct lie {
	const char *bytes;
	enum rc rc;
	enum redis_kind kind;
	enum counter counter;
};

static void answer_with(int fd, const void *ctx)
{
	const struct lie *lie = ctx;

	while (fake_redis_hear(fd) > 0)
		fake_redis_say(fd, lie->bytes, strlen(lie->bytes));
}

static const struct lie lies[] = {
	{ "-MOVED 1 h:1\r\n", RC_OK, REDIS_ERROR, COUNTER_redis_errors_cluster },
	{ "-LOADING Redis is loading\r\n", RC_OK, REDIS_ERROR, COUNTER_redis_errors_state },
	{ "-NOPERM this user\r\n", RC_OK, REDIS_ERROR, COUNTER_redis_errors_rights },
	{ "-\r\n", RC_OK, REDIS_ERROR, COUNTER_redis_errors_other },
	{ "HTTP/1.1 400 Bad Request\r\n\r\n", RC_UNAVAILABLE, 0, COUNTER_redis_failures },
	{ "*1\r\n", RC_TIMEOUT, 0, COUNTER_redis_failures },
	{ "$100\r\nhello\r\n", RC_TIMEOUT, 0, COUNTER_redis_failures },
	{ "$999999999\r\nhello\r\n", RC_TIMEOUT, 0, COUNTER_redis_failures },
	{ "*2147483647\r\n", RC_TOO_LARGE, 0, COUNTER_COUNT },
	{ "", RC_TIMEOUT, 0, COUNTER_redis_failures },
};

START_TEST(lies_are_failures_in_time)
{
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		struct redis_command get = COMMAND(STR("GET"), STR("k"));
		struct redis_reply r = { 0 };
		struct fake_redis fake;

		fake_redis_start(&fake, answer_with, &lies[i]);
		struct redis_options options = lies[i].rc == RC_TIMEOUT ? hurried : patient;
		options.url = fake.url;
		struct redis *liar = redis_new(&options);
		cells = (struct metric_cells){ 0 };
		int64_t from = clock_mono_ns();
		enum rc rc = redis_run(liar, arena, &get, 1, &r);
		ck_assert_int_lt(clock_mono_ns() - from, 2000 * MS);
		ck_assert_msg(rc == lies[i].rc, "%zu: %d", i, rc);
		if (rc == RC_OK)
			ck_assert_int_eq(r.kind, lies[i].kind);
		if (lies[i].counter < COUNTER_COUNT)
			ck_assert_uint_eq(cells.counter[lies[i].counter], 1);
		else
			ck_assert_uint_eq(cells.counter[COUNTER_redis_failures], 0);
		redis_free(liar);
		fake_redis_stop(&fake);
	}
}
END_TEST

/* Says more than it was asked for: the second reply is not the next question's. */
static void answer_twice(int fd, const void *ctx)
{
	(void)ctx;
	for (char n = '1'; fake_redis_hear(fd) > 0; n++) {
		char bytes[] = ":0\r\n:9\r\n";

		bytes[1] = n;
		fake_redis_say(fd, bytes, sizeof(bytes) - 1);
	}
}

START_TEST(left_over_replies_answer_nothing)
{
	struct redis_command get = COMMAND(STR("GET"), STR("k"));
	struct fake_redis fake;

	fake_redis_start(&fake, answer_twice, NULL);
	struct redis_options options = patient;
	options.url = fake.url;
	struct redis *liar = redis_new(&options);
	for (int i = 0; i < 3; i++) {
		struct redis_reply r;
		enum rc rc = redis_run(liar, arena, &get, 1, &r);

		if (rc == RC_OK)
			ck_assert_int_eq(r.integer, 1); /* always of a new connection */
	}
	redis_free(liar);
	fake_redis_stop(&fake);
}
END_TEST

static void trickle(int fd, const void *ctx)
{
	(void)ctx;
	fake_redis_hear(fd);
	fake_redis_say(fd, "$1000000\r\n", 10);
	for (int i = 0; i < 10000; i++) {
		fake_redis_say(fd, "x", 1);
		poll(NULL, 0, 2);
	}
}

START_TEST(a_trickle_does_not_stretch_the_budget)
{
	struct redis_command get = COMMAND(STR("GET"), STR("k"));
	struct redis_reply r;
	struct fake_redis fake;

	fake_redis_start(&fake, trickle, NULL);
	hurried.url = fake.url;
	struct redis *slow = redis_new(&hurried);
	int64_t from = clock_mono_ns();
	ck_assert_int_eq(redis_run(slow, arena, &get, 1, &r), RC_TIMEOUT);
	int64_t took = clock_mono_ns() - from;
	ck_assert_int_ge(took, 20 * MS);
	ck_assert_int_lt(took, 1000 * MS);
	redis_free(slow);
	fake_redis_stop(&fake);
}
END_TEST

static void hang_up(int fd, const void *ctx)
{
	(void)ctx;
	fake_redis_hear(fd);
}

START_TEST(who_hangs_up_is_left_alone_after_a_while)
{
	struct redis_command get = COMMAND(STR("GET"), STR("k"));
	struct redis_reply r;
	struct fake_redis fake;
	int tries = 0;

	fake_redis_start(&fake, hang_up, NULL);
	struct redis_options options = patient;
	options.url = fake.url;
	struct redis *away = redis_new(&options);
	do {
		ck_assert_int_eq(redis_run(away, arena, &get, 1, &r), RC_UNAVAILABLE);
		ck_assert_int_lt(++tries, 100);
	} while (!redis_skipped(away));
	ck_assert_int_ge(tries, 6);
	ck_assert_uint_eq(cells.counter[COUNTER_redis_failures], (uint64_t)tries - 1);
	redis_free(away);
	fake_redis_stop(&fake);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { a_pipeline_answers_in_order,
				 a_large_pipeline_does_not_jam,
				 scripts_go_by_name_or_whole,
				 lies_are_failures_in_time,
				 left_over_replies_answer_nothing,
				 a_trickle_does_not_stretch_the_budget,
				 who_hangs_up_is_left_alone_after_a_while };

	tcase_add_unchecked_fixture(tc, start, live_redis_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < COUNT_OF(tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
