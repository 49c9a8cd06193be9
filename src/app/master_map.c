/*
 * The mapping of answers: made fresh by the machine's master, so that nothing in it is older
 * than its relay's first poll.  A second copy of the program (spawn-fcgi -F N) uses the
 * master's, and goes over to each new one.
 */
#include "app/master.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/log.h"
#include "cache/map.h"

#define SMALLEST_BYTES (16 << 20)
#define PATIENCE_MS    2000 /* copies start together */
#define LOOK_MS        10

static ino_t inode(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void use(struct master *m, struct cache_map *map, ino_t ino)
{
	cache_map_close(m->map);
	m->map = map;
	m->map_ino = ino;
}

static enum rc make(struct master *m, const char **ret_error)
{
	const struct cache_options *options = &m->boot->cache;
	size_t bytes = options->memory_on ? (size_t)options->memory_bytes : SMALLEST_BYTES;
	struct cache_map *map;
	const char *why;

	if (cache_map_create(m->map_path, bytes, &map, &why) == RC_OK) {
		use(m, map, inode(m->map_path));
		return RC_OK;
	}
	*ret_error =
		arena_strz(m->boot->arena,
			   arena_printf(m->boot->arena, "%s: %s (cache_memory_bytes is %zu)",
					m->map_path, why, bytes));
	return RC_UNAVAILABLE;
}

/* Looked before it is opened: a mapping renamed onto it in between is found at the next look.
 */
static bool attach(struct master *m)
{
	ino_t ino = inode(m->map_path);
	struct cache_map *map;
	const char *why;

	if (ino == 0 || ino == m->map_ino || cache_map_attach(m->map_path, &map, &why) != RC_OK)
		return false;
	use(m, map, ino);
	return true;
}

enum rc master_map_open(struct master *m, const char **ret_error)
{
	if (!m->attached)
		return make(m, ret_error);
	for (int ms = 0; ms < PATIENCE_MS && !attach(m); ms += LOOK_MS)
		poll(NULL, 0, LOOK_MS);
	return RC_OK;
}

void master_map_follow(struct master *m)
{
	if (!attach(m))
		return;
	log_info("following the master's new mapping");
	master_begin(m);
}

void master_map_take(struct master *m)
{
	const char *why;

	if (make(m, &why) != RC_OK)
		log_error("no mapping of its own; the old one stays",
			  LOG_STR("why", str_of(why)));
}

/* Without its relay it is of no use to anybody. */
void master_map_close(struct master *m)
{
	if (m->map && !m->attached && inode(m->map_path) == m->map_ino)
		unlink(m->map_path);
	cache_map_close(m->map);
	m->map = NULL;
}
