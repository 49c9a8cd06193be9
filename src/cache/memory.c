#include "cache/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/scope.h"
#include "cache/layout.h"

#define PROBATION_PERCENT 10
#define INDEX_BYTES       512 /* of ring for one word of the index */
#define SPARE_MAX         16  /* records moved to make place for one */
#define PART_BUCKETS      64  /* looked at under one lock by a sweep */

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

static struct shard *shard_of(const struct cache_map *map, uint64_t hash)
{
	return map_shard(map, hash % MAP_SHARDS);
}

static struct bucket *bucket_of(struct shard *s, uint64_t hash)
{
	struct bucket *all = (struct bucket *)((uint8_t *)s + s->buckets_at);

	return &all[hash / MAP_SHARDS & (s->buckets - 1)];
}

static uint32_t *ghost_of(struct shard *s, uint64_t hash)
{
	uint32_t *all = (uint32_t *)((uint8_t *)s + s->ghosts_at);

	return &all[hash >> 20 & (s->ghosts - 1)];
}

static struct record *record_at(struct shard *s, enum ring_kind ring, uint64_t position)
{
	return (struct record *)((uint8_t *)s + s->ring[ring].base +
				 position % s->ring[ring].size);
}

static uint64_t align(uint64_t n)
{
	return (n + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1);
}

static uint64_t power_below(uint64_t n)
{
	uint64_t p = 1;

	while (p * 2 <= n)
		p *= 2;
	return p;
}

/* --- shards ------------------------------------------------------------------------------- */

static void empty(struct shard *s)
{
	struct bucket *all = (struct bucket *)((uint8_t *)s + s->buckets_at);

	for (uint64_t i = 0; i < s->buckets; i++)
		for (int k = 0; k < BUCKET_WORDS; k++)
			atomic_store(&all[i].word[k], 0);
	/* Positions go on: a reader that is copying sees that tail has passed it.  0 is no
	 * position. */
	for (int r = 0; r < RINGS; r++) {
		uint64_t size = s->ring[r].size;
		uint64_t next = (atomic_load(&s->ring[r].head) / size + 1) * size;

		atomic_store(&s->ring[r].tail, next);
		atomic_store(&s->ring[r].head, next);
	}
	memset((uint8_t *)s + s->ghosts_at, 0, s->ghosts * sizeof(uint32_t));
	atomic_store(&s->entries, 0);
}

static void format(struct shard *s, uint64_t size)
{
	pthread_mutexattr_t attr;
	uint64_t words, rest;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	words = power_below(size / INDEX_BYTES);
	s->buckets = words / 8 ? words / 8 : 1;
	s->buckets_at = align(sizeof(*s));
	s->ghosts = words;
	s->ghosts_at = s->buckets_at + s->buckets * sizeof(struct bucket);
	s->ring[RING_PROBATION].base = align(s->ghosts_at + s->ghosts * sizeof(uint32_t));
	rest = size - s->ring[RING_PROBATION].base;
	s->ring[RING_PROBATION].size = align(rest / 100 * PROBATION_PERCENT);
	s->ring[RING_MAIN].base = s->ring[RING_PROBATION].base + s->ring[RING_PROBATION].size;
	s->ring[RING_MAIN].size =
		(size - s->ring[RING_MAIN].base) & ~(uint64_t)(RECORD_ALIGN - 1);
	empty(s);
}

void memory_format(struct cache_map *map)
{
	for (uint32_t i = 0; i < MAP_SHARDS; i++)
		format(map_shard(map, i), map->head->shard_size);
}

static bool lock(struct shard *s)
{
	int failed = pthread_mutex_lock(&s->lock);

	if (failed == EOWNERDEAD) {
		empty(s);
		atomic_fetch_add(&s->cleared, 1);
		pthread_mutex_consistent(&s->lock);
		failed = 0;
	}
	return failed == 0;
}

static void unlock(struct shard *s)
{
	pthread_mutex_unlock(&s->lock);
}

