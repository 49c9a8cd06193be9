#include "cache/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "cache/layout.h"
#include "cache/shard.h"
#include "cache/usable.h"

#define SPARE_MAX    16 /* records moved to make place for one */
#define PART_BUCKETS 64 /* looked at under one lock by a sweep */

#define RECORD_MAX (ENTRY_MAX + 2 * RECORD_ALIGN)

/* A record in a ring; an entry follows. */
struct record {
	uint64_t position; /* its own: bytes of another lap say another one */
	uint64_t hash;     /* of the key */
	uint32_t size;     /* of record and entry, a multiple of RECORD_ALIGN */
	uint32_t entry;    /* bytes of the entry; 0: padding up to the end of the ring */
	uint64_t spare;
};

static uint64_t word_make(uint64_t hash, enum ring_kind ring, uint64_t position)
{
	return (hash >> 48 << 48) | (uint64_t)ring << 47 | position / RECORD_ALIGN;
}

static enum ring_kind word_ring(uint64_t word)
{
	return (enum ring_kind)(word >> 47 & 1);
}

static uint64_t word_position(uint64_t word)
{
	return (word & ((UINT64_C(1) << 47) - 1)) * RECORD_ALIGN;
}

static struct shard_view shard_of(const struct cache_map *map, uint64_t hash)
{
	return shard_view(map, hash % MAP_SHARDS);
}

static struct bucket *bucket_of(struct shard_view v, uint64_t hash)
{
	return &shard_buckets(v)[hash / MAP_SHARDS & (v.shape->buckets - 1)];
}

static uint32_t *ghost_of(struct shard_view v, uint64_t hash)
{
	return &shard_ghosts(v)[hash >> 20 & (v.shape->ghosts - 1)];
}

/* position is a multiple of RECORD_ALIGN. */
static struct record *record_at(struct shard_view v, enum ring_kind ring, uint64_t position)
{
	return (struct record *)((uint8_t *)v.s + v.shape->ring[ring].at +
				 position % v.shape->ring[ring].size);
}

static uint64_t align(uint64_t n)
{
	return (n + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1);
}

void memory_format(struct cache_map *map)
{
	for (uint32_t i = 0; i < MAP_SHARDS; i++)
		shard_format(shard_view(map, i));
}

/* --- reading ----------------------------------------------------------------------------- */

static bool is_record(const struct record *r, uint64_t hash, uint64_t position, uint64_t room)
{
	return r->position == position && r->hash == hash && r->size <= room &&
	       r->size >= sizeof(*r) && r->entry <= r->size - sizeof(*r) &&
	       r->entry <= ENTRY_MAX;
}

/* Copies the record out; false when it was not there in one piece all the time. */
static bool copy_out(struct shard_view v, uint64_t word, uint64_t hash, struct arena *arena,
		     struct str *ret)
{
	enum ring_kind ring = word_ring(word);
	uint64_t position = word_position(word), room;
	const struct record *from = record_at(v, ring, position);
	struct record head;

	room = v.shape->ring[ring].size - position % v.shape->ring[ring].size;
	memcpy(&head, from, sizeof(head));
	if (!is_record(&head, hash, position, room))
		return false;
	char *bytes = arena_alloc(arena, head.entry);
	memcpy(bytes, from + 1, head.entry);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load(&v.s->ring[ring].tail) > position)
		return false;
	*ret = (struct str){ bytes, head.entry };
	return true;
}

bool memory_get(struct cache_map *map, struct arena *arena, struct str key, struct entry *ret)
{
	uint64_t hash = map_key_hash(map, key);
	struct shard_view v = shard_of(map, hash);
	struct bucket *b = bucket_of(v, hash);

	for (int i = 0; i < BUCKET_WORDS; i++) {
		uint64_t word = atomic_load(&b->word[i]);
		struct str bytes;

		if (word == 0 || word >> 48 != hash >> 48)
			continue;
		if (!copy_out(v, word, hash, arena, &bytes) || !entry_decode(bytes, key, ret))
			continue;
		ret->read = atomic_load_explicit(&b->hit[i], memory_order_relaxed);
		if (!ret->read)
			atomic_store_explicit(&b->hit[i], 1, memory_order_relaxed);
		return true;
	}
	return false;
}

