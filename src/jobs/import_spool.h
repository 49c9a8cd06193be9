/*
 * Records in the order of their bytes, however many: what does not fit into memory lies, sorted
 * in runs, in a file without a name in $TMPDIR (/tmp).
 *
 *	struct spool *s = spool_new(64 << 20);
 *	spool_add(s, bytes, len);          any number
 *	if (spool_sort(s) != RC_OK)        once
 *		return spool_error(s);
 *	while (spool_next(s, &record))     in order; equal ones in any
 *		use(record);               lives until the next call
 *	spool_rewind(s);                   from the first again
 *
 * A disk that fails is told by spool_sort, and by spool_error after spool_next ended.
 */
#ifndef JOBS_IMPORT_SPOOL_H
#define JOBS_IMPORT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

#define SPOOL_RECORD_MAX 255

struct spool;

/* memory: bytes that it may use, at least 64 KiB; taken as they are needed. */
struct spool *spool_new(size_t memory);
void spool_free(struct spool *spool);
void spool_add(struct spool *spool, const void *bytes, size_t len);
enum rc spool_sort(struct spool *spool);
bool spool_next(struct spool *spool, struct str *ret);
void spool_rewind(struct spool *spool);
uint64_t spool_count(const struct spool *spool);    /* records added */
const char *spool_error(const struct spool *spool); /* NULL: none; else static */

#endif
