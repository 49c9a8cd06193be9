/*
 * Recording transfers: each rule, random histories against a small model of them, sessions that
 * meet, requests sent twice, and COMMITs whose reply is lost.
 */
#include "lib/child.h"
#include "suite.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/scope.h"
#include "lib/commit_hold.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/transfer_write.h"
#include "net/pg.h"

#define SINGLE   "0x00000000000000000000000000000000000000d1" /* ERC721 */
#define MANY     "0x00000000000000000000000000000000000000d2" /* ERC1155 */
#define RANDOM_1 "0x00000000000000000000000000000000000000d3" /* ERC721 */
#define RANDOM_2 "0x00000000000000000000000000000000000000d4" /* ERC1155 */
#define SESSIONS 8
#define STEPS    40

static struct env *env;
static const struct pg_options super_options = { .connect_ms = 5000, .deadline_ms = 20000 };

static void start(void)
{
	world_start();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, token_type) VALUES"
		    " ('\\x00000000000000000000000000000000000000d1', 'ERC721'),"
		    " ('\\x00000000000000000000000000000000000000d2', 'ERC1155'),"
		    " ('\\x00000000000000000000000000000000000000d3', 'ERC721'),"
		    " ('\\x00000000000000000000000000000000000000d4', 'ERC1155')");
}

/* --- requests ---------------------------------------------------------------------------- */

/* Wallets are 1 … 4; 0 is nobody.  Each test has logs of its own below one hash. */
static struct transfer_move move(int from, int to, int token, int quantity, int log)
{
	struct transfer_move m = { .log_index = log, .hashed = true };

	if (from)
		m.from = address_of(WALLET "0");
	if (to)
		m.to = address_of(WALLET "0");
	m.from.byte[19] = (uint8_t)from;
	m.to.byte[19] = (uint8_t)to;
	snprintf(m.token.dec, sizeof(m.token.dec), "%d", token);
	snprintf(m.quantity.dec, sizeof(m.quantity.dec), "%d", quantity);
	m.hash[0] = 7;
	return m;
}

static struct transfer_verdict verdict;

static enum rc record_as(const char *contract, const char *key, const struct transfer_move *m,
			 size_t n)
{
	struct buf body;
	struct transfer_write write = { .contract = address_of(contract),
					.move = m,
					.count = n,
					.key = str_of(key),
					.route = STR("test") };

	buf_init(&body, env->arena, BUF_NO_MAX);
	buf_add(&body, m, n * sizeof(*m));
	write.body = buf_str(&body);
	return transfers_record(env, &write, &verdict);
}

#define RECORD(contract, ...)                                                                  \
	record_as(contract, NULL, (const struct transfer_move[]){ __VA_ARGS__ },               \
		  COUNT_OF(((const struct transfer_move[]){ __VA_ARGS__ })))
#define RECORD_KEY(contract, key, ...)                                                         \
	record_as(contract, key, (const struct transfer_move[]){ __VA_ARGS__ },                \
		  COUNT_OF(((const struct transfer_move[]){ __VA_ARGS__ })))

static void recorded(enum rc rc, const char *answer)
{
	ck_assert_msg(rc == RC_OK, "%d, outcome %d: %s", rc, verdict.outcome,
		      pg_error(env->pg));
	ck_str(verdict.answer, answer);
}

static void refused(enum rc rc, enum transfer_outcome outcome, size_t place)
{
	ck_assert_int_eq(rc, RC_UNPROCESSABLE);
	ck_assert_int_eq(verdict.outcome, outcome);
	ck_assert_uint_eq(verdict.place, place);
}

/* --- what there is ------------------------------------------------------------------------ */

static const char *ask(const char *sql, const char *contract)
{
	struct address a = address_of(contract);
	SCOPED(pg_result_done)
	struct pg_result rows = pg_exec_args(env->pg, sql, PG_ARGS(pg_address(&a)));
	struct buf out;

	ck_assert_msg(rows.rc == RC_OK, "%s: %s", sql, pg_error(env->pg));
	buf_init(&out, env->arena, BUF_NO_MAX);
	for (int i = 0; i < rows.count; i++) {
		if (i)
			buf_addc(&out, ' ');
		buf_adds(&out, pg_str(&rows, i, 0));
	}
	buf_addc(&out, '\0');
	return out.ptr;
}

