/*
 * The mapping: one shared file a machine, made fresh by each master, disposable, never
 * outliving it. layout.h describes its bytes.  Times are CLOCK_BOOTTIME nanoseconds: a machine
 * that was suspended has no lease.
 */
#ifndef CACHE_MAP_H
#define CACHE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"
#include "cache/tag.h"

#define LEASE_NS INT64_C(2000000000) /* T */

/* Which history of the database copies belong to; 0: not known yet. */
typedef uint64_t cache_epoch;

struct cache_map;
struct replica_cell;

#define REPLICAS_MAX 8

/* RC_UNAVAILABLE: *ret_error says why (too small a file system is told here, not by SIGBUS). */
enum rc cache_map_create(const char *path, size_t memory_bytes, struct cache_map **ret,
			 const char **ret_error);
/* Another process of the machine; RC_CONFLICT: another layout or damaged. */
enum rc cache_map_attach(const char *path, struct cache_map **ret, const char **ret_error);
void cache_map_close(struct cache_map *map);
/*
 * True: the head held what nobody writes: another shape, an era before the one that was named,
 * a lease of far ahead.  It is mended, all is void and there is no lease; which events slots
 * and floor know of nobody can say, so whoever calls this loads them anew.
 */
bool map_mend(struct cache_map *map, int64_t boot_ns);

/* Slots. */
uint32_t map_slot_of(const struct cache_map *map, uint64_t tag_hash);
uint64_t map_key_hash(const struct cache_map *map, struct str key);
uint64_t map_xid(const struct cache_map *map, uint32_t slot);
uint64_t map_gen(const struct cache_map *map, uint32_t slot);
void map_raise_xid(struct cache_map *map, uint32_t slot, uint64_t xid); /* max */
void map_raise_gen(struct cache_map *map, uint32_t slot);
/* V1: label > max(floor, slot.xid). */
bool map_label_ok(const struct cache_map *map, uint32_t slot, uint64_t label);

uint64_t map_writes(const struct cache_map *map);
void map_count_write(struct cache_map *map);

/*
 * The epoch of all copies; 0: void, nothing may be used until the relay has named it.  Every
 * process may void, the relay alone names, and only what it read while nothing was voided: a
 * poll that was under way may know less than whoever voided.  Each void and each change raises
 * the era, which memory copies carry.
 */
cache_epoch map_epoch(const struct cache_map *map);
uint64_t map_era(const struct cache_map *map);
uint64_t map_void(struct cache_map *map); /* the era it ended */
/* A connection or a transaction is of this epoch: another one's copies are void.  0: it is of
 * an unknown one, and all are. */
void map_see_epoch(struct cache_map *map, cache_epoch epoch);
/* era: from before epoch was read.  False: something was voided since; read it again. */
bool map_name_epoch(struct cache_map *map, cache_epoch epoch, uint64_t era);
/* Whatever happens meanwhile; 0 voids. */
void map_set_epoch(struct cache_map *map, cache_epoch epoch);
/* The line (net/epoch.h) of the epoch that is named next, which replicas must be of, and how
 * long the primary's log was at the poll; the relay alone, before it names. */
void map_set_line(struct cache_map *map, uint64_t line, uint64_t lsn);
uint64_t map_line(const struct cache_map *map);
uint64_t map_lsn(const struct cache_map *map);
uint64_t map_floor(const struct cache_map *map);
void map_set_floor(struct cache_map *map, uint64_t xid);
/* max.  Of a transaction that made invalid what cannot be named: copies without an era are
 * judged by it.  Before the void that ends the era of the others. */
void map_raise_floor(struct cache_map *map, uint64_t xid);

/* Whether somebody saw to it that the mapping is warmed in this era, and since map_set_cold. */
bool map_is_warmed(const struct cache_map *map, uint64_t era);
/* Before it is seen to: a map_set_cold that comes meanwhile is not lost. */
void map_set_warmed(struct cache_map *map, uint64_t era);
/* Much of what is read most became invalid at once, the era did not end. */
void map_set_cold(struct cache_map *map);

/* What this machine knows of replica i, by its place in replica_urls. */
struct replica_cell *map_replica(struct cache_map *map, size_t i);
/* Raised by whoever looks for another replica. */
uint64_t map_replica_turn(struct cache_map *map);

/* Lease. */
bool map_lease_valid(const struct cache_map *map, int64_t boot_ns);
void map_extend_lease(struct cache_map *map, int64_t until_boot_ns); /* never shortens */
void map_end_lease(struct cache_map *map);
int64_t map_lease_until(const struct cache_map *map);

#endif
