/* The import's own state, for the files import*.c. */
#ifndef JOBS_IMPORT_RUN_H
#define JOBS_IMPORT_RUN_H

#include "base/buf.h"
#include "base/hash.h"
#include "jobs/import.h"
#include "jobs/import_line.h"

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
/* From the stage tables into the database. */
enum rc import_merge(struct import *im);

#endif