/* "token:wallet:balance …" */
static const char *holdings(const char *contract)
{
	return ask("SELECT token_id || ':' || right(owner_address::text, 1) || ':' || balance"
		   " FROM such_market.nft_ownership WHERE contract_address = $1"
		   " ORDER BY token_id, owner_address",
		   contract);
}

/* The order of recording. */
static const char *history(const char *contract)
{
	return ask("SELECT token_id || ':' || log_index FROM such_market.transfers"
		   " WHERE contract_address = $1 ORDER BY id",
		   contract);
}

static const char *tokens(const char *contract)
{
	return ask("SELECT token_id FROM such_market.nfts WHERE contract_address = $1"
		   " ORDER BY token_id",
		   contract);
}

static void exact(void)
{
	ck_assert_str_eq(ask("SELECT format('%s.%s of %s: %s, not %s', summary, field,"
			     " contract_address, \"is\", ought)"
			     " FROM such_market.summary_differences() WHERE $1::bytea IS NOT "
			     "NULL",
			     SINGLE),
			 "");
}

/* A collection as if it had never been written to. */
static void wipe(const char *contract)
{
	ask("DELETE FROM such_market.transfers WHERE contract_address = $1", contract);
	ask("DELETE FROM such_market.nft_ownership WHERE contract_address = $1", contract);
	ask("DELETE FROM such_market.nfts WHERE contract_address = $1", contract);
}

static void begin(void)
{
	env = new_env();
	wipe(SINGLE);
	wipe(MANY);
}

static void end(void)
{
	exact();
	free_env(env);
}

/* --- rules -------------------------------------------------------------------------------- */

START_TEST(test_in_order)
{
	begin();
	/* Minted, given on and back, and burned, in one request. */
	recorded(RECORD(SINGLE, move(0, 1, 5, 1, 9), move(1, 2, 5, 1, 3), move(2, 1, 5, 1, 8),
			move(0, 3, 4, 1, 1), move(3, 0, 4, 1, 0)),
		 "{\"recorded\":5,\"duplicates\":0}");
	ck_assert_str_eq(holdings(SINGLE), "5:1:1");
	ck_assert_str_eq(tokens(SINGLE), "4 5");
	ck_assert_str_eq(history(SINGLE), "5:9 5:3 5:8 4:1 4:0");
	recorded(RECORD(SINGLE, move(1, 1, 5, 1, 20)), "{\"recorded\":1,\"duplicates\":0}");
	ck_assert_str_eq(holdings(SINGLE), "5:1:1");
	/* Burned tokens may be minted again. */
	recorded(RECORD(SINGLE, move(0, 4, 4, 1, 21)), "{\"recorded\":1,\"duplicates\":0}");
	ck_assert_str_eq(holdings(SINGLE), "4:4:1 5:1:1");
	end();
}
END_TEST

START_TEST(test_not_enough)
{
	begin();
	recorded(RECORD(MANY, move(0, 1, 7, 10, 1)), "{\"recorded\":1,\"duplicates\":0}");
	refused(RECORD(MANY, move(1, 2, 7, 6, 2), move(1, 2, 7, 5, 3), move(0, 1, 8, 1, 4)),
		TRANSFER_NOT_ENOUGH, 1);
	ck_str(u256_str(&verdict.held), "4");
	/* What comes later in the array does not help. */
	refused(RECORD(MANY, move(2, 3, 7, 1, 2), move(1, 2, 7, 5, 3)), TRANSFER_NOT_ENOUGH, 0);
	ck_str(u256_str(&verdict.held), "0");
	/* Nobody holds what is unknown. */
	refused(RECORD(MANY, move(1, 2, 99, 1, 2)), TRANSFER_NOT_ENOUGH, 0);
	refused(RECORD(MANY, move(1, 0, 99, 1, 2)), TRANSFER_NOT_ENOUGH, 0);
	/* To oneself, too, one must have it. */
	refused(RECORD(MANY, move(1, 1, 7, 11, 2)), TRANSFER_NOT_ENOUGH, 0);
	ck_assert_str_eq(holdings(MANY), "7:1:10");
	ck_assert_str_eq(history(MANY), "7:1");
	ck_assert_str_eq(tokens(MANY), "7");
	end();
}
END_TEST

