#include "cache/map.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/hash.h"
#include "cache/layout.h"
#include "cache/memory.h"
#include "cache/mutation.h"

#define PAGE              UINT64_C(4096)
#define PROBATION_PERCENT 10
#define INDEX_BYTES       512 /* of ring for one word of the index */

static uint64_t align(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

static uint64_t power_below(uint64_t n)
{
	uint64_t p = 1;

	while (p * 2 <= n)
		p *= 2;
	return p;
}

static void plan_shard(struct map_shape *shape)
{
	uint64_t size = shape->shard_size, words = power_below(size / INDEX_BYTES);

	shape->buckets = words / 8 ? words / 8 : 1;
	shape->buckets_at = align(sizeof(struct shard), RECORD_ALIGN);
	shape->ghosts = words;
	shape->ghosts_at = shape->buckets_at + shape->buckets * sizeof(struct bucket);
	uint64_t at = align(shape->ghosts_at + words * sizeof(uint32_t), RECORD_ALIGN);
	uint64_t probation = align((size - at) / 100 * PROBATION_PERCENT, RECORD_ALIGN);
	shape->ring[RING_PROBATION].at = at;
	shape->ring[RING_PROBATION].size = probation;
	shape->ring[RING_MAIN].at = at + probation;
	shape->ring[RING_MAIN].size = (size - at - probation) & ~(uint64_t)(RECORD_ALIGN - 1);
}

static struct map_shape plan(size_t memory_bytes)
{
	struct map_shape shape = { .magic = MAP_MAGIC,
				   .layout = MAP_LAYOUT,
				   .shards = MAP_SHARDS };

	shape.slots_at = align(sizeof(struct map_head), PAGE);
	shape.flights_at = shape.slots_at + align(sizeof(struct tag_slot) * TAG_SLOTS, PAGE);
	shape.worth_at = shape.flights_at + align(sizeof(struct flight) * FLIGHTS, PAGE);
	shape.shards_at = shape.worth_at + align(sizeof(struct worth), PAGE);
	shape.shard_size = align(memory_bytes / MAP_SHARDS, PAGE);
	shape.size = shape.shards_at + shape.shard_size * MAP_SHARDS;
	plan_shard(&shape);
	return shape;
}

static void seal(struct map_shape *shape, const uint8_t hash_key[16])
{
	memcpy(shape->hash_key, hash_key, sizeof(shape->hash_key));
	shape->checksum = hash_fast(shape, offsetof(struct map_shape, checksum));
}

/* The shape of a file of so many bytes, if it is what its head says. */
static bool read_shape(const struct map_head *head, uint64_t size, struct map_shape *ret)
{
	uint64_t shard_size = head->shape.shard_size;
	struct map_shape shape;

	if (shard_size < PAGE || shard_size > size)
		return false;
	shape = plan(shard_size * MAP_SHARDS);
	seal(&shape, head->shape.hash_key);
	if (shape.size != size || memcmp(&shape, &head->shape, sizeof(shape)) != 0)
		return false;
	*ret = shape;
	return true;
}

static struct cache_map *map_of(struct map_head *head, const struct map_shape *shape)
{
	struct cache_map *map = mem_alloc(sizeof(*map));
	uint8_t *bytes = (uint8_t *)head;

	*map = (struct cache_map){ .head = head,
				   .slots = (struct tag_slot *)(bytes + shape->slots_at),
				   .flights = (struct flight *)(bytes + shape->flights_at),
				   .worth = (struct worth *)(bytes + shape->worth_at),
				   .shards = bytes + shape->shards_at,
				   .shape = *shape };
	return map;
}

static int attach(int fd, struct cache_map **ret)
{
	struct stat st;
	struct map_head *head;
	struct map_shape shape;

	if (fstat(fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(*head))
		return EINVAL;
	head = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (head == MAP_FAILED)
		return errno;
	if (!read_shape(head, (uint64_t)st.st_size, &shape)) {
		munmap(head, (size_t)st.st_size);
		return EINVAL;
	}
	*ret = map_of(head, &shape);
	return 0;
}

static int make(int fd, size_t memory_bytes, struct cache_map **ret)
{
	struct map_shape shape = plan(memory_bytes);
	int failed = posix_fallocate(fd, 0, (off_t)shape.size);
	uint8_t hash_key[16];

	hash_random(hash_key, sizeof(hash_key));
	seal(&shape, hash_key);
	if (!failed && pwrite(fd, &shape, sizeof(shape), 0) != (ssize_t)sizeof(shape))
		failed = errno;
	if (!failed)
		failed = attach(fd, ret);
	if (!failed)
		memory_format(*ret);
	return failed;
}

/* Made beside the path and renamed onto it: whoever holds the old one keeps the old one. */
enum rc cache_map_create(const char *path, size_t memory_bytes, struct cache_map **ret,
			 const char **ret_error)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *beside = mem_alloc(size);
	struct cache_map *map = NULL;

	snprintf(beside, size, "%s.XXXXXX", path);
	int fd = mkostemp(beside, O_CLOEXEC); /* mode 0600 */
	int failed = fd < 0 ? errno : make(fd, memory_bytes, &map);
	if (!failed && rename(beside, path) != 0)
		failed = errno;
	if (fd >= 0) {
		if (failed)
			unlink(beside);
		close(fd);
	}
	free(beside);
	if (failed) {
		cache_map_close(map);
		*ret_error = strerror(failed);
		return RC_UNAVAILABLE;
	}
	*ret = map;
	return RC_OK;
}

enum rc cache_map_attach(const char *path, struct cache_map **ret, const char **ret_error)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int failed = fd < 0 ? errno : attach(fd, ret);

	if (fd >= 0)
		close(fd);
	if (!failed)
		return RC_OK;
	*ret_error = failed == EINVAL ? "the mapping is of another layout or damaged"
				      : strerror(failed);
	return failed == EINVAL ? RC_CONFLICT : RC_UNAVAILABLE;
}

