/*
 * For words of the command line that write: the copies of the server of this machine, when one
 * runs, so that it answers nothing older once the word has ended; and Redis, so that other
 * machines hear of it at once.
 *
 *	struct attached here;
 *	attached_open(&here, config, pg);
 *	… cache_write(here.cache, …) …
 *	attached_close(&here);
 */
#ifndef APP_ATTACHED_H
#define APP_ATTACHED_H

struct cache;
struct cache_map;
struct config;
struct pg;
struct redis;
struct redis_tier;

struct attached {
	struct cache_map *map; /* NULL: no server, or one that is not ours to touch */
	struct redis *redis;
	struct redis_tier *tier;
	struct cache *cache;
};

void attached_open(struct attached *ret, const struct config *config, struct pg *pg);
void attached_close(struct attached *here);

#endif
