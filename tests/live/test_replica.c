/* Reads from a standby: used when fresh enough, passed by when behind, gone, hanging or of
 * another history, and found again. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/clock.h"
#include "lib/http.h"
#include "lib/live_pair.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/machine.h"
#include "lib/pg_server.h"
#include "suite.h"

#define CONTRACT "0x00000000000000000000000000000000000000c0"
#define C        "'\\x00000000000000000000000000000000000000c0'"
#define OF       "/api/collection/" CONTRACT
#define WORLD                                                                                  \
	"INSERT INTO such_market.collections (contract_address, name) VALUES (" C ", 'C');"    \
	"INSERT INTO such_market.nfts (contract_address, token_id, name)"                      \
	" SELECT " C ", i, 'here' FROM generate_series(1, 20000) AS i;"                        \
	"INSERT INTO such_market.nft_ownership (contract_address, token_id, owner_address,"    \
	" balance) SELECT " C ", i, decode(rpad('77', 40, '0'), 'hex'), 1"                     \
	" FROM generate_series(1, 9) AS i"
#define PATIENCE_NS INT64_C(30000000000)

static struct machine machine;
static struct pg_server stranger;
static char key[96];
static int asked; /* tokens up to here were asked for: a fresh one is a miss */

static void make_key(void)
{
	static const char *const words[] = { "key",    "create", "--role", "operator",
					     "--name", "test",   NULL };
	struct buf out;

	buf_init(&out, NULL, BUF_NO_MAX);
	ck_assert_int_eq(machine_run(&machine, words), 0);
	machine_read_file(machine.output, &out);
	const char *at = strstr(out.ptr, "sm_");
	ck_assert_ptr_nonnull(at);
	snprintf(key, sizeof(key), "Authorization: Bearer %.46s", at);
	buf_release(&out);
}

static void machine_with(const char *url)
{
	char settings[1024];

	snprintf(settings, sizeof(settings),
		 "workers = 1\nslow_workers = 1\nredis = off\nreplica_urls = \"%s\"\n"
		 "database_ping_interval = 200ms\n",
		 url);
	machine_start(&machine, settings);
}

static void start(void)
{
	live_pg_start();
	live_redis_start();
	live_pg_sql(WORLD);
	live_pair_start();
	machine_with(live_pair_url(1));
	make_key();
}

static void done(void)
{
	machine_done(&machine);
	live_pair_done();
	live_redis_done();
	live_pg_done();
}

static bool is_from(const struct http *http, const char *source)
{
	char want[32];
	const char *status = http_header((struct http *)http, "Cache-Status");

	snprintf(want, sizeof(want), "detail=%s", source);
	return status && strstr(status, want);
}

/* A token nobody asked for before. */
static void ask_fresh(struct http *http)
{
	char path[128];

	snprintf(path, sizeof(path), OF "/nfts/%d", ++asked);
	ck_assert_int_eq(http_get(http, path), 200);
	ck_assert_str_eq(http_text(http, "name"), "here");
}

static void wait_for(struct http *http, const char *source)
{
	int64_t until = clock_mono_ns() + PATIENCE_NS;

	do {
		ask_fresh(http);
		poll(NULL, 0, is_from(http, source) ? 0 : 10);
	} while (!is_from(http, source) && clock_mono_ns() < until);
	ck_assert(is_from(http, source));
}

static int64_t count(struct http *http, const char *outcome)
{
	char want[96];

	snprintf(want, sizeof(want),
		 "\nsuch_market_replica_reads_total{replica=\"0\",outcome=\"%s\"} ", outcome);
	http_ask(http, &(struct http_ask){ .path = "/metrics", .headers = { key } });
	ck_assert_int_eq(http->status, 200);
	const char *at = strstr(http->body.ptr, want);
	ck_assert_ptr_nonnull(at);
	return strtoll(at + strlen(want), NULL, 10);
}

static void wait_for_status(struct http *http, const char *status)
{
	int64_t until = clock_mono_ns() + PATIENCE_NS;
	const char *is = NULL;

	do {
		ck_assert_int_eq(http_get(http, "/health"), 200);
		is = http_text(http, "checks.replicas.0.status");
	} while (is && strcmp(is, status) != 0 && clock_mono_ns() < until &&
		 poll(NULL, 0, 20) == 0);
	ck_assert_ptr_nonnull(is);
	ck_assert_str_eq(is, status);
}

