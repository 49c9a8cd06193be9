#include "model/transfer_write.h"

#include <assert.h>
#include <string.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/scope.h"
#include "cache/write.h"
#include "model/env.h"
#include "net/pg.h"

#define HASH_TEXT     (2 * TRANSFER_HASH + 1)
#define MADE_KEY_TEXT 33
#define MOVES_MAX     ((size_t)1 << 20)

/* Columns of write_transfers. */
enum {
	OUTCOME,
	PLACE,
	HELD,
	ANSWER,
	EARLIER
};

/* The words of the database, and what they mean here. */
static const struct {
	const char *word;
	enum transfer_outcome outcome;
	enum rc rc;
} outcomes[] = {
	{ "ok", TRANSFER_RECORDED, RC_OK },
	{ "replay", TRANSFER_REPLAYED, RC_OK },
	{ "mismatch", TRANSFER_MISMATCH, RC_UNPROCESSABLE },
	{ "collection_not_found", TRANSFER_NO_COLLECTION, RC_NOT_FOUND },
	{ "insufficient_balance", TRANSFER_NOT_ENOUGH, RC_UNPROCESSABLE },
	{ "balance_overflow", TRANSFER_TOO_MUCH, RC_UNPROCESSABLE },
	{ "quantity_not_one", TRANSFER_NOT_ONE, RC_UNPROCESSABLE },
	{ "token_held", TRANSFER_HELD, RC_UNPROCESSABLE },
};

struct job {
	struct env *env;
	const struct transfer_write *write;
	const char *key, *route, *moves;
	uint8_t digest[SHA256_BYTES];
	struct transfer_verdict verdict;
};

static void digest_request(struct job *job)
{
	static const char zero = '\0';
	const struct transfer_write *w = job->write;
	struct hash_stream *hash = hash_stream_new();

	hash_stream_add(hash, w->contract.byte, sizeof(w->contract.byte));
	hash_stream_add(hash, w->route.ptr, w->route.len);
	hash_stream_add(hash, &zero, 1);
	hash_stream_add(hash, w->body.ptr, w->body.len);
	hash_stream_done(hash, job->digest);
}

/* A client without a key gets one of its own, so that a COMMIT can be looked up. */
static void choose_key(struct job *job)
{
	struct arena *arena = job->env->arena;
	uint8_t random[(MADE_KEY_TEXT - 1) / 2];
	char *made;

	if (job->write->key.ptr) {
		job->key = arena_strz(arena, job->write->key);
		return;
	}
	hash_random(random, sizeof(random));
	made = arena_alloc(arena, MADE_KEY_TEXT);
	hex_write(random, sizeof(random), made);
	job->key = made;
}

/* What stands for the transaction where there is none: the same for the same key and request.
 */
static void made_origin(const struct job *job, char ret[HASH_TEXT])
{
	struct hash_stream *hash = hash_stream_new();
	uint8_t digest[SHA256_BYTES];

	hash_stream_add(hash, "such-market transfers", 21);
	hash_stream_add(hash, job->digest, sizeof(job->digest));
	hash_stream_add(hash, job->key, strlen(job->key));
	hash_stream_done(hash, digest);
	hex_write(digest, sizeof(digest), ret);
}

static void write_address(struct json *j, const char *key, const struct address *a)
{
	char text[ADDRESS_TEXT];

	address_write(a, text);
	json_strz(j, key, text + 2);
}

static void write_move(struct json *j, const struct transfer_move *m, size_t i,
		       const char *made)
{
	char hash[HASH_TEXT];

	hex_write(m->hash, sizeof(m->hash), hash);
	json_object(j, NULL);
	json_int(j, "i", (int64_t)i);
	json_str(j, "token", u256_str(&m->token));
	write_address(j, "from", &m->from);
	write_address(j, "to", &m->to);
	json_str(j, "quantity", u256_str(&m->quantity));
	json_strz(j, "origin", m->hashed ? hash : made);
	json_bool(j, "synthetic", !m->hashed);
	json_int(j, "log", m->hashed ? m->log_index : (int64_t)i);
	json_int(j, "batch", m->hashed ? m->batch_index : 0);
	if (m->numbered)
		json_int(j, "block", m->block_number);
	if (m->timed)
		json_int(j, "time", m->block_time_us);
	json_end(j);
}

static const char *moves_text(const struct job *job)
{
	char made[HASH_TEXT];
	struct json j;
	struct buf out;

	made_origin(job, made);
	buf_init(&out, job->env->arena, MOVES_MAX);
	json_init(&j, &out);
	json_array(&j, NULL);
	for (size_t i = 0; i < job->write->count; i++)
		write_move(&j, &job->write->move[i], i, made);
	json_end(&j);
	buf_addc(&out, '\0');
	assert(!buf_failed(&out));
	return out.ptr;
}

static enum rc judge(struct job *job, const struct pg_result *row)
{
	struct transfer_verdict *v = &job->verdict;
	struct str word = pg_str(row, 0, OUTCOME);

	*v = (struct transfer_verdict){ .place = (size_t)pg_i64(row, 0, PLACE),
					.held = { "0" } };
	if (!pg_is_null(row, 0, HELD) && u256_read(pg_str(row, 0, HELD), &v->held) != RC_OK)
		return RC_INTERNAL;
	if (v->place >= job->write->count)
		return RC_INTERNAL;
	for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
		if (!str_eqz(word, outcomes[i].word))
			continue;
		v->outcome = outcomes[i].outcome;
		v->answer = arena_dup(job->env->arena, pg_str(row, 0, ANSWER));
		return outcomes[i].rc;
	}
	return RC_INTERNAL;
}

static enum rc record(struct pg *pg, void *ctx, struct buf *ret_earlier)
{
	struct job *job = ctx;
	const struct transfer_write *w = job->write;
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(
		pg, STMT_write_transfers,
		PG_ARGS(pg_text(job->key), pg_text(w->key.ptr ? "true" : "false"),
			pg_text(job->route),
			pg_bytes((struct str){ (const char *)job->digest, SHA256_BYTES }),
			pg_address(&w->contract), pg_text(job->moves)));

	if (row.rc != RC_OK)
		return row.rc;
	if (row.count != 1)
		return RC_INTERNAL;
	buf_adds(ret_earlier, pg_str(&row, 0, EARLIER));
	return judge(job, &row);
}

enum rc transfers_record(struct env *env, const struct transfer_write *write,
			 struct transfer_verdict *ret)
{
	struct job job = { .env = env, .write = write };
	struct cache_write how = { .body = record,
				   .ctx = &job,
				   .deadline_ms = write->deadline_ms ? write->deadline_ms
								     : TRANSFER_DEADLINE_MS };
	bool unknown = false;
	enum rc rc;

	assert(write->count > 0 && write->count <= TRANSFERS_MAX);
	assert(write->key.len <= IDEMPOTENCY_KEY_MAX);
	digest_request(&job);
	choose_key(&job);
	job.route = arena_strz(env->arena, write->route);
	job.moves = moves_text(&job);
	rc = cache_write(env->cache, env->arena, env->pg, &how, &unknown);
	*ret = job.verdict;
	ret->unknown = unknown;
	return rc;
}
