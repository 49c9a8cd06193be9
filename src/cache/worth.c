#include "cache/worth.h"

#include <assert.h>
#include "cache/layout.h"
#include "cache/redis_key.h"

#define LIVES_MAX 64 /* of both kinds together; then they are halved */

/* A cell in one word, changed as a whole. */
struct cell {
	uint32_t read, unread;
	bool churning;
	uint32_t turn; /* of its fills while it is churning */
};

static struct cell unpack(uint64_t word)
{
	return (struct cell){ .read = word & 0xffff,
			      .unread = word >> 16 & 0xffff,
			      .churning = word >> 32 & 1,
			      .turn = (uint32_t)(word >> 40) & 0xff };
}

static uint64_t pack(const struct cell *c)
{
	return (uint64_t)c->read | (uint64_t)c->unread << 16 | (uint64_t)c->churning << 32 |
	       (uint64_t)(c->turn & 0xff) << 40;
}

uint32_t worth_class(const struct cache_map *map, size_t model, struct str key)
{
	struct str owner = redis_key_braces(key);

	assert(model < WORTH_MODELS);
	return (uint32_t)(model * WORTH_OWNERS +
			  (owner.ptr ? map_key_hash(map, owner) % WORTH_OWNERS : 0));
}

static void judge(struct cell *c)
{
	if (c->read + c->unread >= LIVES_MAX) {
		c->read /= 2;
		c->unread /= 2;
	}
	if (!c->churning && c->read + c->unread >= WORTH_LIVES && c->unread > 2 * c->read) {
		c->churning = true;
		c->turn = 0;
	} else if (c->churning && c->read > c->unread) {
		c->churning = false;
	}
}

static void count_life(struct cache_map *map, uint32_t class, bool read)
{
	struct worth_row *row = &map->worth->row[class / WORTH_OWNERS];
	_Atomic uint64_t *at = &map->worth->cell[class];
	uint64_t word = atomic_load(at);
	struct cell now;
	bool was;

	do {
		now = unpack(word);
		was = now.churning;
		now.read += read;
		now.unread += !read;
		judge(&now);
	} while (!atomic_compare_exchange_weak(at, &word, pack(&now)));
	if (now.churning && !was)
		atomic_fetch_add(&row->churning, 1);
	else if (was && !now.churning)
		atomic_fetch_sub(&row->churning, 1);
}

void worth_read(struct cache_map *map, uint32_t class)
{
	count_life(map, class, true);
}

void worth_unread(struct cache_map *map, uint32_t class)
{
	count_life(map, class, false);
}

bool worth_writing(struct cache_map *map, uint32_t class)
{
	_Atomic uint64_t *at = &map->worth->cell[class];
	uint64_t word = atomic_load(at);
	struct cell now;

	do {
		now = unpack(word);
		if (!now.churning)
			return true;
		now.turn++;
	} while (!atomic_compare_exchange_weak(at, &word, pack(&now)));
	if (now.turn % WORTH_PROBE == 0)
		return true;
	atomic_fetch_add(&map->worth->row[class / WORTH_OWNERS].skipped, 1);
	return false;
}

void worth_count(const struct cache_map *map, size_t model, struct worth_counts *ret)
{
	const struct worth_row *row = &map->worth->row[model];

	assert(model < WORTH_MODELS);
	ret->skipped = atomic_load(&row->skipped);
	ret->churning = atomic_load(&row->churning);
}
