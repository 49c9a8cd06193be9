/*
 * So many a minute of one client: a table of fixed size in shared memory, counted by all
 * processes of the machine without a lock.  A window of a client begins with its first event
 * and lasts LIMIT_WINDOW_S.  When a bucket is full the client with the least in it is
 * forgotten: who is over the limit stays as long as others are not.  Times are CLOCK_MONOTONIC
 * seconds.
 */
#ifndef BASE_LIMIT_H
#define BASE_LIMIT_H

#include <stdatomic.h>
#include <stdint.h>
#include "base/str.h"

#define LIMIT_WINDOW_S 60
#define LIMIT_MOST     200 /* the largest limit */
#define LIMIT_BUCKETS  1024
#define LIMIT_WAYS     8

struct limit_table {
	uint8_t key[16]; /* which clients share a bucket is nobody's to choose */
	/* Who (24 bits of a keyed hash), since when (32), how many (8); 0: nobody. */
	_Atomic uint64_t cell[LIMIT_BUCKETS][LIMIT_WAYS];
	_Atomic uint64_t skipped; /* refused calls without an audit row, since the last one */
};

/* Of zeroed memory, before it is shared. */
void limit_init(struct limit_table *table);

/* Who an address is: an IPv4 address (also one mapped into IPv6), the /64 of an IPv6 address,
 * or any other text as it is. */
uint64_t limit_client(const struct limit_table *table, struct str address);

/* One more of this client.  0: within `most` (1 … LIMIT_MOST); else the seconds (1 …) until its
 * window ends. */
int64_t limit_count(struct limit_table *table, uint64_t client, int64_t most, int64_t now_s);

#endif