/* --- reading -------------------------------------------------------------------------------
 */

/* Copies the record out; false when it was not there in one piece all the time. */
static bool copy_out(struct shard *s, uint64_t word, uint64_t hash, struct arena *arena,
		     struct str *ret)
{
	enum ring_kind ring = word_ring(word);
	uint64_t position = word_position(word), room;
	const struct record *from = record_at(s, ring, position);
	struct record head;

	room = s->ring[ring].size - position % s->ring[ring].size;
	if (room < sizeof(head))
		return false;
	memcpy(&head, from, sizeof(head));
	if (head.position != position || head.hash != hash || head.size > room ||
	    head.size < sizeof(head) || head.entry > head.size - sizeof(head) ||
	    head.entry > ENTRY_MAX)
		return false;
	char *bytes = arena_alloc(arena, head.entry);
	memcpy(bytes, from + 1, head.entry);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load(&s->ring[ring].tail) > position)
		return false;
	*ret = (struct str){ bytes, head.entry };
	return true;
}

bool memory_get(struct cache_map *map, struct arena *arena, struct str key, struct entry *ret)
{
	uint64_t hash = map_key_hash(map, key);
	struct shard *s = shard_of(map, hash);
	struct bucket *b = bucket_of(s, hash);

	for (int i = 0; i < BUCKET_WORDS; i++) {
		uint64_t word = atomic_load(&b->word[i]);
		struct str bytes;

		if (word == 0 || word >> 48 != hash >> 48)
			continue;
		if (!copy_out(s, word, hash, arena, &bytes) || !entry_decode(bytes, key, ret))
			continue;
		ret->read = atomic_load_explicit(&b->hit[i], memory_order_relaxed);
		if (!ret->read)
			atomic_store_explicit(&b->hit[i], 1, memory_order_relaxed);
		return true;
	}
	return false;
}

/* --- writing: the shard is locked
 * -------------------------------------------------------------- */

static int find(struct shard *s, struct bucket *b, uint64_t hash)
{
	for (int i = 0; i < BUCKET_WORDS; i++) {
		uint64_t word = atomic_load(&b->word[i]);

		if (word && word >> 48 == hash >> 48 &&
		    record_at(s, word_ring(word), word_position(word))->hash == hash)
			return i;
	}
	return -1;
}

static void drop(struct shard *s, struct bucket *b, int i)
{
	atomic_store(&b->word[i], 0);
	atomic_fetch_sub(&s->entries, 1);
}

/* The place of a new word: a free one, else the one least worth keeping. */
static int place(struct shard *s, struct bucket *b)
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
	drop(s, b, worst);
	atomic_fetch_add(&s->evictions, 1);
	return worst;
}

static bool has_room(const struct shard *s, enum ring_kind ring, uint64_t size)
{
	const struct ring *r = &s->ring[ring];
	uint64_t head = atomic_load(&r->head), at = head % r->size;
	uint64_t pad = at + size > r->size ? r->size - at : 0;

	return head + pad + size - atomic_load(&r->tail) <= r->size;
}

/* What a ring's oldest record says of itself is believed when it can be copied. */
static bool is_sound(const struct ring *r, const struct record *old, uint64_t tail)
{
	return old->position == tail && old->size >= sizeof(*old) &&
	       old->size % RECORD_ALIGN == 0 && old->size <= atomic_load(&r->head) - tail &&
	       old->size <= r->size - tail % r->size &&
	       (old->entry == 0 ||
		(old->size <= RECORD_MAX && old->entry <= old->size - sizeof(*old)));
}

/* Takes the oldest record out of a ring.  True: it was read and is worth a second lap; a copy
 * of it is in keep. */
