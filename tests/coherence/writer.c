/*
 * Writers: by SQL, as changes made elsewhere are, and over HTTP.  What becomes of each version
 * is settled before the next one is begun.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/scope.h"
#include "coherence/parts.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "net/pg.h"

#define C        "'\\x00000000000000000000000000000000000000c0'"
#define M        "'\\x00000000000000000000000000000000000000c1'"
#define HOLDER   "0x77000000000000000000000000000000%08x"
#define PAUSE_MS 40
#define QUIET_MS 1000

static const struct pg_options options = { .connect_ms = 2000, .deadline_ms = 10000 };

static bool run(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

	return done.rc == RC_OK;
}

void stage_fill(void)
{
	struct pg *pg = pg_new(&options, live_pg_owner_url());

	if (!run(pg, "INSERT INTO such_market.collections (contract_address, name) VALUES (" C
		     ", 'v0'), (" M ", NULL);"
		     "INSERT INTO such_market.nfts (contract_address, token_id, name)"
		     " SELECT " M ", i, 'v0' FROM generate_series(1, 120) AS i;"
		     "INSERT INTO such_market.nfts (contract_address, token_id, name)"
		     " SELECT " C ", i, 'v0' FROM generate_series(1, 300) AS i;"
		     "INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		     " owner_address, balance)"
		     " SELECT " C ", i, decode(rpad('77', 40, '0'), 'hex'), 1"
		     " FROM generate_series(1, 130) AS i;"
		     "INSERT INTO such_market.collections (contract_address)"
		     " SELECT decode(lpad('d' || i, 40, '0'), 'hex') FROM generate_series(0, "
		     "3) AS i;"
		     "INSERT INTO such_market.fc_users (fid, username) VALUES (1, 'v0')"))
		keeper_panic("%s", pg_error(pg));
	pg_free(pg);
}

/* --- by SQL ------------------------------------------------------------------------------ */

static int token_of(int object)
{
	if (object >= FIRST_RARE)
		return object - FIRST_RARE + 201;
	if (object == FIRST_MUTE)
		return 11;
	return object >= FIRST_SLOW ? object - FIRST_SLOW + 9 : object - FIRST_NAME + 1;
}

/* The rows that bear the object's version: all of them, or one that tells it. */
static const char *rows_of(int object, bool all)
{
	static char text[160];

	if (object >= FIRST_COUNTED && object <= LAST_COUNTED) {
		snprintf(text, sizeof(text),
			 "collection_stats WHERE contract_address = '\\x%038dd%d'", 0,
			 object - FIRST_COUNTED);
		return text;
	}
	if (object == FIRST_TITLE)
		return "collections WHERE contract_address = " C;
	if (object == FIRST_USER)
		return "fc_users WHERE fid = 1";
	if (object == FIRST_MANY)
		return all ? "nfts WHERE contract_address = " M
			   : "nfts WHERE contract_address = " M " AND token_id = 1";
	snprintf(text, sizeof(text), "nfts WHERE contract_address = " C " AND token_id = %d",
		 token_of(object));
	return text;
}

/* What bears it. */
static const char *column_of(int object)
{
	if (object >= FIRST_COUNTED && object <= LAST_COUNTED)
		return "transfer_count";
	return object == FIRST_USER ? "username" : "name";
}

/* How: a count is a number. */
static const char *mark_of(int object)
{
	return object >= FIRST_COUNTED && object <= LAST_COUNTED ? "" : "v";
}

static bool update(struct pg *pg, const char *before, int object, uint32_t version)
{
	char sql[512];
	const char *row = rows_of(object, true), *where = strstr(row, " WHERE");

	snprintf(sql, sizeof(sql), "%sUPDATE such_market.%.*s SET %s = '%s%u'%s", before,
		 (int)(where - row), row, column_of(object), mark_of(object), version, where);
	return run(pg, sql);
}

/* Asks until the database answers: whoever wrote it before is gone by then. */
static bool is_there(struct pg *pg, int object, uint32_t version)
{
	char sql[256], want[16];

	snprintf(sql, sizeof(sql), "SELECT %s::text FROM such_market.%s", column_of(object),
		 rows_of(object, false));
	snprintf(want, sizeof(want), "%s%u", mark_of(object), version);
	for (;;) {
		SCOPED(pg_result_done) struct pg_result row = pg_exec(pg, sql);
		if (row.rc == RC_OK && row.count == 1)
			return str_eqz(pg_str(&row, 0, 0), want);
		poll(NULL, 0, 20);
	}
}

static void write_one(struct stage *s, struct pg *pg, uint32_t *seed, int object)
{
	uint32_t version = account_begin(s->account, object);
	bool slow = object >= FIRST_SLOW && object <= LAST_SLOW, drop = dice(seed) % 10 == 0;
	bool done;

	if (!version)
		return;
	if (slow || drop) {
		done = update(pg, "BEGIN; ", object, version);
		if (done && slow)
			poll(NULL, 0, (int)(dice(seed) % 4000));
		done = run(pg, drop ? "ROLLBACK" : "COMMIT") && done;
	} else {
		done = update(pg, "", object, version);
	}
	if (drop || (!done && !is_there(pg, object, version)))
		account_abort(s->account, object, version);
	else
		account_commit(s->account, object, version, -1);
}

