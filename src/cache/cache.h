/*
 * The tiers of copies, and the one way through them.  A read model says which key an answer
 *has, which tags it depends on, and how it is made from the database:
 *
 *	static const struct read_model model = { "nft", TIER_HOT, nft_key, nft_tags, nft_fill,
 *						 READ_nft, false };
 *	rc = cache_through(env->cache, env->arena, &model, env, &args, &answer);
 *
 * An answer without a flag is never older than a write acknowledged on this machine, and never
 * older than the lease whatever happens (docs/design/coherence.md).  A copy that may not be
 *used is a miss; a broken tier costs hits, never truth.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include <stdint.h>
#include "base/answer.h"
#include "base/conf.h"
#include "base/rc.h"
#include "cache/memory.h"
#include "cache/tag.h"
#include "cache/worth.h"

struct arena;
struct cache;
struct cache_map;
struct pg;
struct redis_tier;
struct stored;
struct replicas;
struct rules;

struct cache_options {
	bool memory_on;
	int64_t memory_bytes;
	int64_t ttl_ms[TIER_COUNT]; /* how long copies of a tier are kept */
	int64_t negative_ttl_ms;
	int64_t stale_ms;   /* flagged answers while the primary is away; 0: none */
	int64_t pack_above; /* bytes; larger bodies are kept compressed */
	bool stored_on;     /* the database tier */
	int64_t stored_ms;  /* how long copies are good there */
	int64_t stored_bytes;
	int64_t fills; /* at once on a machine; 0: no limit */
	int64_t fill_wait_ms;
	const char *redis_prefix;
	const char *rules; /* see cache/rule.h */
};
extern const struct conf_key cache_keys[];

/* A key under construction: canonical text; too long a key means "not kept". */
struct cache_key {
	char text[512];
	size_t len;
	bool failed;
};
void key_add(struct cache_key *key, struct str s);
void key_address(struct cache_key *key, const struct address *a); /* "{0xabc…}" */
/* ":q:" and a digest of the text: for filters, cursors and whatever is long or anybody's text.
 */
void key_digest(struct cache_key *key, struct str text);

struct read_model {
	const char *name;
	enum tier tier;
	void (*key)(const void *args, struct cache_key *ret);
	/* What the answer depends on as far as it is known before the read. */
	void (*tags)(const void *args, struct tag_list *ret);
	/* Writes content type, body and modified_us, and adds the tags of what it found to
	 * ret->tags; RC_NOT_FOUND makes a negative answer, whose body may say in one word what
	 * is missing.  ctx and args are the caller's. */
	enum rc (*fill)(void *ctx, const void *args, struct answer *ret);
	/* Its row, by which reads are counted (base/tally.h) and judged (cache/worth.h); below
	 * WORTH_MODELS - 1, which is for what has none. */
	size_t id;
	bool stored; /* it costs more to make than to find in the database tier */
};

/* map NULL: no copies, every read goes to the database.  All are borrowed. */
struct cache *cache_new(const struct cache_options *options, struct cache_map *map,
			struct pg *pg);
void cache_free(struct cache *cache);
/* Copies of other machines; borrowed, NULL: none. */
void cache_set_redis(struct cache *cache, struct redis_tier *redis);
struct redis_tier *cache_redis(const struct cache *cache);
/* What the names of its keys begin with, without the colon. */
struct str cache_prefix(const struct cache *cache);
/* Copies in the database; borrowed, NULL: none.  storing: what is read goes there. */
void cache_set_stored(struct cache *cache, struct stored *stored, bool storing);
struct stored *cache_stored(const struct cache *cache);
/* The connection to the primary was made: its epoch.  When it is another than the mapping's all
 * copies are void until the relay has named it there.  0: not known; nothing read is kept. */
void cache_connected(struct cache *cache, uint64_t epoch);

/* RC_OK, RC_NOT_FOUND (negative): *ret is complete.  Else the filler's failure, *ret is
 * untouched. What is to be kept is kept when the arena is reset: after the answer was sent. */
enum rc cache_through(struct cache *cache, struct arena *arena, const struct read_model *model,
		      void *ctx, const void *args, struct answer *ret);

/* Standbys that fills may ask; borrowed, NULL: none.  ask(ctx, pg) makes the statements of a
 * filler with that ctx go to pg, until it is called again. */
void cache_set_replicas(struct cache *cache, struct replicas *replicas,
			void (*ask)(void *ctx, struct pg *pg));
struct replicas *cache_replicas(const struct cache *cache);

/* Runs at the end of each write's transaction, so that what is written about it is committed
 * with it; undone: it was rolled back, or nobody knows.  Perhaps several times.  earlier
 * ("{123,456}", may be empty): transactions that the write found to have done its work; one
 * that join itself ran in before was committed after all, and what it wrote is there. */
struct cache_hook {
	enum rc (*join)(struct pg *pg, void *ctx, struct str earlier);
	void (*undone)(void *ctx);
	void *ctx;
};
void cache_on_write(struct cache *cache, struct cache_hook hook);
const struct cache_hook *cache_write_hook(const struct cache *cache); /* join NULL: none */

/* For cache/guard.c, around a read of the primary that goes through no tier: the epoch it is
 * of, 0: not known; and its label, 0: it may be used but not kept. */
uint64_t cache_read_begin(struct cache *cache);
uint64_t cache_read_end(struct cache *cache, uint64_t epoch);

/* For the other files of this room; NULL: no copies. */
struct cache_map *cache_mapping(const struct cache *cache);
const struct rules *cache_rules(const struct cache *cache);

/* How long a copy of an answer is kept; a negative one shorter. */
int64_t cache_ttl_ms(const struct cache_options *options, enum tier tier, enum rc rc);
/* How it stands, for people. */
struct cache_state {
	bool on;          /* copies are kept somewhere */
	bool memory_on;   /* and in memory */
	bool leased;      /* copies may be used now */
	bool flagged;     /* while the primary is away they may be answered with a flag */
	int64_t lease_ns; /* what is left of the lease; below 0: how long it is over */
	struct memory_counts memory;
};
void cache_state(const struct cache *cache, struct cache_state *ret);

/* Which copies of a read model are worth a write to Redis (cache/worth.h). */
void cache_worth(const struct cache *cache, const struct read_model *model,
		 struct worth_counts *ret);

const char *tier_name(enum tier tier); /* "warm" */

#endif
