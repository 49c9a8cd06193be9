/* The import's own state, for the files import*.c. */
#ifndef JOBS_IMPORT_RUN_H
#define JOBS_IMPORT_RUN_H

#include "base/buf.h"
#include "base/hash.h"
#include "jobs/import.h"
#include "jobs/import_holder.h"
#include "jobs/import_line.h"
#include "jobs/import_spool.h"

/* The statements of sql/import/import.sql. */
enum import_sql {
#define STMT(name, ...) SQL_##name,
#include "jobs/import_sql.inc"
	SQL_COUNT
};
const char *import_sql_name(enum import_sql sql);
const char *import_sql_text(enum import_sql sql);

struct import {
	struct pg *pg;
	struct arena *arena;      /* until the caller is done */
	struct arena *line_arena; /* of one line */
	const struct import_options *options;
	import_told *told;
	void *ctx;
	struct import_summary *summary;
	bool has_meta;
	struct import_meta meta;
	struct import_reject *rejects;
	size_t reject_cap;
	bool several; /* a token of --nfts has several attributes of one type */
	uint8_t transfers_hash[SHA256_BYTES];
	/* Of --owners: who holds what, and the tokens; NULL: none. */
	struct spool *holders, *tokens;
	uint64_t holding; /* rows of holders that give somebody something, each once */
	char last_holder[SPOOL_RECORD_MAX], last_token[PACKED_MAX];
	size_t last_holder_len, last_token_len;
};

/* RC_INVALID with a text as summary->error. */
enum rc import_refuse(struct import *im, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The failure of the last call of net/pg.h. */
enum rc import_broken(struct import *im, enum rc rc);
/* Remembers a reject; false: more than are tolerated, by so many that reading on is no use. */
bool import_reject(struct import *im, const char *file, uint64_t line, const char *reason);
void import_tell(struct import *im, const char *verb, const char *what, uint64_t done,
		 uint64_t total);

/* META into im->meta.  RC_INVALID: refused. */
enum rc import_read_meta(struct import *im);
/* Every file into its stage table. */
enum rc import_stage(struct import *im);
/* --owners, one after the other (import_holders.c): records of holder_write; the rejects among
 * them, which an earlier line said; their tokens into stage_owned; then either those that hold
 * something, in order of wallets (import_holders_checked tells whether that was all), or the
 * same into stage_owner. */
void import_holder_add(struct import *im, struct str record);
enum rc import_holders_judge(struct import *im);
enum rc import_stage_tokens(struct import *im);
bool import_holder_next(struct import *im, struct holder *ret); /* lives until the next */
enum rc import_holders_checked(struct import *im);
enum rc import_stage_holders(struct import *im);
/* Into a collection that nobody holds anything of (import_fill.c). */
enum rc import_fill(struct import *im);
/* From the stage tables into the database. */
enum rc import_merge(struct import *im);

#endif
