/*
 * Request memory: allocate, never free; one reset ends it all.  Out of memory ends the process.
 *
 *	struct arena *a = arena_new(64 * 1024);
 *	char *z = arena_strz(a, STR("x"));
 *	arena_defer(a, close_thing, thing);      runs at the next reset, last in first out
 *	arena_reset(a);                          keeps the first block
 *
 * In a build with AddressSanitizer what an arena has not handed out is poisoned: a slice that
 * outlives the reset is reported.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include "base/str.h"

struct arena;

struct arena *arena_new(size_t first_block);
void arena_free(struct arena *arena);
void arena_reset(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size);  /* 16-byte aligned, not cleared */
void *arena_zalloc(struct arena *arena, size_t size); /* cleared */
/* Grows the newest allocation where it lies; false: it is not the newest, or no room. */
bool arena_extend(struct arena *arena, const void *p, size_t old_size, size_t size);
struct str arena_dup(struct arena *arena, struct str s);
char *arena_strz(struct arena *arena, struct str s); /* terminated copy */
struct str arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void arena_defer(struct arena *arena, void (*fn)(void *), void *obj);
size_t arena_used(const struct arena *arena); /* bytes handed out since the reset */

/* Heap memory that never fails (out of memory ends the process). */
void *mem_alloc(size_t size); /* cleared */
void *mem_grow(void *old, size_t size);
char *mem_strdup(const char *z);

#endif