/* --- writing: the shard is locked -------------------------------------------------------- */

static int find(struct shard_view v, struct bucket *b, uint64_t hash)
{
	for (int i = 0; i < BUCKET_WORDS; i++) {
		uint64_t word = atomic_load(&b->word[i]);

		if (word && word >> 48 == hash >> 48 &&
		    record_at(v, word_ring(word), word_position(word))->hash == hash)
			return i;
	}
	return -1;
}

static void drop(struct shard_view v, struct bucket *b, int i)
{
	atomic_store(&b->word[i], 0);
	atomic_fetch_sub(&v.s->entries, 1);
}

/* The place of a new word: a free one, else the one least worth keeping. */
static int place(struct shard_view v, struct bucket *b)
{
	int worst = 0;

	for (int i = 0; i < BUCKET_WORDS; i++)
		if (atomic_load(&b->word[i]) == 0)
			return i;
	for (int i = 1; i < BUCKET_WORDS; i++) {
		if (atomic_load(&b->hit[i]) != atomic_load(&b->hit[worst])) {
			if (!atomic_load(&b->hit[i]))
				worst = i;
		} else if (word_position(atomic_load(&b->word[i])) <
			   word_position(atomic_load(&b->word[worst]))) {
			worst = i;
		}
	}
	drop(v, b, worst);
	atomic_fetch_add(&v.s->evictions, 1);
	return worst;
}

/* As shard_lock found it: whatever becomes of it meanwhile, a multiple of RECORD_ALIGN. */
static uint64_t position_in(const _Atomic uint64_t *at)
{
	return atomic_load(at) & ~(uint64_t)(RECORD_ALIGN - 1);
}

static bool has_room(struct shard_view v, enum ring_kind ring, uint64_t size)
{
	const struct ring *r = &v.s->ring[ring];
	uint64_t lap = v.shape->ring[ring].size, head = position_in(&r->head), at = head % lap;
	uint64_t pad = at + size > lap ? lap - at : 0;

	return head + pad + size - position_in(&r->tail) <= lap;
}

/* What a ring's oldest record says of itself is believed when it can be copied. */
static bool is_sound(struct shard_view v, enum ring_kind ring, const struct record *old,
		     uint64_t tail)
{
	uint64_t lap = v.shape->ring[ring].size;

	return old->position == tail && old->size >= sizeof(*old) &&
	       old->size % RECORD_ALIGN == 0 &&
	       old->size <= position_in(&v.s->ring[ring].head) - tail &&
	       old->size <= lap - tail % lap &&
	       (old->entry == 0 ||
		(old->size <= RECORD_MAX && old->entry <= old->size - sizeof(*old)));
}

static void keep_copy(struct record *keep, const struct record *head, const struct record *from)
{
	*keep = *head;
	memcpy(keep + 1, from + 1, head->size - sizeof(*head));
}

/* Takes the oldest record out of a ring.  True: it was read and is worth a second lap; a copy
 * of it is in keep. */
static bool take_oldest(struct shard_view v, enum ring_kind ring, struct record *keep)
{
	uint64_t tail = position_in(&v.s->ring[ring].tail);
	const struct record *from = record_at(v, ring, tail);
	struct record old = *from;
	bool spare = false;

	if (!is_sound(v, ring, &old, tail)) {
		shard_damaged(v);
		return false;
	}
	if (old.entry) {
		struct bucket *b = bucket_of(v, old.hash);
		int i = find(v, b, old.hash);

		if (i >= 0 && atomic_load(&b->word[i]) == word_make(old.hash, ring, tail)) {
			spare = atomic_exchange(&b->hit[i], 0) ||
				has_room(v, RING_MAIN, old.size);
			if (spare)
				keep_copy(keep, &old, from);
			else if (ring == RING_PROBATION)
				*ghost_of(v, old.hash) = (uint32_t)(old.hash >> 32) | 1;
			if (!spare)
				atomic_fetch_add(&v.s->evictions, 1);
			drop(v, b, i);
		}
	}
	atomic_store(&v.s->ring[ring].tail, tail + old.size);
	return spare;
}

