/*
 * How long a write that one machine has acknowledged takes to be seen on another: two machines
 * behind their nginx over one PostgreSQL, with and without Redis.
 *
 *	seen [ROUNDS]        prints "with|without median_ms p95_ms" twice
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/clock.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/machine.h"

#define A          "0x00000000000000000000000000000000000000d1"
#define OWNER      "/api/collection/" A "/nfts/1/owner"
#define HOLDER(n)  "0x000000000000000000000000000000000000000" #n
#define ROUNDS_MAX 1000
#define PATIENCE   INT64_C(5000000000)

static struct machine machine[2];
static struct http *http[2];
static char key[128];
static int64_t took_ns[ROUNDS_MAX];

static void make_key(void)
{
	static const char *const words[] = { "key",    "create", "--role", "operator",
					     "--name", NULL,     NULL };
	static int n;
	const char *own[7];
	char name[16];
	struct buf said;

	memcpy(own, words, sizeof(own));
	snprintf(name, sizeof(name), "bench %d", n++);
	own[5] = name;
	if (machine_run(&machine[0], own) != 0)
		keeper_panic("no key was made");
	buf_init(&said, NULL, BUF_NO_MAX);
	machine_read_file(machine[0].output, &said);
	const char *at = strstr(said.ptr, "sm_");
	snprintf(key, sizeof(key), "X-API-Key: %.46s", at ? at : "");
	buf_release(&said);
}

static void move(const char *source, const char *target, int log)
{
	char body[512];

	snprintf(body, sizeof(body),
		 "[{\"from\":\"%s\",\"to\":\"%s\",\"tokenId\":\"1\","
		 "\"transactionHash\":\"0x%064x\",\"logIndex\":%d}]",
		 source, target, 0xbe, log);
	struct http_ask ask = { .method = "POST",
				.path = "/api/collection/" A "/transfers",
				.body = str_of(body),
				.headers = { key, "Content-Type: application/json" } };
	if (!http_try(http[0], &ask) || http[0]->status != 200)
		keeper_panic("a transfer was answered %d: " STR_FMT, http[0]->status,
			     STR_ARG(buf_str(&http[0]->body)));
}

/* The other machine's answer, head or body, has this text. */
static bool says(const struct buf *part, const char *text)
{
	return http_try(http[1], &(struct http_ask){ .path = OWNER }) &&
	       http[1]->status == 200 && part->len &&
	       memmem(part->ptr, part->len, text, strlen(text));
}

/* A copy in the other machine's memory, so that it has something to forget. */
static void keep(void)
{
	while (!says(&http[1]->head, "detail=memory"))
		poll(NULL, 0, 2);
}

static int64_t wait_for(const char *owner)
{
	int64_t start_ns = clock_mono_ns();
	char want[80];

	snprintf(want, sizeof(want), "\"owner\":\"%s\"", owner);
	while (!says(&http[1]->body, want))
		if (clock_mono_ns() > start_ns + PATIENCE)
			keeper_panic("a write was not seen");
	return clock_mono_ns() - start_ns;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Writes come at no particular moment of the interval. */
static void measure(const char *name, int rounds, int from)
{
	for (int i = 0; i < rounds; i++) {
		bool back = (from + i) % 2;
		const char *target = back ? HOLDER(1) : HOLDER(2);

		keep();
		poll(NULL, 0, (i * 37) % 100);
		move(back ? HOLDER(2) : HOLDER(1), target, from + i);
		took_ns[i] = wait_for(target);
	}
	qsort(took_ns, (size_t)rounds, sizeof(took_ns[0]), compare);
	printf("%s %.1f %.1f\n", name, (double)took_ns[rounds / 2] / 1e6,
	       (double)took_ns[rounds * 95 / 100] / 1e6);
}

static void run(const char *name, const char *settings, int rounds, int from)
{
	for (int i = 0; i < 2; i++) {
		machine_start(&machine[i], settings);
		http[i] = machine_http(&machine[i]);
	}
	make_key();
	measure(name, rounds, from);
	for (int i = 0; i < 2; i++) {
		http_free(http[i]);
		machine_done(&machine[i]);
	}
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 100;

	if (rounds < 2 || rounds > ROUNDS_MAX)
		return 2;
	rounds &= ~1;
	live_pg_start();
	live_redis_start();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, token_type)"
		    " VALUES ('\\x00000000000000000000000000000000000000d1', 'ERC721');"
		    "INSERT INTO such_market.nfts (contract_address, token_id)"
		    " VALUES ('\\x00000000000000000000000000000000000000d1', 1);"
		    "INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance)"
		    " VALUES ('\\x00000000000000000000000000000000000000d1', 1,"
		    " '\\x0000000000000000000000000000000000000001', 1)");
	run("with", "workers = 1\nslow_workers = 1\nwarm_start = off\n", rounds, 0);
	run("without", "workers = 1\nslow_workers = 1\nwarm_start = off\nredis = off\n", rounds,
	    rounds);
	live_redis_done();
	live_pg_done();
	return 0;
}