void cache_map_close(struct cache_map *map)
{
	if (!map)
		return;
	munmap(map->head, map->shape.size);
	free(map);
}

uint32_t map_slot_of(const struct cache_map *map, uint64_t tag_hash)
{
	return (uint32_t)(hash_sip(map->shape.hash_key, &tag_hash, sizeof(tag_hash)) %
			  TAG_SLOTS);
}

uint64_t map_key_hash(const struct cache_map *map, struct str key)
{
	return hash_sip(map->shape.hash_key, key.ptr, key.len);
}

uint64_t map_xid(const struct cache_map *map, uint32_t slot)
{
	return atomic_load(&map->slots[slot].xid);
}

uint64_t map_gen(const struct cache_map *map, uint32_t slot)
{
	return atomic_load(&map->slots[slot].gen);
}

void map_raise_xid(struct cache_map *map, uint32_t slot, uint64_t xid)
{
	uint64_t old = atomic_load(&map->slots[slot].xid);

	if (MUTATED(no_xid))
		return;
	while (old < xid && !atomic_compare_exchange_weak(&map->slots[slot].xid, &old, xid))
		;
}

void map_raise_gen(struct cache_map *map, uint32_t slot)
{
	if (!MUTATED(no_gen))
		atomic_fetch_add(&map->slots[slot].gen, 1);
}

bool map_label_ok(const struct cache_map *map, uint32_t slot, uint64_t label)
{
	return (MUTATED(no_epoch) || label > atomic_load(&map->head->floor)) &&
	       label > map_xid(map, slot);
}

uint64_t map_writes(const struct cache_map *map)
{
	return atomic_load(&map->head->writes);
}

void map_count_write(struct cache_map *map)
{
	atomic_fetch_add(&map->head->writes, 1);
}

/* The era last: an epoch that is named meanwhile belongs to a later one. */
cache_epoch map_epoch(const struct cache_map *map)
{
	uint64_t named = atomic_load(&map->head->named);
	cache_epoch epoch = atomic_load(&map->head->epoch);

	return atomic_load(&map->head->era) == named ? epoch : 0;
}

uint64_t map_era(const struct cache_map *map)
{
	return atomic_load(&map->head->era);
}

uint64_t map_void(struct cache_map *map)
{
	if (MUTATED(era_same) && map_epoch(map) == 0)
		return map_era(map);
	return atomic_fetch_add(&map->head->era, 1);
}

