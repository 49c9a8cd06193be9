#include "model/keyring.h"

#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/hash.h"
#include "base/hex.h"
#include "cache/guard.h"
#include "net/pg.h"

#define PLACES (2 * KEYRING_MAX) /* of the index; a power of two */
#define FIRST  (64 * 1024)

/* Columns of key_all. */
enum {
	ALL_ID,
	ALL_ROLE,
	ALL_NAME,
	ALL_DIGEST
};

struct held {
	uint8_t digest[SHA256_BYTES];
	struct key_who who;
};

struct keyring {
	struct cache *cache;
	struct pg *pg;
	struct cache_guard guard;
	struct arena *names; /* of what is held */
	struct arena *asked; /* of the last key that the database was asked about */
	bool complete;       /* a key that is not held does not exist */
	uint32_t count;
	struct held held[KEYRING_MAX];
	uint16_t place[PLACES]; /* 1 + index into held; 0: none */
};

struct keyring *keyring_new(struct cache *cache, struct pg *pg)
{
	struct keyring *ring = mem_alloc(sizeof(*ring));

	ring->cache = cache;
	ring->pg = pg;
	ring->names = arena_new(FIRST);
	ring->asked = arena_new(1024);
	return ring;
}

void keyring_free(struct keyring *ring)
{
	if (!ring)
		return;
	arena_free(ring->names);
	arena_free(ring->asked);
	free(ring);
}

/* A digest is as good as random. */
static uint32_t place_of(const uint8_t digest[SHA256_BYTES])
{
	uint32_t n;

	memcpy(&n, digest, sizeof(n));
	return n % PLACES;
}

static const struct held *look(const struct keyring *ring, const uint8_t digest[SHA256_BYTES])
{
	for (uint32_t i = place_of(digest); ring->place[i]; i = (i + 1) % PLACES) {
		const struct held *held = &ring->held[ring->place[i] - 1];

		if (hash_equal(held->digest, digest, SHA256_BYTES))
			return held;
	}
	return NULL;
}

static bool hold(struct keyring *ring, const struct pg_result *rows, int row)
{
	struct held *held = &ring->held[ring->count];

	held->who.id = pg_i64(rows, row, ALL_ID);
	if (!role_read(pg_str(rows, row, ALL_ROLE), &held->who.role) ||
	    hex_read(pg_str(rows, row, ALL_DIGEST), held->digest, SHA256_BYTES) != RC_OK)
		return false;
	held->who.name = arena_dup(ring->names, pg_str(rows, row, ALL_NAME));
	uint32_t i = place_of(held->digest);
	while (ring->place[i])
		i = (i + 1) % PLACES;
	ring->place[i] = (uint16_t)++ring->count;
	return true;
}

static void forget(struct keyring *ring)
{
	arena_reset(ring->names);
	memset(ring->place, 0, sizeof(ring->place));
	ring->count = 0;
	ring->complete = false;
	ring->guard.set = false;
}

static enum rc load(struct keyring *ring)
{
	struct cache_guard guard;

	forget(ring);
	guard_begin(&guard, ring->cache, TAG_KEYS);
	SCOPED(pg_result_done)
	struct pg_result rows = pg_run(ring->pg, STMT_key_all, PG_NO_ARGS);
	guard_end(&guard, ring->cache);
	if (rows.rc != RC_OK)
		return rows.rc;
	bool complete = rows.count <= KEYRING_MAX;
	for (int i = 0; i < rows.count && i < KEYRING_MAX; i++)
		complete &= hold(ring, &rows, i);
	ring->complete = complete;
	ring->guard = guard;
	return RC_OK;
}

static enum rc ask(struct keyring *ring, struct str key, struct key_who *ret)
{
	arena_reset(ring->asked);
	return key_find(ring->pg, ring->asked, key, ret);
}

enum rc keyring_find(struct keyring *ring, struct str key, int64_t boot_ns, struct key_who *ret)
{
	uint8_t digest[SHA256_BYTES];

	if (!key_looks_right(key))
		return RC_NOT_FOUND;
	if (!guard_holds(&ring->guard, ring->cache, boot_ns)) {
		if (!guard_possible(ring->cache, boot_ns))
			return ask(ring, key, ret);
		enum rc rc = load(ring);
		if (rc != RC_OK)
			return rc;
	}
	key_digest_of(key, digest);
	const struct held *held = look(ring, digest);
	if (!held)
		return ring->complete ? RC_NOT_FOUND : ask(ring, key, ret);
	*ret = held->who;
	return RC_OK;
}
