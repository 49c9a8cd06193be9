/* What the files of cache_through know of each other: through.c goes the way, fill.c makes
 * answers and keeps them, through_replica.c asks a standby, batch.c does several at once,
 * cache.c is the rest. */
#ifndef CACHE_THROUGH_H
#define CACHE_THROUGH_H

#include "base/tally.h"
#include "cache/cache.h"
#include "cache/entry.h"
#include "cache/map.h"
#include "cache/rule.h"

#define NS_PER_MS INT64_C(1000000)

struct cache {
	const struct cache_options *options;
	struct cache_map *map;
	bool memory_on; /* else the mapping has no copies: tags, lease and flights alone */
	struct pg *pg;
	struct redis_tier *redis;
	struct stored *stored;
	bool storing;
	struct replicas *replicas;
	void (*ask)(void *ctx, struct pg *pg);
	cache_epoch epoch; /* of the connection to the primary */
	struct cache_hook hook;
	struct rules rules;
	uint64_t looks;      /* into memory */
	struct batch *batch; /* NULL: none is open */
};

struct batch;

/* One read on its way; a fill that is to be kept lives in the arena until its reset. */
struct through {
	struct cache *cache;
	struct arena *arena;
	const struct read_model *model;
	void *ctx;
	const void *args;
	struct cache_key key;
	bool seated;  /* holds the key's flight */
	bool crowded; /* too many others are being made */
	bool primary; /* it was asked */
	enum tally_outcome outcome;
	cache_epoch epoch;
	uint64_t era, label;
	int64_t read_ns; /* before the primary was asked */
	struct answer answer;
	struct tag_list *tags; /* only of a fill */
	struct entry found;    /* in the database tier */
};

static inline struct str key_str(const struct cache_key *key)
{
	return (struct str){ key->text, key->len };
}

/* Any tier keeps copies. */
bool cache_keeps(const struct cache *cache);
/* Of the connection; when everything was cleared since it was made it is asked again. */
cache_epoch cache_know_epoch(struct cache *cache);

/* through.c: a copy that was found in memory. */
bool through_usable(const struct through *t, const struct entry *e, int64_t boot_ns);

/* batch.c */

/* Redis said lately, when asked for several, that it has nothing for the key; said once. */
bool batch_lacks(struct cache *cache, struct str key);
/* It is written with others; false: it is to be written now. */
bool batch_take(struct cache *cache, const struct entry *e, int64_t ttl_ms);

/* fill.c */

/* Asks the database, and keeps nothing.  RC_UNAVAILABLE as through_fill when the key is too
 * long. */
enum rc through_plain(struct through *t, struct answer *ret);
/* Asks a standby, when one may be asked, and else the primary, in one turn; what is made is
 * kept when it is out.  RC_UNAVAILABLE with t->crowded: too many others are being made.  The
 * seat is given up here when RC_OK or RC_NOT_FOUND. */
enum rc through_fill(struct through *t, bool standby, struct answer *ret);
/* Its parts, for a standby's: the tags known before the read, the read, the end. */
void through_declare(struct through *t);
void through_declare_fill(struct through *t); /* its own key is a tag of a fill, too */
enum rc through_run(struct through *t);
void through_hand_over(struct through *t, struct answer *ret);
/* Where other machines, and this one later, look. */
void through_share(const struct through *t, const struct entry *e);

/* through_replica.c: false: the primary is to be asked. */
bool through_replica(struct through *t, struct answer *ret);

#endif
