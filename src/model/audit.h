/*
 * The audit log: who did what, when, from where, with which outcome.
 *
 * A call that changes something is on the log before it is acknowledged.  Its row is written by
 * the transaction that does the work: audit_join, the hook of cache_write, or audit_run.  What
 * no transaction can take back has a row before it begins (audit_begun).  Calls that did
 * nothing get theirs from whoever serves them, before the answer (api/gate_audit.c).  Events of
 * keys are written by the statements that make and revoke them (sql/queries/key.sql).
 */
#ifndef MODEL_AUDIT_H
#define MODEL_AUDIT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"
#include "model/key.h"
#include "model/page.h"

struct answer;
struct arena;
struct env;
struct pg;

#define AUDIT_CURSOR_KEYS 2
#define AUDIT_TARGET_MAX  512 /* bytes; the rest is cut */

/* A call that is being served.  Texts are borrowed. */
struct audit {
	struct key_who who; /* id 0: no key */
	struct str client;
	const char *method, *route;
	struct str target, request_id;
	struct str query, body; /* of which, with a NUL between them, the digest is made */
	int status;   /* that audit_join writes: of the answer that is to be; 0: 200 */
	bool unknown; /* nobody knows whether it was done */
	bool joined;  /* a transaction has its row ("done") and was not rolled back */
	uint64_t xid; /* the last one that had it, whatever became of it; 0: none */
};

/* "unknown" where nobody knows; "begun": 0; "done" below 400; "refused": 401, 403, 429; else
 * "failed". */
const char *audit_outcome(const struct audit *audit, int status);

/* A row now, in the transaction that runs if there is one.  skipped: refused calls before it
 * without a row. */
enum rc audit_add(struct pg *pg, struct arena *arena, const struct audit *audit, int status,
		  uint64_t skipped);
/* For cache_on_write, ctx an env: the row of env->audit, if any, in the write's transaction,
 * unless one of `earlier` has it; and that it went with it. */
enum rc audit_join(struct pg *pg, void *ctx, struct str earlier);
void audit_undone(void *ctx);
/* A transaction of body and the row of env->audit, if any, with this status: both or neither.
 * For tables that no answer is made of; body as tx_run has it.  *ret_unknown: as tx_run. */
enum rc audit_run(struct env *env, int status, enum rc (*body)(struct pg *pg, void *ctx),
		  void *ctx, bool *ret_unknown);
/* The row "begun" of env->audit, if any.  Not RC_OK: do nothing. */
enum rc audit_begun(struct env *env);

struct audit_query {
	int64_t since_us, key_id; /* 0: any */
	const char *outcome;      /* NULL: any */
	struct page page;
};
/* Newest first; never kept. */
enum rc audit_list(struct env *env, const struct audit_query *query, struct answer *ret);
/* What a cursor of this list is bound to. */
struct str audit_scope(struct arena *arena, const struct audit_query *query);

#endif
