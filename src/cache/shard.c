#include "cache/shard.h"

#include <errno.h>
#include <string.h>

/* Positions go on: a reader that is copying sees that tail has passed it.  0 is no position.
 * After damage they may begin again; then checksums alone judge. */
static void empty_ring(struct ring *ring, uint64_t size)
{
	uint64_t head = atomic_load(&ring->head);
	uint64_t next = head < POSITION_MAX / 2 ? (head / size + 1) * size : size;

	atomic_store(&ring->tail, next);
	atomic_store(&ring->head, next);
}

void shard_empty(struct shard_view v)
{
	struct bucket *all = shard_buckets(v);

	for (uint64_t i = 0; i < v.shape->buckets; i++)
		for (int k = 0; k < BUCKET_WORDS; k++)
			atomic_store(&all[i].word[k], 0);
	for (int r = 0; r < RINGS; r++)
		empty_ring(&v.s->ring[r], v.shape->ring[r].size);
	memset(shard_ghosts(v), 0, v.shape->ghosts * sizeof(uint32_t));
	atomic_store(&v.s->entries, 0);
}

void shard_damaged(struct shard_view v)
{
	shard_empty(v);
	atomic_fetch_add(&v.s->cleared, 1);
}

void shard_format(struct shard_view v)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&v.s->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	shard_empty(v);
}

/* A turned bit may leave them sound and wrong: then what lies there is no record. */
static bool is_sound(const struct ring *ring, uint64_t size)
{
	uint64_t head = atomic_load(&ring->head), tail = atomic_load(&ring->tail);

	return tail <= head && head - tail <= size && head < POSITION_MAX &&
	       (head | tail) % RECORD_ALIGN == 0;
}

bool shard_lock(struct shard_view v)
{
	int failed = pthread_mutex_lock(&v.s->lock);

	if (failed == EOWNERDEAD) {
		shard_damaged(v);
		pthread_mutex_consistent(&v.s->lock);
	} else if (failed) {
		return false;
	}
	for (int r = 0; r < RINGS; r++)
		if (!is_sound(&v.s->ring[r], v.shape->ring[r].size))
			shard_damaged(v);
	return true;
}

void shard_unlock(struct shard_view v)
{
	pthread_mutex_unlock(&v.s->lock);
}
