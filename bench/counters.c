/*
 * What counting costs, on standard output, a line each: processor nanoseconds of counting one
 * request (10^7 of them: request, read, collection), milliseconds of writing a full minute of
 * counters to Redis (median of 51), milliseconds of rendering /metrics of a board with 64
 * processes (median of 51).
 * usage: counters REDIS_URL
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "api/prom.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/buf.h"
#include "base/clock.h"
#include "model/analytics.h"
#include "model/env.h"

#define ROUNDS      10000000
#define TIMES       51
#define PROCESSES   64
#define COLLECTIONS 1000

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "counters: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

static struct board *open_board(void)
{
	char path[64];
	const char *why = "";
	struct board *board;

	snprintf(path, sizeof(path), "/tmp/counters.%lld", (long long)clock_mono_ns());
	if (board_open(path, NULL, &board, &why) != RC_OK)
		fail(path, why);
	remove(path);
	return board;
}

/* Collections as they are asked for: a few often, many now and then. */
static double count_one(struct board_slot *slot)
{
	static struct address collection[COLLECTIONS];
	uint64_t seed = 1;

	for (uint32_t i = 0; i < COLLECTIONS; i++)
		memcpy(collection[i].byte + 12, &i, sizeof(i));
	tally_attach(&slot->tally, &slot->top);
	clock_t start = clock();
	for (int i = 0; i < ROUNDS; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		uint32_t at = (uint32_t)(seed >> 40) % COLLECTIONS;

		tally_read(at % 8, TALLY_memory_hit);
		tally_request(at % 16, 200, (int64_t)(seed >> 44));
		tally_collection(&collection[seed >> 63 ? at : at % 20]);
	}
	return (double)(clock() - start) * (1e9 / CLOCKS_PER_SEC) / ROUNDS;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values)
{
	qsort(values, TIMES, sizeof(*values), by_size);
	return values[TIMES / 2];
}

static double flush_minute(const char *url)
{
	static struct tally delta;
	struct analytics_options options = { .url = "", .budget_ms = 5000 };
	const struct redis_options redis = { .url = url, .connect_ms = 5000 };
	struct arena *arena = arena_new(1 << 20);
	double ms[TIMES];

	analytics_settle(&options, &redis, "such-market-bench");
	const struct analytics a = { redis_new(&options.redis), &options, &counted_names };
	for (size_t i = 0; i < TALLY_CELLS; i++)
		((uint64_t *)&delta)[i] = i + 1;
	for (int i = 0; i < TIMES; i++) {
		const struct analytics_batch batch = {
			"bench", (uint64_t)clock_mono_ns(), 1, i, &delta, NULL, 0
		};
		int64_t start_ns = clock_mono_ns(), odd;

		arena_reset(arena);
		if (analytics_apply(&a, arena, &batch, &odd) != RC_OK)
			fail("Redis", redis_error(a.redis));
		ms[i] = (double)(clock_mono_ns() - start_ns) / 1e6;
	}
	redis_free(a.redis);
	arena_free(arena);
	return median(ms);
}

static void fill(struct board *board)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		struct board_slot *slot = board_slot(board, i);
		uint64_t *cells = (uint64_t *)&slot->tally;

		slot->role = 0;
		slot->started_us = 1;
		board_state(slot, BOARD_IDLE, 1);
		for (size_t k = 0; k < TALLY_CELLS; k++)
			cells[k] = k + 1;
	}
	board_vitals(board)->at_us = 1;
}

static double render_metrics(struct board *board)
{
	struct env env = { .board = board, .now_us = clock_wall_us() };
	struct arena *arena = arena_new(1 << 20);
	double ms[TIMES];

	fill(board);
	for (int i = 0; i < TIMES; i++) {
		int64_t start_ns = clock_mono_ns();
		struct metric_cells cells;
		struct buf out;

		arena_reset(arena);
		buf_init(&out, arena, BUF_NO_MAX);
		board_sum(board, &cells);
		prom_counters(&out, &cells);
		prom_histograms(&out, &cells);
		metrics_machine(&out, &env);
		ms[i] = (double)(clock_mono_ns() - start_ns) / 1e6;
	}
	arena_free(arena);
	return median(ms);
}

int main(int argc, char **argv)
{
	struct board *board = open_board();

	if (argc != 2)
		fail("usage", "counters REDIS_URL");
	printf("%.1f\n", count_one(board_slot(board, 0)));
	printf("%.2f\n", flush_minute(argv[1]));
	printf("%.2f\n", render_metrics(board));
	board_close(board);
	return EXIT_SUCCESS;
}
