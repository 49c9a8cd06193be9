/* The bag of borrowed handles a model function works with; workers, jobs and tests build it. */
#ifndef MODEL_ENV_H
#define MODEL_ENV_H

#include <stdint.h>
#include "base/str.h"

struct arena;
struct board;
struct cache;
struct pg;
struct redis;

struct env {
	struct arena *arena; /* of this request or job step */
	struct pg *pg;       /* primary */
	struct redis *redis; /* may be NULL: off */
	struct cache *cache;
	struct board *board; /* may be NULL in tests */
	struct str cursor_secret; /* model/instance.h fills it at connect */
	int64_t now_us;      /* wall clock at the start of the request or step */
};

#endif
