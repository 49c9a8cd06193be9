#include "model/audit.h"

#include <assert.h>
#include "base/answer.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "model/env.h"
#include "model/render.h"
#include "net/pg.h"
#include "net/tx.h"

#define RUN_MS 8000 /* below what nginx waits */

enum audit_col {
	ID,
	AT,
	KEY_ID,
	ACTOR,
	CLIENT,
	METHOD,
	ROUTE,
	TARGET,
	DIGEST,
	OUTCOME,
	STATUS,
	REQUEST,
	SKIPPED
};

/* After the last row of any list. */
static const char *const newest[AUDIT_CURSOR_KEYS] = { "253402300800000000",
						       "9223372036854775807" };

static void digest_of(const struct audit *audit, uint8_t ret[SHA256_BYTES])
{
	static const char zero = '\0';
	struct hash_stream *hash = hash_stream_new();

	hash_stream_add(hash, audit->query.ptr, audit->query.len);
	hash_stream_add(hash, &zero, 1);
	hash_stream_add(hash, audit->body.ptr, audit->body.len);
	hash_stream_done(hash, ret);
}

const char *audit_outcome(const struct audit *audit, int status)
{
	if (audit->unknown)
		return "unknown";
	if (status == 0)
		return "begun";
	if (status < 400)
		return "done";
	return status == 401 || status == 403 || status == 429 ? "refused" : "failed";
}

/* What somebody wrote into a path is on the log for good: keys are not. */
static struct str plain_of(struct arena *arena, struct str s)
{
	struct buf buf;

	if (!secret_any(s))
		return s;
	buf_init(&buf, arena, BUF_NO_MAX);
	secret_hide(s, &buf);
	return buf_str(&buf);
}

/* Valid UTF-8 without NUL, at most AUDIT_TARGET_MAX bytes; absent is null. */
static const char *text_of(struct arena *arena, struct str s)
{
	if (!s.ptr)
		return NULL;
	if (s.len > AUDIT_TARGET_MAX) {
		s.len = AUDIT_TARGET_MAX;
		while (s.len > AUDIT_TARGET_MAX - 4 && ((uint8_t)s.ptr[s.len] & 0xc0) == 0x80)
			s.len--;
	}
	return utf8_valid(s) && !memchr(s.ptr, '\0', s.len) ? arena_strz(arena, s) : "?";
}

static const char *number_of(struct arena *arena, int64_t n)
{
	return n ? page_int(arena, n).ptr : NULL;
}

static enum rc add(struct pg *pg, struct arena *arena, const struct audit *audit, int status,
		   uint64_t skipped, uint64_t *ret_xid)
{
	struct str actor = audit->who.id ? audit->who.name : STR_NONE;
	uint8_t digest[SHA256_BYTES];

	digest_of(audit, digest);
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(
		pg, STMT_audit_add,
		PG_ARGS(pg_text(number_of(arena, audit->who.id)),
			pg_text(text_of(arena, actor)), pg_text(text_of(arena, audit->client)),
			pg_text(audit->method), pg_text(audit->route),
			pg_text(text_of(arena, plain_of(arena, audit->target))),
			pg_bytes((struct str){ (const char *)digest, SHA256_BYTES }),
			pg_text(audit_outcome(audit, status)),
			pg_text(number_of(arena, status)),
			pg_text(text_of(arena, audit->request_id)),
			pg_text(page_int(arena, (int64_t)skipped).ptr)));

	if (row.rc != RC_OK)
		return row.rc;
	return str_u64(pg_str(&row, 0, 0), UINT64_MAX, ret_xid) ? RC_OK : RC_INTERNAL;
}

enum rc audit_add(struct pg *pg, struct arena *arena, const struct audit *audit, int status,
		  uint64_t skipped)
{
	uint64_t unused;

	return add(pg, arena, audit, status, skipped, &unused);
}

static enum rc join(struct pg *pg, struct env *env, int status)
{
	if (!env->audit)
		return RC_OK;
	enum rc rc = add(pg, env->arena, env->audit, status, 0, &env->audit->xid);
	env->audit->joined = rc == RC_OK;
	return rc;
}

/* xids: "{123,456}" */
static bool is_among(struct str xids, uint64_t xid)
{
	uint64_t one;

	if (xids.len < 2 || xid == 0)
		return false;
	xids = (struct str){ xids.ptr + 1, xids.len - 2 };
	while (xids.len > 0)
		if (str_u64(str_cut(&xids, ','), UINT64_MAX, &one) && one == xid)
			return true;
	return false;
}