static bool take_oldest(struct shard *s, enum ring_kind ring, struct record *keep)
{
	struct ring *r = &s->ring[ring];
	uint64_t tail = atomic_load(&r->tail);
	struct record *old = record_at(s, ring, tail);
	bool spare = false;

	if (!is_sound(r, old, tail)) {
		empty(s); /* damaged: nothing here can be trusted */
		atomic_fetch_add(&s->cleared, 1);
		return false;
	}
	if (old->entry) {
		struct bucket *b = bucket_of(s, old->hash);
		int i = find(s, b, old->hash);

		if (i >= 0 && atomic_load(&b->word[i]) == word_make(old->hash, ring, tail)) {
			spare = atomic_exchange(&b->hit[i], 0) ||
				has_room(s, RING_MAIN, old->size);
			if (spare)
				memcpy(keep, old, old->size);
			else if (ring == RING_PROBATION)
				*ghost_of(s, old->hash) = (uint32_t)(old->hash >> 32) | 1;
			if (!spare)
				atomic_fetch_add(&s->evictions, 1);
			drop(s, b, i);
		}
	}
	atomic_store(&r->tail, tail + old->size);
	return spare;
}

/* A place for a record, where there is room; it is found only once it is published. */
static struct record *begin(struct shard *s, enum ring_kind ring, uint64_t hash, uint32_t entry)
{
	struct ring *r = &s->ring[ring];
	uint64_t head = atomic_load(&r->head), at = head % r->size;
	uint32_t size = (uint32_t)align(sizeof(struct record) + entry);

	if (at + size > r->size) {
		*record_at(s, ring, head) =
			(struct record){ .position = head, .size = (uint32_t)(r->size - at) };
		head += r->size - at;
	}
	struct record *to = record_at(s, ring, head);
	*to = (struct record){ .position = head, .hash = hash, .size = size, .entry = entry };
	atomic_store(&r->head, head + size);
	return to;
}

static void publish(struct shard *s, enum ring_kind ring, const struct record *record)
{
	struct bucket *b = bucket_of(s, record->hash);
	int i = place(s, b);

	atomic_store(&b->hit[i], 0);
	atomic_store(&b->word[i], word_make(record->hash, ring, record->position));
	atomic_fetch_add(&s->entries, 1);
}

/* Whoever was read since goes to the main ring for another lap; not without end. */
static void make_room(struct shard *s, enum ring_kind ring, uint64_t size, int *spare_left)
{
	static _Alignas(RECORD_ALIGN) char keep[RINGS][RECORD_MAX];
	struct record *old = (struct record *)keep[ring];

	while (!has_room(s, ring, size)) {
		if (!take_oldest(s, ring, old) || --*spare_left < 0)
			continue;
		if (ring == RING_PROBATION)
			make_room(s, RING_MAIN, old->size, spare_left);
		if (!has_room(s, RING_MAIN, old->size))
			continue;
		struct record *to = begin(s, RING_MAIN, old->hash, old->entry);
		memcpy(to + 1, old + 1, old->entry);
		publish(s, RING_MAIN, to);
		atomic_fetch_add(&s->spared, 1);
	}
}

/* New keys begin in probation; one that is known, or was not long ago, does not have to. */
static enum ring_kind choose(struct shard *s, uint64_t hash)
{
	uint32_t *ghost = ghost_of(s, hash);
	struct bucket *b = bucket_of(s, hash);
	enum ring_kind ring = RING_PROBATION;
	int i = find(s, b, hash);

	if (i >= 0) {
		if (atomic_load(&b->hit[i]) || word_ring(atomic_load(&b->word[i])) == RING_MAIN)
			ring = RING_MAIN;
		drop(s, b, i);
	}
	if (*ghost == ((uint32_t)(hash >> 32) | 1)) {
		*ghost = 0;
		ring = RING_MAIN;
	}
	return ring;
}

bool memory_put(struct cache_map *map, const struct entry *e)
{
	uint64_t hash = map_key_hash(map, e->key);
	struct shard *s = shard_of(map, hash);
	size_t entry = entry_size(e), size = align(sizeof(struct record) + entry);
	int spare_left = SPARE_MAX;

	if (entry > ENTRY_MAX || size > s->ring[RING_MAIN].size / 2 || !lock(s))
		return false;
	enum ring_kind ring = choose(s, hash);
	if (size > s->ring[ring].size / 2)
		ring = RING_MAIN;
	make_room(s, ring, size, &spare_left);
	struct record *to = begin(s, ring, hash, (uint32_t)entry);
	entry_encode(e, to + 1);
	publish(s, ring, to);
	unlock(s);
	return true;
}