static void transfer(struct http *http, int token, const char *to)
{
	char body[512], path[] = OF "/transfers", once[64];

	snprintf(body, sizeof(body),
		 "[{\"from\":\"0x7700000000000000000000000000000000000000\",\"to\":\"%s\","
		 "\"tokenId\":\"%d\",\"quantity\":\"1\",\"transactionHash\":\"0x%064x\","
		 "\"logIndex\":0}]",
		 to, token, (unsigned)token);
	snprintf(once, sizeof(once), "Idempotency-Key: replica-%d", token);
	struct http_ask post = { .method = "POST",
				 .path = path,
				 .body = str_of(body),
				 .headers = { key, once, "Content-Type: application/json" } };
	http_ask(http, &post);
	ck_assert_int_eq(http->status, 200);
}

/* What it has is asked of it, what it has not got yet of the primary: at once, and only that.
 */
START_TEST(test_fresh_and_behind)
{
	static const char to[] = "0x8800000000000000000000000000000000000001";
	struct http *http = machine_http(&machine);

	asked = 3000;
	wait_for(http, "replica");
	live_standby_delay(600000);
	transfer(http, 1, to);
	ck_assert_int_eq(http_get(http, OF "/nfts/1/owner"), 200);
	ck_assert_str_eq(http_text(http, "owner"), to);
	ck_assert(is_from(http, "database"));
	ck_assert_int_gt(count(http, "behind"), 0);
	wait_for(http, "replica");
	ck_assert_int_eq(http_get(http, OF "/nfts/1/owner"), 200);
	ck_assert_str_eq(http_text(http, "owner"), to);
	live_standby_delay(0);
	live_standby_replayed();
	wait_for(http, "replica");
	http_free(http);
}
END_TEST

START_TEST(test_dead_and_back)
{
	struct http *http = machine_http(&machine);

	asked = 6000;
	wait_for(http, "replica");
	live_standby_end();
	for (int i = 0; i < 20; i++) {
		ask_fresh(http);
		ck_assert(is_from(http, "database"));
	}
	ck_assert_int_lt(count(http, "failed"), 20); /* it is left alone meanwhile */
	wait_for_status(http, "down");
	ck_assert_str_eq(http_text(http, "status"), "degraded");
	live_standby_resume();
	wait_for(http, "replica");
	http_free(http);
}
END_TEST

/* One read waits for it, as long as the setting says. */
START_TEST(test_hangs)
{
	struct http *http = machine_http(&machine);
	int64_t begin;

	asked = 9000;
	wait_for(http, "replica");
	live_standby_stop(true);
	begin = clock_mono_ns();
	for (int i = 0; i < 5; i++) {
		ask_fresh(http);
		ck_assert(is_from(http, "database"));
	}
	ck_assert_int_lt(clock_mono_ns() - begin, INT64_C(5000000000));
	live_standby_stop(false);
	wait_for(http, "replica");
	http_free(http);
}
END_TEST

/* It takes writes of its own now; its numbers run ahead of ours. */
START_TEST(test_promoted_by_mistake)
{
	struct http *http = machine_http(&machine);

	asked = 12000;
	wait_for(http, "replica");
	live_standby_promote();
	int64_t used = count(http, "used");
	live_pair_sql(live_pair_standby(), "UPDATE such_market.nfts SET name = 'elsewhere'");
	for (int i = 0; i < 20; i++) {
		ask_fresh(http);
		ck_assert(is_from(http, "database"));
	}
	wait_for_status(http, "refused");
	ck_assert_int_eq(count(http, "used"), used);
	live_standby_rebuild();
	wait_for(http, "replica");
	http_free(http);
}
END_TEST

/* A standby, but of another system, though it has all the tables. */
START_TEST(test_stranger)
{
	char mark[PG_SERVER_PATH + 32], url[PG_SERVER_PATH + 256];
	const char *touch[] = { "touch", mark, NULL };

	machine_done(&machine);
	live_pg_build(&stranger, "stranger");
	live_pair_sql(&stranger, WORLD);
	live_pair_sql(&stranger, "UPDATE such_market.nfts SET name = 'elsewhere'");
	keeper_end(&stranger.keeper, SIGINT);
	snprintf(mark, sizeof(mark), "%s/standby.signal", stranger.data);
	keeper_command(&stranger.keeper, touch, "/dev/null");
	pg_server_resume(&stranger);
	snprintf(url, sizeof(url), "%s",
		 pg_server_url(&stranger, "such_market_app", "such_market"));
	machine_with(url);
	struct http *http = machine_http(&machine);
	asked = 18000;
	wait_for_status(http, "refused");
	for (int i = 0; i < 20; i++) {
		ask_fresh(http);
		ck_assert(is_from(http, "database"));
	}
	ck_assert_int_eq(count(http, "used"), 0);
	http_free(http);
	keeper_close(&stranger.keeper);
}
END_TEST

SUITE_WITH(start, done, 120, test_fresh_and_behind, test_dead_and_back, test_hangs,
	   test_promoted_by_mistake, test_stranger)
