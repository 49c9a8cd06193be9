/*
 * Marks: small numbers that stand for the attributes of a file.  Few of them differ, so what an
 * attribute means is worked out once for each mark and not once for each token.  Memory is
 * bounded: when the marks are full they are written out and forgotten; an attribute that comes
 * again then gets another number.  The text of an attribute is anybody's: the table is keyed.
 */
#ifndef JOBS_IMPORT_MARK_H
#define JOBS_IMPORT_MARK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct buf;
struct marks;

struct marks *marks_new(void);
void marks_free(struct marks *marks);

/* The mark of an attribute (its JSON), from 1; numbers are never used again. */
uint64_t marks_of(struct marks *marks, struct str attribute);
/* Time to write them out. */
bool marks_full(const struct marks *marks);
/* Adds rows of stage_attribute for COPY, and forgets the attributes. */
void marks_write(struct marks *marks, struct buf *out);

#endif