void memory_forget(struct cache_map *map, struct str key)
{
	uint64_t hash = map_key_hash(map, key);
	struct shard *s = shard_of(map, hash);
	struct bucket *b = bucket_of(s, hash);

	if (!lock(s))
		return;
	int i = find(s, b, hash);
	if (i >= 0)
		drop(s, b, i);
	unlock(s);
}

void memory_clear(struct cache_map *map)
{
	for (uint32_t i = 0; i < MAP_SHARDS; i++) {
		struct shard *s = map_shard(map, i);

		if (!lock(s))
			continue;
		empty(s);
		unlock(s);
	}
}

/* The key of what an index word points at, as far as it is one. */
static struct str key_at(struct shard *s, uint64_t word)
{
	enum ring_kind ring = word_ring(word);
	const struct ring *r = &s->ring[ring];
	uint64_t room = r->size - word_position(word) % r->size;
	const struct record *record = record_at(s, ring, word_position(word));
	const struct entry_head *head = (const struct entry_head *)(record + 1);

	if (room < sizeof(*record) + sizeof(*head) || head->tags > TAGS_MAX ||
	    head->key_len > ENTRY_KEY_MAX)
		return STR_NONE;
	size_t at = sizeof(*head) + head->tags * sizeof(struct entry_tag);
	if (room - sizeof(*record) < at + head->key_len)
		return STR_NONE;
	return (struct str){ (const char *)head + at, head->key_len };
}

static uint64_t sweep_bucket(struct shard *s, struct bucket *b,
			     bool (*match)(const void *ctx, struct str key), const void *ctx)
{
	uint64_t gone = 0;

	for (int i = 0; i < BUCKET_WORDS; i++) {
		uint64_t word = atomic_load(&b->word[i]);
		struct str key = word ? key_at(s, word) : STR_NONE;

		if (!key.ptr || !match(ctx, key))
			continue;
		drop(s, b, i);
		gone++;
	}
	return gone;
}

/* Of all shards alike. */
static uint64_t parts_of(const struct shard *s)
{
	return (s->buckets + PART_BUCKETS - 1) / PART_BUCKETS;
}

uint32_t memory_parts(const struct cache_map *map)
{
	return (uint32_t)(MAP_SHARDS * parts_of(map_shard(map, 0)));
}

uint64_t memory_sweep(struct cache_map *map, uint32_t part,
		      bool (*match)(const void *ctx, struct str key), const void *ctx)
{
	struct shard *s = map_shard(map, part % MAP_SHARDS);
	struct bucket *all = (struct bucket *)((uint8_t *)s + s->buckets_at);
	uint64_t begin = part / MAP_SHARDS * (uint64_t)PART_BUCKETS, gone = 0;

	if (!lock(s))
		return 0;
	for (uint64_t i = begin; i < begin + PART_BUCKETS && i < s->buckets; i++)
		gone += sweep_bucket(s, &all[i], match, ctx);
	unlock(s);
	return gone;
}

void memory_count(const struct cache_map *map, struct memory_counts *ret)
{
	*ret = (struct memory_counts){ 0 };
	for (uint32_t i = 0; i < MAP_SHARDS; i++) {
		struct shard *s = map_shard(map, i);

		ret->entries += atomic_load(&s->entries);
		ret->evictions += atomic_load(&s->evictions);
		ret->spared += atomic_load(&s->spared);
		ret->cleared += atomic_load(&s->cleared);
		for (int r = 0; r < RINGS; r++) {
			ret->bytes +=
				atomic_load(&s->ring[r].head) - atomic_load(&s->ring[r].tail);
			ret->capacity += s->ring[r].size;
		}
	}
}