START_TEST(test_balances)
{
	struct transfer_move most = move(0, 1, 1, 1, 5);

	begin();
	recorded(RECORD(MANY, move(0, 1, 3, 10, 1), move(0, 2, 3, 5, 2), move(1, 2, 3, 4, 3),
			move(2, 3, 3, 9, 4)),
		 "{\"recorded\":4,\"duplicates\":0}");
	ck_assert_str_eq(holdings(MANY), "3:1:6 3:3:9");
	recorded(RECORD(MANY, move(1, 0, 3, 6, 6)), "{\"recorded\":1,\"duplicates\":0}");
	ck_assert_str_eq(holdings(MANY), "3:3:9");
	most.quantity = (struct u256){ U256_MAX };
	recorded(RECORD(MANY, most), "{\"recorded\":1,\"duplicates\":0}");
	refused(RECORD(MANY, move(0, 2, 1, 1, 7), move(0, 1, 1, 1, 8)), TRANSFER_TOO_MUCH, 1);
	recorded(RECORD(MANY, move(0, 2, 1, 1, 7)), "{\"recorded\":1,\"duplicates\":0}");
	end();
}
END_TEST

START_TEST(test_one_holder)
{
	begin();
	refused(RECORD(SINGLE, move(0, 1, 1, 1, 1), move(0, 2, 1, 1, 2)), TRANSFER_HELD, 1);
	refused(RECORD(SINGLE, move(0, 1, 1, 2, 1)), TRANSFER_NOT_ONE, 0);
	recorded(RECORD(SINGLE, move(0, 1, 1, 1, 1)), "{\"recorded\":1,\"duplicates\":0}");
	refused(RECORD(SINGLE, move(1, 2, 1, 1, 2), move(0, 1, 1, 1, 3)), TRANSFER_HELD, 1);
	refused(RECORD(SINGLE, move(1, 2, 1, 2, 2)), TRANSFER_NOT_ONE, 0);
	ck_assert_str_eq(holdings(SINGLE), "1:1:1");
	end();
}
END_TEST

START_TEST(test_duplicates)
{
	struct transfer_move batch = move(0, 1, 2, 3, 1);

	begin();
	recorded(RECORD(MANY, move(0, 1, 2, 3, 1), move(0, 1, 2, 3, 1), move(0, 1, 3, 3, 1)),
		 "{\"recorded\":2,\"duplicates\":1}");
	recorded(RECORD(MANY, move(0, 1, 2, 3, 1), move(0, 1, 3, 3, 1)),
		 "{\"recorded\":0,\"duplicates\":2}");
	batch.batch_index = 1;
	recorded(RECORD(MANY, move(0, 1, 2, 3, 1), batch, move(1, 4, 2, 6, 2)),
		 "{\"recorded\":2,\"duplicates\":1}");
	/* A duplicate moves nothing, so it cannot fail. */
	recorded(RECORD(MANY, move(1, 4, 2, 6, 2)), "{\"recorded\":0,\"duplicates\":1}");
	ck_assert_str_eq(holdings(MANY), "2:4:6 3:1:3");
	ck_assert_int_eq(RECORD(NOWHERE, move(0, 1, 2, 3, 1)), RC_NOT_FOUND);
	ck_assert_int_eq(verdict.outcome, TRANSFER_NO_COLLECTION);
	end();
}
END_TEST

/* The events of what recorded them are known, however long ago it began or a row says so, and
 * whatever savepoint or update the row is of: another machine may wait for them still. */
START_TEST(test_who_recorded_them)
{
	static const char *const again =
		"SELECT earlier = array(SELECT DISTINCT e.xid FROM such_market.cache_events AS "
		"e"
		" WHERE 't:0x00000000000000000000000000000000000000d2:900' = ANY (e.tags))"
		" FROM such_market.record_transfers("
		"'\\x00000000000000000000000000000000000000d2', '[{\"i\":0,\"token\":900,"
		"\"from\":\"0000000000000000000000000000000000000000\","
		"\"to\":\"00000000000000000000000000000000000000a1\",\"quantity\":1,"
		"\"origin\":"
		"\"0900000000000000000000000000000000000000000000000000000000000000\","
		"\"synthetic\":false,\"log\":1,\"batch\":0}]')";
	static const char *const ways[] = {
		"VACUUM (FREEZE) such_market.transfers",
		"UPDATE such_market.transfers SET xid = '9000000000'"
		" WHERE token_id = 900"
	};

	begin();
	live_pg_sql(arena_printf(env->arena,
				 "BEGIN; SAVEPOINT s; %s; UPDATE such_market.transfers"
				 " SET created_at = created_at - interval '61 s'"
				 " WHERE token_id = 900; COMMIT",
				 again)
			    .ptr);
	struct pg *super = pg_new(&super_options, live_pg_super_url());
	for (size_t i = 0; i <= COUNT_OF(ways); i++) {
		SCOPED(pg_result_done) struct pg_result known = pg_exec(super, again);

		ck_assert_msg(known.rc == RC_OK, "%s", pg_error(super));
		/* Numbers of another server name nothing. */
		ck_str(pg_str(&known, 0, 0), i < COUNT_OF(ways) ? "t" : "");
		if (i < COUNT_OF(ways))
			live_pg_sql(ways[i]);
	}
	pg_free(super);
	end();
}
END_TEST