/* A COMMIT without a reply did happen: its row, too. */
enum rc audit_join(struct pg *pg, void *ctx, struct str earlier)
{
	struct env *env = ctx;

	if (!env->audit)
		return RC_OK;
	if (!is_among(earlier, env->audit->xid))
		return join(pg, env, env->audit->status ? env->audit->status : 200);
	env->audit->joined = true;
	return RC_OK;
}

void audit_undone(void *ctx)
{
	struct env *env = ctx;

	if (env->audit)
		env->audit->joined = false;
}

struct work {
	struct env *env;
	int status;
	enum rc (*body)(struct pg *pg, void *ctx);
	void *ctx;
};

static enum rc run_work(struct pg *pg, void *ctx)
{
	const struct work *work = ctx;
	enum rc rc = work->body(pg, work->ctx);

	return rc == RC_OK ? join(pg, work->env, work->status) : rc;
}

enum rc audit_run(struct env *env, int status, enum rc (*body)(struct pg *pg, void *ctx),
		  void *ctx, bool *ret_unknown)
{
	const struct tx_options options = { .deadline_ms = RUN_MS };
	struct work work = { env, status, body, ctx };
	enum rc rc = tx_run(env->pg, &options, run_work, &work, ret_unknown);

	if (rc != RC_OK)
		audit_undone(env);
	return rc;
}

enum rc audit_begun(struct env *env)
{
	return env->audit ? audit_add(env->pg, env->arena, env->audit, 0, 0) : RC_OK;
}

static struct pg_result find(struct env *env, const struct audit_query *q)
{
	struct arena *arena = env->arena;
	const char *key[AUDIT_CURSOR_KEYS];

	for (int i = 0; i < AUDIT_CURSOR_KEYS; i++)
		key[i] = q->page.after ? q->page.key[i].ptr : newest[i];
	struct pg_arg args[] = { pg_text(page_int(arena, q->since_us).ptr),
				 pg_text(key[0]),
				 pg_text(key[1]),
				 pg_text(page_int(arena, q->page.limit + 1).ptr),
				 pg_text(q->outcome),
				 pg_text(q->outcome) };
	if (q->key_id) {
		args[4] = pg_text(page_int(arena, q->key_id).ptr);
		return pg_run(env->pg, STMT_audit_list_key, args, 6);
	}
	return q->outcome ? pg_run(env->pg, STMT_audit_list_outcome, args, 5)
			  : pg_run(env->pg, STMT_audit_list, args, 4);
}

static void render_row(struct json *j, const struct pg_result *rows, int i)
{
	json_object(j, NULL);
	render_str(j, "id", rows, i, ID);
	render_time(j, "at", rows, i, AT);
	render_int(j, "keyId", rows, i, KEY_ID);
	render_str(j, "actor", rows, i, ACTOR);
	render_str(j, "client", rows, i, CLIENT);
	render_str(j, "method", rows, i, METHOD);
	render_str(j, "route", rows, i, ROUTE);
	render_str(j, "target", rows, i, TARGET);
	render_str(j, "argumentsDigest", rows, i, DIGEST);
	render_str(j, "outcome", rows, i, OUTCOME);
	render_int(j, "status", rows, i, STATUS);
	render_str(j, "requestId", rows, i, REQUEST);
	render_int(j, "skippedBefore", rows, i, SKIPPED);
	json_end(j);
}

enum rc audit_list(struct env *env, const struct audit_query *query, struct answer *ret)
{
	struct str last[AUDIT_CURSOR_KEYS] = { STR_NONE, STR_NONE };
	struct json j;

	SCOPED(pg_result_done) struct pg_result rows = find(env, query);
	if (rows.rc != RC_OK)
		return rows.rc;
	answer_begin(env, ret, &j);
	json_object(&j, NULL);
	json_array(&j, "audit");
	for (int i = 0; i < rows.count && i < query->page.limit; i++) {
		render_row(&j, &rows, i);
		last[0] = pg_str(&rows, i, AT);
		last[1] = pg_str(&rows, i, ID);
	}
	json_end(&j);
	page_next(&j, env, &query->page, rows.count > query->page.limit, last,
		  AUDIT_CURSOR_KEYS);
	json_end(&j);
	return answer_end(ret);
}

struct str audit_scope(struct arena *arena, const struct audit_query *query)
{
	return arena_printf(arena, "audit|%lld|%lld|%s", (long long)query->since_us,
			    (long long)query->key_id, query->outcome ? query->outcome : "");
}
