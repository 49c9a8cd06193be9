#include "model/instance.h"

#include <string.h>
#include "base/hex.h"
#include "cache/cache.h"
#include "model/env.h"
#include "net/epoch.h"
#include "net/pg.h"

/*
 * A request wants a page, so it walks an index from the page's beginning: reading a table
 * through and sorting it, which looks as good to the planner when a statement's LIMIT is a
 * parameter, is never right, nor are helpers that take longer to start than the page takes to
 * read.
 */
static const char session[] = "SET enable_seqscan = off; SET random_page_cost = 1.1;"
			      "SET max_parallel_workers_per_gather = 0; SET jit = off";

/* "\x0a0b…" as PostgreSQL writes bytea; 0 when it does not fit. */
static size_t secret_read(struct str text, char ret[ENV_SECRET_BYTES])
{
	size_t len = text.len / 2 - 1;

	if (!str_starts(text, STR("\\x")) || text.len % 2 || len > ENV_SECRET_BYTES)
		return 0;
	for (size_t i = 0; i < len; i++)
		ret[i] = (char)(hex_digit(text.ptr[2 + 2 * i]) << 4 |
				hex_digit(text.ptr[3 + 2 * i]));
	return len;
}

static enum rc read_instance(struct pg *pg, struct env *env)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_instance_read, PG_NO_ARGS);

	/* A database without our tables is as good as none: it may be migrated next. */
	if (row.rc != RC_OK)
		return row.rc == RC_INTERNAL ? RC_UNAVAILABLE : row.rc;
	if (row.count != 1)
		return RC_UNAVAILABLE;

	size_t len = secret_read(pg_str(&row, 0, 1), env->secret);
	if (len == 0)
		return RC_UNAVAILABLE;
	env->chain_id = pg_i64(&row, 0, 0);
	env->cursor_secret = (struct str){ env->secret, len };
	return RC_OK;
}

enum rc instance_session(struct pg *pg, void *ctx)
{
	SCOPED(pg_result_done) struct pg_result set = pg_exec(pg, session);

	(void)ctx;
	return set.rc;
}

static enum rc connected(struct pg *pg, void *ctx)
{
	struct env *env = ctx;
	uint64_t epoch;
	enum rc rc = instance_session(pg, NULL);

	if (rc == RC_OK)
		rc = read_instance(pg, env);

	if (rc == RC_OK && env->cache)
		rc = epoch_read(pg, &epoch);
	if (rc == RC_OK && env->cache)
		cache_connected(env->cache, epoch);
	return rc;
}

void instance_attach(struct env *env)
{
	pg_on_connect(env->pg, connected, env);
}

enum rc instance_need(struct env *env)
{
	return env->cursor_secret.len ? RC_OK : pg_connect(env->pg);
}
