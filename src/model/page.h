/*
 * Which part of a list is asked for.  The rooms above read cursors and hand their fields down;
 * a cursor for the next part is made while the answer is written, by the sealing function that
 * came along (http/cursor.h has it; model does not know http).
 */
#ifndef MODEL_PAGE_H
#define MODEL_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct env;
struct json;

#define PAGE_KEYS 4  /* fields of a cursor */
#define PAGE_ROWS 20 /* of a page when nobody says how many */

/* cursor_write of http/cursor.h. */
typedef struct str page_seal(struct arena *arena, struct str secret, struct str scope,
			     const struct str *fields, size_t n);

struct page {
	int64_t limit;             /* rows of one page */
	int64_t number;            /* zero-based page number; 0 with a cursor */
	bool after;                /* a cursor was given: key[] says after which row */
	struct str key[PAGE_KEYS]; /* terminated; as the listing's own page_next gave them */
	struct str scope;          /* listing and filters, canonical */
	page_seal *seal;
};

/* Rows before this page. */
int64_t page_offset(const struct page *page);
/* Writes "nextCursor": sealed from the last row's key, or null when `more` is false. */
void page_next(struct json *j, const struct env *env, const struct page *page, bool more,
	       const struct str *fields, size_t n);
/* A number as cursor field or statement parameter: terminated arena text. */
struct str page_int(struct arena *arena, int64_t n);

#endif