/* A place for a record, where there is room; it is found only once it is published. */
static struct record *begin(struct shard_view v, enum ring_kind ring, uint64_t hash,
			    uint32_t entry)
{
	struct ring *r = &v.s->ring[ring];
	uint64_t lap = v.shape->ring[ring].size, head = position_in(&r->head), at = head % lap;
	uint32_t size = (uint32_t)align(sizeof(struct record) + entry);

	if (at + size > lap) {
		*record_at(v, ring, head) =
			(struct record){ .position = head, .size = (uint32_t)(lap - at) };
		head += lap - at;
	}
	struct record *to = record_at(v, ring, head);
	*to = (struct record){ .position = head, .hash = hash, .size = size, .entry = entry };
	atomic_store(&r->head, head + size);
	return to;
}

static void publish(struct shard_view v, enum ring_kind ring, const struct record *record)
{
	struct bucket *b = bucket_of(v, record->hash);
	int i = place(v, b);

	atomic_store(&b->hit[i], 0);
	atomic_store(&b->word[i], word_make(record->hash, ring, record->position));
	atomic_fetch_add(&v.s->entries, 1);
}

/* Whoever was read since goes to the main ring for another lap; not without end. */
static void make_room(struct shard_view v, enum ring_kind ring, uint64_t size, int *spare_left)
{
	static _Alignas(RECORD_ALIGN) char keep[RINGS][RECORD_MAX];
	struct record *old = (struct record *)keep[ring];

	while (!has_room(v, ring, size)) {
		if (!take_oldest(v, ring, old) || --*spare_left < 0)
			continue;
		if (ring == RING_PROBATION)
			make_room(v, RING_MAIN, old->size, spare_left);
		if (!has_room(v, RING_MAIN, old->size))
			continue;
		struct record *to = begin(v, RING_MAIN, old->hash, old->entry);
		memcpy(to + 1, old + 1, old->entry);
		publish(v, RING_MAIN, to);
		atomic_fetch_add(&v.s->spared, 1);
	}
}

/* New keys begin in probation; one that is known, or was not long ago, does not have to. */
static enum ring_kind choose(struct shard_view v, uint64_t hash)
{
	uint32_t *ghost = ghost_of(v, hash);
	struct bucket *b = bucket_of(v, hash);
	enum ring_kind ring = RING_PROBATION;
	int i = find(v, b, hash);

	if (i >= 0) {
		if (atomic_load(&b->hit[i]) || word_ring(atomic_load(&b->word[i])) == RING_MAIN)
			ring = RING_MAIN;
		drop(v, b, i);
	}
	if (*ghost == ((uint32_t)(hash >> 32) | 1)) {
		*ghost = 0;
		ring = RING_MAIN;
	}
	return ring;
}

/* The copy at a word; damage, if any, is the checksum's to find. */
static struct str entry_at(struct shard_view v, uint64_t word, uint64_t hash)
{
	enum ring_kind ring = word_ring(word);
	uint64_t position = word_position(word), lap = v.shape->ring[ring].size;
	const struct record *from = record_at(v, ring, position);
	struct record head = *from;

	if (!is_record(&head, hash, position, lap - position % lap))
		return STR_NONE;
	return (struct str){ (const char *)(from + 1), head.entry };
}

/* As far as labels tell: of reads that overlap the one begun later may have read less. */
static bool is_later(const struct entry_head *a, const struct entry_head *b)
{
	return a->label > b->label || (a->label == b->label && a->read_ns > b->read_ns);
}

static bool is_overtaken(const struct cache_map *map, struct shard_view v, uint64_t hash,
			 const struct entry *e)
{
	struct bucket *b = bucket_of(v, hash);
	int i = find(v, b, hash);
	struct str bytes = i >= 0 ? entry_at(v, atomic_load(&b->word[i]), hash) : STR_NONE;
	struct entry there;

	return bytes.len >= sizeof(there.head) &&
	       is_later((const struct entry_head *)bytes.ptr, &e->head) &&
	       entry_decode(bytes, e->key, &there) && there.head.expires_ns > clock_boot_ns() &&
	       copy_of_history(map, &there.head) && copy_unchanged(map, &there);
}

