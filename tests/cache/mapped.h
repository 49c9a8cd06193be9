/* A mapping of this test's own, and entries to put into it. */
#ifndef TESTS_CACHE_MAPPED_H
#define TESTS_CACHE_MAPPED_H

#include <stdio.h>
#include <stdlib.h>
#include "../base/tmp.h"
#include "base/arena.h"
#include "cache/map.h"
#include "cache/memory.h"

static struct cache_map *map;
static struct arena *arena;

static inline void map_up_of(size_t bytes)
{
	const char *error = "";

	tmp_make();
	if (cache_map_create(tmp_path("cache"), bytes, &map, &error) != RC_OK) {
		fprintf(stderr, "no mapping: %s\n", error);
		abort();
	}
	arena = arena_new(64 * 1024);
}

static inline void map_up(void)
{
	map_up_of(16 << 20);
}

static inline void map_down(void)
{
	cache_map_close(map);
	arena_free(arena);
	tmp_remove();
}

static inline struct str key_of(int n)
{
	return arena_printf(arena, "such-market:test:%d", n);
}

/* A body that says whose it is all the way through. */
static inline struct entry entry_made(int n, size_t len)
{
	char *body = arena_alloc(arena, len + 1);
	struct entry e = { .head = { .rc = RC_OK, .tier = TIER_HOT, .label = (uint64_t)n },
			   .key = key_of(n),
			   .body = { body, len } };

	for (size_t i = 0; i < len; i++)
		body[i] = (char)((size_t)n * 31 + i * 7);
	return e;
}

static inline bool entry_is(const struct entry *e, int n)
{
	for (size_t i = 0; i < e->body.len; i++)
		if (e->body.ptr[i] != (char)((size_t)n * 31 + i * 7))
			return false;
	return e->head.label == (uint64_t)n;
}

static inline bool put(int n, size_t len)
{
	struct entry e = entry_made(n, len);

	return memory_put(map, &e);
}

/* 1: there and right, 0: not there, -1: there and wrong. */
static inline int got(int n)
{
	struct entry e;

	if (!memory_get(map, arena, key_of(n), &e))
		return 0;
	return entry_is(&e, n) ? 1 : -1;
}

#endif