START_TEST(test_key)
{
	struct transfer_move nameless = move(0, 1, 5, 1, 0);

	begin();
	recorded(RECORD_KEY(MANY, "k1", move(0, 1, 5, 1, 1)),
		 "{\"recorded\":1,\"duplicates\":0}");
	recorded(RECORD_KEY(MANY, "k1", move(0, 1, 5, 1, 1)),
		 "{\"recorded\":1,\"duplicates\":0}");
	ck_assert_int_eq(verdict.outcome, TRANSFER_REPLAYED);
	ck_assert_int_eq(RECORD_KEY(MANY, "k1", move(0, 1, 5, 1, 2)), RC_UNPROCESSABLE);
	ck_assert_int_eq(verdict.outcome, TRANSFER_MISMATCH);
	ck_assert_int_eq(RECORD_KEY(SINGLE, "k1", move(0, 1, 5, 1, 1)), RC_UNPROCESSABLE);
	ck_assert_int_eq(verdict.outcome, TRANSFER_MISMATCH);
	/* What did nothing is not remembered. */
	refused(RECORD_KEY(MANY, "k2", move(2, 1, 5, 1, 2)), TRANSFER_NOT_ENOUGH, 0);
	recorded(RECORD(MANY, move(0, 2, 5, 1, 3)), "{\"recorded\":1,\"duplicates\":0}");
	recorded(RECORD_KEY(MANY, "k2", move(2, 1, 5, 1, 2)),
		 "{\"recorded\":1,\"duplicates\":0}");
	/* Without a hash the key is the identity. */
	nameless.hashed = false;
	recorded(RECORD_KEY(MANY, "k3", nameless, nameless),
		 "{\"recorded\":2,\"duplicates\":0}");
	live_pg_sql("DELETE FROM such_market.idempotency WHERE key = 'k3'");
	recorded(RECORD_KEY(MANY, "k3", nameless, nameless),
		 "{\"recorded\":0,\"duplicates\":2}");
	recorded(RECORD_KEY(MANY, "k4", nameless), "{\"recorded\":1,\"duplicates\":0}");
	ck_assert_str_eq(holdings(MANY), "5:1:5");
	end();
}
END_TEST

START_TEST(test_prune)
{
	begin();
	recorded(RECORD_KEY(MANY, "old", move(0, 1, 5, 1, 1)),
		 "{\"recorded\":1,\"duplicates\":0}");
	recorded(RECORD_KEY(MANY, "new", move(0, 1, 5, 1, 2)),
		 "{\"recorded\":1,\"duplicates\":0}");
	recorded(RECORD(MANY, move(0, 1, 5, 1, 3)), "{\"recorded\":1,\"duplicates\":0}");
	live_pg_sql("UPDATE such_market.idempotency SET at = at - interval '2 days'"
		    " WHERE key = 'old'");
	live_pg_sql("UPDATE such_market.idempotency SET at = at - interval '2 hours'"
		    " WHERE key <> 'old'");
	live_pg_sql("SET ROLE such_market_maintenance;"
		    "SELECT such_market.idempotency_prune('1 day')");
	ck_assert_str_eq(ask("SELECT key FROM such_market.idempotency"
			     " WHERE $1::bytea IS NOT NULL AND key IN ('old', 'new') OR NOT "
			     "given",
			     MANY),
			 "new");
	end();
}
END_TEST

/* --- random histories against a model of them ----------------------------------------------
 */

#define HOLDERS 4
#define TOKENS  5

struct model {
	bool single;
	int balance[TOKENS][HOLDERS + 1];
	bool seen[4096];
};

static uint64_t dice_state;

static int dice(int n)
{
	dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
	return (int)((dice_state >> 33) % (uint64_t)n);
}

static int supply(const struct model *m, int token)
{
	int sum = 0;

	for (int h = 1; h <= HOLDERS; h++)
		sum += m->balance[token][h];
	return sum;
}

