/* Metrics: who may read them, and the text format. */
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "../base/tmp.h"
#include "api/ask.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/scope.h"
#include "model/key.h"

static struct env *env;

static struct reply scrape(const char *remote, const char *key)
{
	return ask(env, &(struct ask){ .path = "/metrics", .remote = remote, .api_key = key });
}

static bool has(const struct reply *r, const char *text)
{
	return memmem(r->body.ptr, r->body.len, text, strlen(text)) != NULL;
}

START_TEST(test_who)
{
	char key[KEY_TEXT];

	env = new_env();
	struct reply r = scrape("127.0.0.1", NULL);
	ck_assert_int_eq(r.status, 200);
	ck_str(header(&r, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
	r = scrape("::1", NULL);
	ck_assert_int_eq(r.status, 200);
	r = scrape("10.0.0.7", NULL);
	ck_problem(env, &r, 401, "unauthenticated");
	ck_assert(header(&r, "WWW-Authenticate").len > 0);
	r = scrape(NULL, NULL);
	ck_assert_int_eq(r.status, 401);
	r = scrape("1270.0.0.1", NULL);
	ck_assert_int_eq(r.status, 401);
	ck_assert_int_eq(key_create(env, "scraper", ROLE_VIEWER, key), RC_OK);
	r = scrape("10.0.0.7", key);
	ck_assert_int_eq(r.status, 200);
	free_env(env);
}
END_TEST

/* The file in a private folder; NULL board paths are the caller's. */
static struct board *open_board(char dir[])
{
	char path[100];
	struct board *board;
	const char *error = "";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/board", dir);
	ck_assert_msg(board_open(path, NULL, &board, &error) == RC_OK, "%s", error);
	unlink(path);
	rmdir(dir);
	return board;
}

START_TEST(test_text)
{
	static const char *const roles[] = { "master", "we\"ird\\\n" };
	char dir[] = "/tmp/test_metrics.XXXXXX";
	struct board *board = open_board(dir);

	env = new_env();
	env->board = board;
	env->role_names = roles;
	env->role_count = 2;
	board_slot(board, 0)->cells.counter[COUNTER_requests] = 40;
	board_slot(board, 5)->cells.counter[COUNTER_requests] = 2;
	board_slot(board, 5)->cells.histogram[HISTOGRAM_pg_seconds].bucket[0] = 3;
	board_slot(board, 5)->cells.histogram[HISTOGRAM_pg_seconds].bucket[HISTOGRAM_BUCKETS -
									   1] = 1;
	board_slot(board, 5)->cells.histogram[HISTOGRAM_pg_seconds].sum_ns = 1500000000;
	board_slot(board, 5)->tally.route[0][TALLY_2XX] = 9;
	board_slot(board, 5)->started_us = 1;
	board_slot(board, 5)->role = 1;
	board_slot(board, 5)->restarts = 3;
	board_state(board_slot(board, 5), BOARD_WORKING, 0);
	board_slot(board, 6)->role = 77;
	board_state(board_slot(board, 6), BOARD_IDLE, 0);

	struct reply r = scrape("127.0.0.1", NULL);
	static const char *const wanted[] = {
		"# HELP such_market_requests_total requests that reached a worker\n"
		"# TYPE such_market_requests_total counter\nsuch_market_requests_total 42\n",
		"# TYPE such_market_pg_seconds histogram\n",
		"such_market_pg_seconds_bucket{le=\"+Inf\"} 4\n",
		"such_market_pg_seconds_sum 1.500000000\nsuch_market_pg_seconds_count 4\n",
		"such_market_route_requests_total{method=\"GET\",route=\"/health/"
		"live\",status=\"2xx\"} 9\n",
		"such_market_process_state{slot=\"5\",role=\"we\\\"ird\\\\\\n\",state="
		"\"working\"} 1\n",
		"such_market_process_state{slot=\"6\",role=\"77\",state=\"idle\"} 1\n",
		"such_market_process_restarts_total{slot=\"5\"} 3\n",
		"such_market_build_info{version=\"" PACKAGE_VERSION "\"} 1\n",
	};
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		ck_assert_msg(has(&r, wanted[i]), "no %s in\n" STR_FMT, wanted[i],
			      STR_ARG(r.body));
	free_env(env);
	board_close(board);
}
END_TEST

START_TEST(test_statements)
{
	env = new_env();
	get(env, ALPHA_PATH, NULL);
	get(env, ALPHA_PATH, NULL);
	struct reply r = scrape("127.0.0.1", NULL);
#define CALLS(slot)                                                                            \
	"such_market_statement_calls_total{slot=\"" slot "\",statement=\"collection_show\"} "  \
	"2\n"
	ck_assert_msg(has(&r, CALLS("none")), STR_FMT, STR_ARG(r.body));
	ck_assert(has(&r, "such_market_statement_p99_seconds{slot="));
	ck_assert_msg(!has(&r, "\"nft_show\""), "what was not called is not told");
	/* The place of the process, not the process: there are only so many. */
	const char *error = "";
	tmp_make();
	ck_assert_int_eq(board_open(tmp_path("board"), NULL, &env->board, &error), RC_OK);
	board_slot(env->board, 4)->pid = getpid();
	r = scrape("127.0.0.1", NULL);
	ck_assert_msg(has(&r, CALLS("4")), STR_FMT, STR_ARG(r.body));
	board_close(env->board);
	tmp_remove();
	free_env(env);
}
END_TEST

/* Each metric is described once, before its first sample. */
START_TEST(test_described_once)
{
	char dir[] = "/tmp/test_metrics.XXXXXX";
	struct board *board = open_board(dir);

	env = new_env();
	env->board = board;
	struct reply r = scrape("127.0.0.1", NULL);
	struct str rest = r.body, type = STR_NONE;
	int types = 0;

	while (rest.len) {
		struct str line = str_cut(&rest, '\n');

		if (str_starts(line, STR("# TYPE "))) {
			type = str_from(line, 7);
			type = str_cut(&type, ' ');
			types++;
			struct str again = rest;
			while (again.len) {
				struct str other = str_cut(&again, '\n');
				if (str_starts(other, STR("# TYPE ")))
					ck_assert(!str_starts(str_from(other, 7),
							      arena_printf(env->arena,
									   STR_FMT " ",
									   STR_ARG(type))));
			}
		} else if (!str_starts(line, STR("#"))) {
			ck_assert_msg(str_starts(line, type), STR_FMT, STR_ARG(line));
		}
	}
	ck_assert_int_gt(types, COUNTER_COUNT + HISTOGRAM_COUNT);
	free_env(env);
	board_close(board);
}
END_TEST

/* No sample twice; the buckets of a histogram grow with their bounds, up to its count. */
START_TEST(test_samples)
{
	char dir[] = "/tmp/test_metrics.XXXXXX";
	struct board *board = open_board(dir);
	double bound = -1;
	uint64_t before = 0;

	env = new_env();
	env->board = board;
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		struct board_slot *slot = board_slot(board, i);
		uint64_t *cells = (uint64_t *)&slot->tally, *others = (uint64_t *)&slot->cells;

		slot->role = (int32_t)i % 3;
		slot->started_us = 1;
		board_state(slot, BOARD_IDLE, 0);
		for (size_t k = 0; k < TALLY_CELLS; k++)
			cells[k] = k + 1;
		for (size_t k = 0; k < sizeof(slot->cells) / sizeof(*others); k++)
			others[k] = k + 1;
	}
	board_vitals(board)->at_us = 1;
	board_vitals(board)->postgres = (struct vital){ 1, 1, 1, 1, 1 };
	struct reply r = scrape("127.0.0.1", NULL);
	struct str rest = r.body;
	while (rest.len) {
		struct str line = str_cut(&rest, '\n'), again = rest;
		const char *space = memrchr(line.ptr, ' ', line.len);
		struct str sample = { line.ptr, (size_t)(space - line.ptr) + 1 };
		const char *le = memmem(sample.ptr, sample.len, "_bucket{le=\"", 12);

		if (str_starts(line, STR("#")))
			continue;
		while (again.len)
			ck_assert_msg(!str_starts(str_cut(&again, '\n'), sample), STR_FMT,
				      STR_ARG(line));
		uint64_t n = strtoull(space + 1, NULL, 10);
		if (le) {
			double next = strtod(le + 12, NULL);

			if (bound >= 0)
				ck_assert_msg(next > bound && n >= before, STR_FMT,
					      STR_ARG(line));
			bound = next;
			before = n;
		} else if (memmem(sample.ptr, sample.len, "_count ", 7)) {
			ck_assert_msg(n == before, STR_FMT, STR_ARG(line));
			bound = -1;
		}
	}
	free_env(env);
	board_close(board);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_who, test_text, test_statements,
	   test_described_once, test_samples)
