/*
 * One filler per key and machine.  Who finds a key being filled waits a little and looks again
 * in memory; it never takes the filler's bytes.  A filler that died or takes too long is
 * replaced.
 */
#ifndef CACHE_FLIGHT_H
#define CACHE_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

struct cache_map;

#define FLIGHT_WAIT_NS INT64_C(50000000)   /* longest a waiter waits */
#define FLIGHT_LIFE_NS INT64_C(2000000000) /* longest a filler keeps others waiting */

enum flight_seat {
	FLIGHT_MINE,  /* fill, then flight_end */
	FLIGHT_WOKEN, /* somebody filled it meanwhile: look again */
	FLIGHT_ALONE  /* fill without a seat */
};

/* wait: false answers FLIGHT_ALONE where it would wait. */
enum flight_seat flight_begin(struct cache_map *map, uint64_t key_hash, bool wait);
void flight_end(struct cache_map *map, uint64_t key_hash);

#endif