/* Eras do not come again: copies of one that is over would count. */
static bool mend_era(struct cache_map *map)
{
	uint64_t named = atomic_load(&map->head->named), era = map_era(map);
	bool damaged = era < named;

	while (era < named && !atomic_compare_exchange_weak(&map->head->era, &era, named + 1))
		;
	return damaged;
}

bool map_mend(struct cache_map *map, int64_t boot_ns)
{
	bool damaged = mend_era(map);

	if (map_lease_until(map) > boot_ns + 2 * LEASE_NS)
		damaged = true;
	if (memcmp(&map->head->shape, &map->shape, sizeof(map->shape)) != 0) {
		memcpy(&map->head->shape, &map->shape, sizeof(map->shape));
		damaged = true;
	}
	if (damaged) {
		map_end_lease(map);
		map_void(map);
	}
	return damaged;
}

/* Whoever finds it seen may rely on the void, so that comes first.  Epochs do not come back:
 * what polls name that were begun since is this one or a later one. */
void map_see_epoch(struct cache_map *map, cache_epoch epoch)
{
	if (epoch != 0 && (map_epoch(map) == epoch || atomic_load(&map->head->seen) == epoch))
		return;
	map_void(map);
	atomic_store(&map->head->seen, epoch);
}

/* One process names.  A void in the midst of it makes the name one of an era that is over. */
bool map_name_epoch(struct cache_map *map, cache_epoch epoch, uint64_t era)
{
	if (map_epoch(map) == epoch)
		return atomic_load(&map->head->era) == era;
	if (!atomic_compare_exchange_strong(&map->head->era, &era, era + 1))
		return false;
	atomic_store(&map->head->epoch, epoch);
	atomic_store(&map->head->named, era + 1);
	return true;
}

void map_set_epoch(struct cache_map *map, cache_epoch epoch)
{
	if (epoch == 0)
		map_void(map);
	while (epoch != 0 && !map_name_epoch(map, epoch, map_era(map)))
		;
}

void map_set_line(struct cache_map *map, uint64_t line, uint64_t lsn)
{
	atomic_store(&map->head->line, line);
	atomic_store(&map->head->lsn, lsn);
}

uint64_t map_line(const struct cache_map *map)
{
	return atomic_load(&map->head->line);
}

uint64_t map_lsn(const struct cache_map *map)
{
	return atomic_load(&map->head->lsn);
}

struct replica_cell *map_replica(struct cache_map *map, size_t i)
{
	assert(i < REPLICAS_MAX);
	return &map->head->replica[i];
}

uint64_t map_replica_turn(struct cache_map *map)
{
	return atomic_fetch_add(&map->head->replica_turn, 1);
}

uint64_t map_floor(const struct cache_map *map)
{
	return atomic_load(&map->head->floor);
}

void map_set_floor(struct cache_map *map, uint64_t xid)
{
	atomic_store(&map->head->floor, xid);
}

void map_raise_floor(struct cache_map *map, uint64_t xid)
{
	uint64_t old = atomic_load(&map->head->floor);

	while (old < xid && !atomic_compare_exchange_weak(&map->head->floor, &old, xid))
		;
}

/* In a new mapping it is 0, and so may the era be. */
bool map_is_warmed(const struct cache_map *map, uint64_t era)
{
	return atomic_load(&map->head->warmed) == era + 1 && atomic_load(&map->head->cold) == 0;
}

void map_set_warmed(struct cache_map *map, uint64_t era)
{
	atomic_store(&map->head->cold, 0);
	atomic_store(&map->head->warmed, era + 1);
}

void map_set_cold(struct cache_map *map)
{
	atomic_store(&map->head->cold, 1);
}

bool map_lease_valid(const struct cache_map *map, int64_t boot_ns)
{
	return MUTATED(no_lease) || boot_ns < atomic_load(&map->head->lease_until_ns);
}

int64_t map_lease_until(const struct cache_map *map)
{
	return atomic_load(&map->head->lease_until_ns);
}

void map_extend_lease(struct cache_map *map, int64_t until_boot_ns)
{
	int64_t old = atomic_load(&map->head->lease_until_ns);

	while (old < until_boot_ns &&
	       !atomic_compare_exchange_weak(&map->head->lease_until_ns, &old, until_boot_ns))
		;
}

void map_end_lease(struct cache_map *map)
{
	atomic_store(&map->head->lease_until_ns, 0);
}
