/*
 * Which keys of a stream come most often, in bounded memory: Space-Saving (Metwally, Agrawal,
 * El Abbadi 2005).  Here: collections by reads.  One process adds, others read meanwhile.
 *
 * Of n additions a key's count is at least its true number, and at most n / TOP_KEYS above it;
 * count - error is at most its true number.  Every key with more than n / TOP_KEYS is there.
 */
#ifndef BASE_TOP_H
#define BASE_TOP_H

#include <stddef.h>
#include <stdint.h>
#include "base/hex.h"

#define TOP_KEYS 64

/* A writer makes the generation odd, changes the key, makes it even. */
struct top_entry {
	uint32_t generation;
	struct address key;
	uint64_t count, error; /* count 0: free */
};

struct top {
	uint64_t tag[TOP_KEYS]; /* the key's last bytes, to look through quickly */
	struct top_entry entry[TOP_KEYS];
};

struct top_row {
	struct address key;
	uint64_t count, error;
};

void top_add(struct top *top, const struct address *key);
/* What is there now; an entry that is just being changed is left out.  Returns rows. */
size_t top_read(const struct top *top, struct top_row ret[TOP_KEYS]);

/* Adds a row to a list of n rows; returns its new length.  A full list of max drops the row
 * with the least sure count. */
size_t top_merge(struct top_row *rows, size_t n, size_t max, const struct top_row *row);
/* Most sure counts (count - error) first. */
void top_sort(struct top_row *rows, size_t n);

#endif
