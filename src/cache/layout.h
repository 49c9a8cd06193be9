/*
 * The layout of the mapping, for the files of cache/ and for whoever maps the file without us
 * (a later nginx module): every field, its place and the rule that makes a copy usable.
 *
 *	struct map_head           one page
 *	struct tag_slot           × TAG_SLOTS
 *	struct flight             × FLIGHTS
 *	struct worth              what became of copies, by class
 *	shards × {
 *		struct shard      head: lock, positions of the two rings
 *		struct bucket     × buckets: index
 *		uint32_t          × ghosts: fingerprints of keys that left probation unread
 *		probation ring, main ring
 *	}
 *
 * Where all that lies (struct map_shape) is said by the head for whoever opens the file and
 * never read from it again: each process has a copy, made from the size alone, so no byte that
 * changes in the mapping makes it read or write beside it.
 *
 * A ring is a circular log of records, each aligned to 64 bytes and in one piece.  Positions
 * only grow; the byte of position p is at p modulo the ring's size.  A record at p is there as
 * long as tail <= p < head.  Readers take no lock: load the index word, copy the record out,
 * then look that tail has not passed it (as MICA does, NSDI'14); the checksum judges the copy.
 * Writers hold the shard's robust mutex and move tail before they write.  When a writer died
 * holding it the shard is emptied.
 *
 * A copy of epoch and era of this head may be used while the lease holds and for every tag
 * either label > max(floor, slot.xid) (V1), or it was read from the primary and slot.gen is
 * what it was before that read (V2).
 */
#ifndef CACHE_LAYOUT_H
#define CACHE_LAYOUT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "cache/map.h"
#include "cache/replica.h"
#include "cache/turns.h"
#include "cache/worth.h"
#include "net/breaker.h"

#define MAP_MAGIC    "SMCACHE\n"
#define MAP_LAYOUT   6
#define MAP_SHARDS   16
#define FLIGHTS      4096
#define RECORD_ALIGN 64
#define BUCKET_WORDS 7

struct tag_slot {
	_Atomic uint64_t xid; /* the greatest transaction that invalidated the tag */
	_Atomic uint64_t gen; /* raised after its COMMIT and whenever an event is applied */
};

/* Who fills which key: the upper 40 bits of the key's hash and the filler's pid; 0: nobody. */
struct flight {
	_Atomic uint64_t word;
	_Atomic int64_t until_ns; /* CLOCK_MONOTONIC; later the place may be taken */
	_Atomic uint32_t turn;   /* raised at the end of a fill: what waiters wait on (futex) */
	_Atomic uint32_t waited; /* somebody may wait: set before, taken back after turn */
};

/* One line of the index.  A word is fingerprint (16 bits), ring (1), position / 64 (47); 0:
 * empty. */
struct bucket {
	_Atomic uint64_t word[BUCKET_WORDS];
	_Atomic uint8_t hit[8]; /* the record was read since it was written or spared */
};

struct ring {
	_Atomic uint64_t head, tail; /* positions in bytes */
};

enum ring_kind {
	RING_PROBATION, /* new keys: a scan goes no further */
	RING_MAIN,
	RINGS
};

struct shard {
	pthread_mutex_t lock; /* process-shared, robust */
	_Alignas(64) struct ring ring[RINGS];
	_Atomic uint64_t entries, evictions, spared, cleared;
};

/* What all workers know of one replica. */
struct replica_cell {
	_Alignas(64) breaker_word breaker;
	_Atomic uint64_t label;  /* of its last answer */
	_Atomic uint64_t lag;    /* bytes of log, then */
	_Atomic int64_t seen_ns; /* CLOCK_MONOTONIC of that; 0: never */
	_Atomic uint32_t last;   /* outcome */
	_Atomic uint64_t reads[REPLICA_OUTCOMES];
};

/* Who is making an answer from the database: pids; 0: free. */
struct turns {
	_Atomic uint32_t holder[TURNS_MAX];
	_Atomic int64_t until_ns[TURNS_MAX]; /* CLOCK_MONOTONIC; later it is free */
	_Atomic uint32_t given;   /* raised when a place becomes free: what waiters wait on */
	_Atomic uint32_t waiting; /* at least so many */
};

struct worth_row {
	_Atomic uint64_t skipped;
	_Atomic uint32_t churning;
};

struct worth {
	_Atomic uint64_t cell[WORTH_MODELS * WORTH_OWNERS];
	struct worth_row row[WORTH_MODELS];
};

/* What never changes.  All but hash_key follows from the size. */
struct map_shape {
	char magic[8];
	uint32_t layout, shards;
	uint64_t size, slots_at, flights_at, worth_at, shards_at, shard_size;
	/* From the start of each shard; numbers of buckets and ghosts are powers of two. */
	uint64_t buckets_at, buckets, ghosts_at, ghosts;
	struct {
		uint64_t at, size; /* multiples of RECORD_ALIGN */
	} ring[RINGS];
	uint8_t hash_key[16];
	uint64_t checksum; /* of all before it */
};

struct map_head {
	struct map_shape shape;
	_Alignas(
		64) _Atomic uint64_t epoch; /* cache_epoch; 0: not known, nothing may be used */
	_Atomic uint64_t named;             /* the era epoch was named in; in another: void */
	_Atomic uint64_t era;               /* raised by each void and change of epoch */
	_Atomic uint64_t seen;              /* an epoch for which all was voided */
	_Atomic uint64_t floor;             /* labels up to here are of no use */
	_Atomic uint64_t writes;            /* acknowledged or applied invalidations */
	_Atomic int64_t lease_until_ns;     /* CLOCK_BOOTTIME */
	_Atomic uint64_t warmed;            /* the era that a warming was asked for in */
	_Atomic uint64_t cold;              /* not 0: a warming is to be asked for anyway */
	_Atomic uint64_t line;              /* system and timeline of the epoch */
	_Atomic uint64_t lsn;               /* of the primary's log at the last poll */
	_Atomic uint64_t replica_turn;
	struct replica_cell replica[REPLICAS_MAX];
	_Alignas(64) struct turns turns;
};

struct cache_map {
	struct map_head *head;
	struct tag_slot *slots;
	struct flight *flights;
	struct worth *worth;
	uint8_t *shards;
	struct map_shape shape;
};

static inline struct shard *map_shard(const struct cache_map *map, uint32_t i)
{
	return (struct shard *)(map->shards + (uint64_t)i * map->shape.shard_size);
}

#endif
