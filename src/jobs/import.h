/*
 * Import: files into the database.  Each file is read as a stream and staged in temporary
 * tables of the connection; only when every line of every file has been judged does anything
 * change. Then what differs is merged in transactions of 10,000 rows, each of which may be done
 * again: an interrupted merge is finished by running the import again.  docs/import.md has the
 * formats.
 */
#ifndef JOBS_IMPORT_H
#define JOBS_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/rc.h"

struct arena;
struct pg;

#define IMPORT_SKIP_MAX 1000000 /* most rejects that skip_bad may tolerate */

/* Paths: a file, plain or gzip, or "-" for standard input (once); NULL: none. */
struct import_options {
	const char *collection;
	const char *nfts;
	const char *owners;
	const char *transfers;
	const char *users;
	int64_t skip_bad; /* rejects that are tolerated */
	bool any_chain;   /* take a collection of another chain */
};

struct import_progress {
	const char *what;     /* "reading owners.csv", "merging owners" */
	uint64_t done, total; /* bytes or rows; total 0: unknown */
};
typedef void import_told(void *ctx, const struct import_progress *progress);

/* A line that was not taken. */
struct import_reject {
	const char *file; /* as given */
	uint64_t line;    /* from 1; 0: the file as a whole */
	const char *reason;
};

enum import_kind {
	IMPORT_COLLECTIONS,
	IMPORT_NFTS,
	IMPORT_OWNERS,
	IMPORT_TRANSFERS,
	IMPORT_USERS,
	IMPORT_KINDS
};

struct import_count {
	uint64_t read;    /* lines that were understood */
	uint64_t ignored; /* lines that say nothing: transfers that move nothing */
	uint64_t added, changed, removed;
};

struct import_summary {
	struct import_count of[IMPORT_KINDS];
	uint64_t tokens_added;   /* by owners and transfers, without metadata */
	uint64_t traits_changed; /* rows of token_traits */
	uint64_t ranks_changed;  /* of tokens that --nfts did not change */
	uint64_t rejected;       /* all of them; the list below may be shorter */
	const struct import_reject *rejects;
	size_t reject_count;
	bool merging; /* set once the database may have changed */
	int64_t took_ns;
	const char *error; /* why it failed, for an operator; NULL when it did not */
};

/*
 * One import at a time in a database: waits up to a minute for another.  *summary is filled as
 * far as it came, whatever is returned; its texts are the arena's.
 * RC_INVALID: options or files (summary->error, ->rejects); else as net/pg.h.
 */
enum rc import_run(struct pg *pg, struct arena *arena, const struct import_options *options,
		   import_told *told, void *ctx, struct import_summary *summary);

/* The summary for people, or as one line of JSON; rejects first. */
void import_summary_write(const struct import_summary *summary, bool json, FILE *out);

/* A progress bar on a terminal; ctx is one of these, zeroed, with out set. */
struct import_bar {
	FILE *out;
	int64_t drawn_ns;
	bool drawn;
};
import_told import_bar_draw;
void import_bar_done(struct import_bar *bar);

#endif
