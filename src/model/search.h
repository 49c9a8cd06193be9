/*
 * Search texts of clients as the two search indexes want them: three characters and more are a
 * pattern for the trigram index (anywhere in the name), fewer are beginnings of words for the
 * full-text index.  Text without any letter or digit ("<3", emoji) has no words: a pattern too.
 */
#ifndef MODEL_SEARCH_H
#define MODEL_SEARCH_H

#include <stdint.h>
#include "base/str.h"

struct arena;
struct buf;

struct search {
	const char *pattern; /* for ILIKE, or NULL */
	const char *words;   /* for to_tsquery, or NULL */
};

/* Absent text: both NULL.  text is valid UTF-8 without control characters. */
struct search search_read(struct arena *arena, struct str text);
/* Beginnings of words, whatever the length; NULL when there are none. */
const char *search_words(struct arena *arena, struct str text);

/* PostgreSQL's array literals, element by element, in a buffer that is empty at first. */
void array_add(struct buf *array, struct str text);
void array_add_int(struct buf *array, int64_t n);
/* The finished literal, terminated; an array without elements is "{}". */
const char *array_end(struct buf *array);

#endif
