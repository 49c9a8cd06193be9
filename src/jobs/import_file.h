/*
 * A file of an import as records: lines, or CSV records (a line break inside quotes does not
 *end one).  Memory is bounded by the longest record allowed; a longer one is told and passed
 *over.
 *
 *	while ((got = import_file_next(f, &record)) > IMPORT_FILE_END)
 *		if (got == IMPORT_FILE_LONG) reject(f->line, "…"); else use(record);
 */
#ifndef JOBS_IMPORT_FILE_H
#define JOBS_IMPORT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/hash.h"
#include "base/rc.h"
#include "base/str.h"

struct gz_in;
struct hash_stream;

struct import_file {
	const char *path;
	struct gz_in *in;
	struct hash_stream *hash; /* of the text, packed or not */
	bool quotes;              /* CSV */
	size_t max;               /* bytes of a record */
	uint64_t line;            /* where the record began, from 1 */
	uint64_t next_line;
	char *buf;
	size_t cap, start, end;
	bool ended;
	const char *error; /* why the file could not be read on */
};

enum import_got {
	IMPORT_FILE_FAILED = -1, /* file->error */
	IMPORT_FILE_END,
	IMPORT_FILE_RECORD,
	IMPORT_FILE_LONG /* longer than max: passed over */
};

/* RC_NOT_FOUND, RC_INVALID: file->error. */
enum rc import_file_open(struct import_file *file, const char *path, bool quotes, size_t max);
/* Without its line break; borrowed until the next call. */
enum import_got import_file_next(struct import_file *file, struct str *ret);
/* After IMPORT_FILE_END: the SHA-256 of the whole text. */
void import_file_hash(struct import_file *file, uint8_t ret[SHA256_BYTES]);
void import_file_close(struct import_file *file);

#endif
