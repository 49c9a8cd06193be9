/* How what differs is merged, for the files import_merge*.c. */
#ifndef JOBS_IMPORT_MERGE_H
#define JOBS_IMPORT_MERGE_H

#include "jobs/import_run.h"

struct ahead;

/* What differs is put into a change table by steps before, which count then tells: rows added,
 * changed, chunks, rows removed (the last may be missing).  A chunk is merged in one
 * transaction; when all that differs is new, by add, and by merge where another writer was
 * quicker. */
struct phase {
	const char *what;
	enum import_sql before[3];
	size_t before_count;
	enum import_sql count;
	enum import_sql merge[4];
	size_t merge_count;
	enum import_sql add[4];
	size_t add_count;    /* 0: there is no quicker way */
	struct ahead *ahead; /* NULL: none; it writes the traits of the first chunk */
	bool removes;        /* count tells rows removed */
};

struct counts {
	uint64_t added, changed, removed;
	bool raced; /* another writer was quicker */
};

/* A statement about a collection, or about none (contract NULL). */
enum rc import_step(struct import *im, enum import_sql sql, const struct address *contract);
/* The only cell of a statement's answer, a truth value. */
enum rc import_ask(struct import *im, enum import_sql sql, const struct address *contract,
		   bool *ret);
enum rc import_phase(struct import *im, const struct phase *phase,
		     const struct address *contract, struct counts *ret);
void import_count_add(struct import_count *to, const struct counts *counts);

/* The traits of the first chunk of a new collection by a second connection, before its tokens
 * (import_ahead.c).  NULL: they are not worth it, or there is no second connection. */
enum rc import_ahead_begin(struct import *im, struct ahead **ret);
/* Waits until they are written.  RC_CONFLICT: they are not. */
enum rc import_ahead_settle(struct ahead *ahead, int64_t *ret_rows);
void import_ahead_free(struct ahead *ahead); /* settles */

/* The tokens of --nfts, their traits, and the ranks of their collections. */
enum rc import_merge_nfts(struct import *im);

#endif