/* By any machine, asked until one says that it is done. */
static int clear_over_http(struct stage *s, uint32_t *seed)
{
	char key[128];
	struct http_ask ask = { .method = "POST",
				.path = "/api/admin/cache/clear",
				.body = STR("{\"pattern\":\"such-market:*\"}"),
				.headers = { key, "Content-Type: application/json" } };

	snprintf(key, sizeof(key), "Authorization: Bearer %s", s->key);
	for (;;) {
		int machine = (int)(dice(seed) >> 8) % MACHINES;
		struct http *http = machine_http(&s->machine[machine]);
		bool done = http_try(http, &ask) && http->status == 200;

		http_free(http);
		if (done)
			return machine;
		poll(NULL, 0, 20);
	}
}

void write_mute(struct stage *s, uint32_t *seed, enum clearing how)
{
	static const struct {
		const char *tags, *more;
	} clearing[] = {
		[CLEAR_SQL] = { "u:999", "SELECT such_market.cache_clear_all()" },
		[CLEAR_POISON] = { "\"no such tag\"", "" },
		[CLEAR_HTTP] = { "u:999", "" },
	};
	uint32_t version = account_begin(s->account, FIRST_MUTE);
	char sql[768];

	if (!version)
		return;
	struct pg *pg = pg_new(&options, live_pg_owner_url());
	snprintf(sql, sizeof(sql),
		 "UPDATE such_market.nfts SET name = 'v%u' WHERE contract_address = " C
		 " AND token_id = 11;"
		 "UPDATE such_market.cache_events SET tags = '{%s}'"
		 " WHERE xid = pg_current_xact_id(); %s",
		 version, clearing[how].tags, clearing[how].more);
	if (run(pg, sql) || is_there(pg, FIRST_MUTE, version))
		account_commit(s->account, FIRST_MUTE, version,
			       how == CLEAR_HTTP ? clear_over_http(s, seed) : -1);
	else
		account_abort(s->account, FIRST_MUTE, version);
	pg_free(pg);
}

void run_writer(struct stage *s, uint32_t seed, int first, int last, uint32_t pause_ms)
{
	struct pg *pg = pg_new(&options, live_pg_owner_url());

	if (s->plan->writes == WRITES_QUIET && pause_ms < QUIET_MS)
		pause_ms = QUIET_MS;
	while (!s->account->stop) {
		write_one(s, pg, &seed,
			  first + (int)(dice(&seed) % (uint32_t)(last - first + 1)));
		poll(NULL, 0, (int)(dice(&seed) % (2 * pause_ms)));
	}
	pg_free(pg);
}

/* --- over HTTP --------------------------------------------------------------------------- */

/* One transfer, asked for until a machine says that it is done.  Which one, -1: refused. */
static int transfer(struct stage *s, struct http **http, uint32_t *seed, int token,
		    uint32_t from, uint32_t to)
{
	char body[512], key[128], once[64];

	snprintf(body, sizeof(body),
		 "[{\"from\":\"" HOLDER "\",\"to\":\"" HOLDER
		 "\",\"tokenId\":\"%d\",\"quantity\":\"1\","
		 "\"transactionHash\":\"0x%064x\",\"logIndex\":%u}]",
		 from, to, token, (unsigned)token, to);
	snprintf(key, sizeof(key), "Authorization: Bearer %s", s->key);
	snprintf(once, sizeof(once), "Idempotency-Key: %d-%u", token, to);
	for (;;) {
		int machine = (int)(dice(seed) >> 8) % MACHINES;
		struct http_ask ask = { .method = "POST",
					.path = "/api/collection/" CONTRACT "/transfers",
					.body = str_of(body),
					.headers = { key, once,
						     "Content-Type: application/json" } };

		if (http_try(http[machine], &ask) && http[machine]->status == 200)
			return machine;
		int status = http[machine]->status;
		if (status && status < 500 && status != 409 && status != 429) {
			account_sin(s->account, SIN_REFUSED, "%d %.*s", status,
				    (int)http[machine]->body.len, http[machine]->body.ptr);
			return -1;
		}
		poll(NULL, 0, 20);
	}
}

void run_poster(struct stage *s, uint32_t seed, int which)
{
	struct http *http[MACHINES];
	uint32_t pause_ms = s->plan->writes == WRITES_QUIET ? QUIET_MS : PAUSE_MS;
	uint32_t held[LAST_OWNER - FIRST_OWNER + 1] = { 0 };

	for (int i = 0; i < MACHINES; i++)
		http[i] = machine_http(&s->machine[i]);
	while (!s->account->stop) {
		int i = (int)(dice(&seed) % 4) * 2 + which;
		uint32_t version = account_begin(s->account, FIRST_OWNER + i);
		if (!version)
			continue;
		int machine = transfer(s, http, &seed, i + 1, held[i], version);
		if (machine < 0) {
			account_abort(s->account, FIRST_OWNER + i, version);
			continue;
		}
		account_commit(s->account, FIRST_OWNER + i, version, machine);
		held[i] = version;
		poll(NULL, 0, (int)(dice(&seed) % pause_ms));
	}
	for (int i = 0; i < MACHINES; i++)
		http_free(http[i]);
}
