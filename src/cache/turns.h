/*
 * How many processes of a machine may make answers from the database at once.  Who finds no
 * place waits; the place of one that died is free.  It is a shelter of the database: a place is
 * a number in the mapping, not a lock.
 */
#ifndef CACHE_TURNS_H
#define CACHE_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct cache_map;

#define TURNS_MAX 64

/* limit: 0: no limit.  Waits at most wait_ns.  Returns the place, to be given back; -1: none
 * was free.  A process has one at a time. */
int turn_begin(struct cache_map *map, int64_t limit, int64_t wait_ns);
void turn_end(struct cache_map *map, int place);

#define TURN_UNLIMITED TURNS_MAX /* a place that is none */

#endif