/* What ought to become of the move. */
static enum transfer_outcome step(struct model *m, int from, int to, int token, int quantity)
{
	if (m->single && quantity != 1)
		return TRANSFER_NOT_ONE;
	if (from && m->balance[token][from] < quantity)
		return TRANSFER_NOT_ENOUGH;
	if (!from && m->single && supply(m, token))
		return TRANSFER_HELD;
	m->balance[token][from] -= from ? quantity : 0;
	m->balance[token][to] += to ? quantity : 0;
	return TRANSFER_RECORDED;
}

static const char *model_holdings(const struct model *m)
{
	struct buf out;

	buf_init(&out, env->arena, BUF_NO_MAX);
	for (int t = 0; t < TOKENS; t++)
		for (int h = 1; h <= HOLDERS; h++)
			if (m->balance[t][h])
				buf_addf(&out, "%s%d:%d:%d", out.len ? " " : "", t, h,
					 m->balance[t][h]);
	buf_addc(&out, '\0');
	return out.ptr;
}

/* Prefers what is possible, so that long requests go through now and then. */
static int holder_of(const struct model *m, int token)
{
	for (int i = 0; i < 6; i++) {
		int h = 1 + dice(HOLDERS);

		if (m->balance[token][h])
			return h;
	}
	return dice(HOLDERS + 1);
}

static void request(struct model *m, const char *contract)
{
	struct transfer_move moves[8];
	struct model next = *m;
	enum transfer_outcome want = TRANSFER_RECORDED;
	size_t n = 1 + (size_t)dice(8), place = 0, fresh = 0;
	char answer[64];
	enum rc rc;

	for (size_t i = 0; i < n; i++) {
		int log = dice(4) ? dice((int)COUNT_OF(m->seen)) : dice(64);
		int token = log % TOKENS; /* the same log is the same token */
		int from = dice(3) ? holder_of(&next, token) : 0, to = dice(HOLDERS + 1);
		int quantity = m->single && dice(20) ? 1 : 1 + dice(3);

		if (!from && !to)
			to = 1;
		moves[i] = move(from, to, token, quantity, log);
		moves[i].hash[1] = m->single;
		moves[i].hash[2] = 1;
		if (next.seen[log] || want != TRANSFER_RECORDED)
			continue;
		want = step(&next, from, to, token, quantity);
		place = i;
		next.seen[log] = true;
		fresh++;
	}
	rc = record_as(contract, NULL, moves, n);
	if (want != TRANSFER_RECORDED) {
		refused(rc, want, place);
		return;
	}
	snprintf(answer, sizeof(answer), "{\"recorded\":%zu,\"duplicates\":%zu}", fresh,
		 n - fresh);
	recorded(rc, answer);
	*m = next;
}

static void random_history(const char *contract, bool single)
{
	struct model m = { .single = single };

	env = new_env();
	for (int i = 0; i < 150; i++) {
		request(&m, contract);
		ck_assert_str_eq(holdings(contract), model_holdings(&m));
		if (i % 50 == 49)
			exact();
		arena_reset(env->arena);
	}
	free_env(env);
}

START_TEST(test_random)
{
	dice_state = 20261121;
	random_history(RANDOM_1, true);
	random_history(RANDOM_2, false);
}
END_TEST

/* --- sessions that meet ---------------------------------------------------------------------
 */

/* Deadlocks would be tried again: the server counts them. */
static int deadlocks(void)
{
	return atoi(ask("SELECT deadlocks FROM pg_stat_database WHERE datname = "
			"current_database() AND $1::bytea IS NOT NULL",
			MANY));
}

static int session(int me)
{
	static const char *const contracts[] = { SINGLE, MANY };
	int bad = 0;

	env = new_env();
	dice_state = (uint64_t)me * 77 + 1;
	for (int i = 0; i < STEPS; i++) {
		struct transfer_move moves[6];
		size_t n = 1 + (size_t)dice(6);
		int which = dice(2);

		for (size_t k = 0; k < n; k++) {
			int log = dice(200);

			moves[k] =
				move(dice(2) ? 0 : 1 + dice(4), 1 + dice(4), log % 7, 1, log);
			moves[k].hash[1] = (uint8_t)dice(2);
		}
		enum rc rc = record_as(contracts[which], NULL, moves, n);
		if (rc != RC_OK && rc != RC_UNPROCESSABLE && rc != RC_CONFLICT) {
			fprintf(stderr, "%d: %s\n", rc, pg_error(env->pg));
			bad = 1;
		}
		arena_reset(env->arena);
	}
	free_env(env);
	return bad;
}