bool memory_put(struct cache_map *map, const struct entry *e)
{
	uint64_t hash = map_key_hash(map, e->key);
	struct shard_view v = shard_of(map, hash);
	size_t entry = entry_size(e), size = align(sizeof(struct record) + entry);
	int spare_left = SPARE_MAX;

	if (entry > ENTRY_MAX || size > v.shape->ring[RING_MAIN].size / 2 || !shard_lock(v))
		return false;
	if (is_overtaken(map, v, hash, e)) {
		shard_unlock(v);
		return true;
	}
	enum ring_kind ring = choose(v, hash);
	if (size > v.shape->ring[ring].size / 2)
		ring = RING_MAIN;
	make_room(v, ring, size, &spare_left);
	struct record *to = begin(v, ring, hash, (uint32_t)entry);
	entry_encode(e, to + 1);
	publish(v, ring, to);
	shard_unlock(v);
	return true;
}

void memory_forget(struct cache_map *map, struct str key)
{
	uint64_t hash = map_key_hash(map, key);
	struct shard_view v = shard_of(map, hash);
	struct bucket *b = bucket_of(v, hash);

	if (!shard_lock(v))
		return;
	int i = find(v, b, hash);
	if (i >= 0)
		drop(v, b, i);
	shard_unlock(v);
}

void memory_clear(struct cache_map *map)
{
	for (uint32_t i = 0; i < MAP_SHARDS; i++) {
		struct shard_view v = shard_view(map, i);

		if (!shard_lock(v))
			continue;
		shard_empty(v);
		shard_unlock(v);
	}
}

/* The key of what an index word points at, as far as it is one. */
static struct str key_at(struct shard_view v, uint64_t word)
{
	enum ring_kind ring = word_ring(word);
	uint64_t lap = v.shape->ring[ring].size, room = lap - word_position(word) % lap;
	const struct record *record = record_at(v, ring, word_position(word));
	struct entry_head head;

	if (room < sizeof(*record) + sizeof(head))
		return STR_NONE;
	memcpy(&head, record + 1, sizeof(head));
	size_t at = sizeof(head) + head.tags * sizeof(struct entry_tag);
	if (head.tags > TAGS_MAX || head.key_len > ENTRY_KEY_MAX ||
	    room - sizeof(*record) < at + head.key_len)
		return STR_NONE;
	return (struct str){ (const char *)(record + 1) + at, head.key_len };
}

static uint64_t sweep_bucket(struct shard_view v, struct bucket *b,
			     bool (*match)(const void *ctx, struct str key), const void *ctx)
{
	uint64_t gone = 0;

	for (int i = 0; i < BUCKET_WORDS; i++) {
		uint64_t word = atomic_load(&b->word[i]);
		struct str key = word ? key_at(v, word) : STR_NONE;

		if (!key.ptr || !match(ctx, key))
			continue;
		drop(v, b, i);
		gone++;
	}
	return gone;
}

uint32_t memory_parts(const struct cache_map *map)
{
	return (uint32_t)(MAP_SHARDS *
			  ((map->shape.buckets + PART_BUCKETS - 1) / PART_BUCKETS));
}

uint64_t memory_sweep(struct cache_map *map, uint32_t part,
		      bool (*match)(const void *ctx, struct str key), const void *ctx)
{
	struct shard_view v = shard_view(map, part % MAP_SHARDS);
	uint64_t begin = part / MAP_SHARDS * (uint64_t)PART_BUCKETS, gone = 0;

	if (!shard_lock(v))
		return 0;
	for (uint64_t i = begin; i < begin + PART_BUCKETS && i < v.shape->buckets; i++)
		gone += sweep_bucket(v, &shard_buckets(v)[i], match, ctx);
	shard_unlock(v);
	return gone;
}

void memory_count(const struct cache_map *map, struct memory_counts *ret)
{
	*ret = (struct memory_counts){ 0 };
	for (uint32_t i = 0; i < MAP_SHARDS; i++) {
		const struct shard *s = map_shard(map, i);

		ret->entries += atomic_load(&s->entries);
		ret->evictions += atomic_load(&s->evictions);
		ret->spared += atomic_load(&s->spared);
		ret->cleared += atomic_load(&s->cleared);
		for (int r = 0; r < RINGS; r++) {
			ret->bytes +=
				atomic_load(&s->ring[r].head) - atomic_load(&s->ring[r].tail);
			ret->capacity += map->shape.ring[r].size;
		}
	}
}
