/*
 * CSV as RFC 4180 has it: fields may be in double quotes, a doubled quote inside stands for
 * one. Columns are found by the names of the header line, in any case and order; others are not
 * read.
 */
#ifndef JOBS_IMPORT_CSV_H
#define JOBS_IMPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;

#define CSV_FIELDS 64

struct csv_row {
	struct str field[CSV_FIELDS]; /* borrowed from the record, or the arena's */
	size_t count;
};

struct csv_column {
	const char *names[5]; /* the first is the one that is told */
	bool required;
};

/* false: *ret_why says what is wrong (static). */
bool csv_split(struct arena *arena, struct str record, struct csv_row *ret,
	       const char **ret_why);
/* ret_at[i]: where column i is in a row, or -1.  false: *ret_why (the arena's). */
bool csv_header(struct arena *arena, const struct csv_row *row,
		const struct csv_column *columns, size_t count, int *ret_at,
		const char **ret_why);
/* The field, without outer spaces; "" when the file has no such column. */
struct str csv_field(const struct csv_row *row, int at);

#endif