START_TEST(test_sessions)
{
	pid_t child[SESSIONS];
	int before;

	begin();
	before = deadlocks();
	for (int i = 0; i < SESSIONS; i++) {
		child[i] = child_fork();
		if (child[i] == 0)
			_exit(session(i));
	}
	for (int i = 0; i < SESSIONS; i++) {
		int status;

		ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(deadlocks(), before);
	ck_assert_str_ne(history(MANY), "");
	end();
}
END_TEST

/* Eight clients send the same request at once: one applies, all get its answer. */
static int same_request(void)
{
	env = new_env();
	enum rc rc = RECORD_KEY(MANY, "race", move(0, 1, 1, 1, 1), move(0, 1, 1, 1, 2));
	int bad = rc != RC_OK || !str_eqz(verdict.answer, "{\"recorded\":2,\"duplicates\":0}");

	if (bad)
		fprintf(stderr, "%d: %s\n", rc, pg_error(env->pg));
	free_env(env);
	return bad;
}

START_TEST(test_same_key)
{
	pid_t child[SESSIONS];

	begin();
	for (int i = 0; i < SESSIONS; i++) {
		child[i] = child_fork();
		if (child[i] == 0)
			_exit(same_request());
	}
	for (int i = 0; i < SESSIONS; i++) {
		int status;

		ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_str_eq(holdings(MANY), "1:1:2");
	end();
}
END_TEST

/* --- a COMMIT whose reply is lost
 * ------------------------------------------------------------- */

/* Every session ends inside of its first COMMIT. */
static void die_in_commit(bool on)
{
	live_pg_sql("DROP TRIGGER IF EXISTS die ON such_market.transfers;"
		    "DROP SEQUENCE IF EXISTS such_market.died");
	if (!on)
		return;
	live_pg_sql(
		"CREATE SEQUENCE such_market.died;"
		"CREATE OR REPLACE FUNCTION such_market.die() RETURNS trigger LANGUAGE plpgsql"
		" SECURITY DEFINER AS $$ BEGIN"
		" IF nextval('such_market.died') = 1 THEN"
		" PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$;"
		"CREATE CONSTRAINT TRIGGER die AFTER INSERT ON such_market.transfers"
		" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "
		"such_market.die()");
}

START_TEST(test_commit_undone)
{
	begin();
	die_in_commit(true);
	recorded(RECORD(MANY, move(0, 1, 1, 1, 1)), "{\"recorded\":1,\"duplicates\":0}");
	ck_assert_int_eq(verdict.outcome, TRANSFER_RECORDED);
	die_in_commit(false);
	ck_assert_str_eq(holdings(MANY), "1:1:1");
	end();
}
END_TEST

/* The session is ended while it waits in COMMIT: what it committed stays. */
START_TEST(test_commit_done)
{
	int status;

	begin();
	commits_hold();
	pid_t child = child_fork();
	if (child == 0) {
		commits_await(true);
		commits_release();
		_exit(0);
	}
	recorded(RECORD(MANY, move(0, 1, 1, 1, 1)), "{\"recorded\":1,\"duplicates\":0}");
	ck_assert_int_eq(verdict.outcome, TRANSFER_REPLAYED);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(holdings(MANY), "1:1:1");
	end();
}
END_TEST

/* While it waits in COMMIT nobody can say; afterwards the same request finds out. */
START_TEST(test_commit_unknown)
{
	struct transfer_move m = move(0, 1, 1, 1, 1);
	struct transfer_write write = { .contract = address_of(MANY),
					.move = &m,
					.count = 1,
					.key = STR("unknown"),
					.route = STR("test"),
					.body = STR("x"),
					.deadline_ms = 1200 };

	begin();
	commits_hold();
	ck_assert_int_eq(transfers_record(env, &write, &verdict), RC_UNAVAILABLE);
	ck_assert(verdict.unknown);
	commits_release();
	write.deadline_ms = 15000;
	recorded(transfers_record(env, &write, &verdict), "{\"recorded\":1,\"duplicates\":0}");
	ck_assert_str_eq(holdings(MANY), "1:1:1");
	end();
}
END_TEST

SUITE_WITH(start, world_done, 120, test_in_order, test_not_enough, test_balances,
	   test_one_holder, test_duplicates, test_who_recorded_them, test_key, test_prune,
	   test_random, test_sessions, test_same_key, test_commit_undone, test_commit_done,
	   test_commit_unknown)
