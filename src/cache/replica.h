/*
 * Replicas: standbys that fills of read models may ask instead of the primary.  A process holds
 * a connection to one of them at a time; the next one in turn after ROTATE_NS, or when it
 * fails.  What processes learn of a replica they share in the mapping: its breaker, its last
 * label, its lag.
 *
 * None is trusted: an answer counts only under V1 and of the primary's line, while the lease
 * holds (cache.c); otherwise the primary is asked, which costs a round trip and never truth.
 * Every function takes NULL: there are none.
 */
#ifndef CACHE_REPLICA_H
#define CACHE_REPLICA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/conf.h"
#include "base/rc.h"

struct cache_map;
struct pg;
struct pg_options;
struct read_model;
struct replicas;
struct tag_list;

enum replica_outcome {
	REPLICA_USED,    /* its answer was the answer */
	REPLICA_BEHIND,  /* it lacks what this machine knows was written */
	REPLICA_REFUSED, /* it is of another system or timeline, or no standby */
	REPLICA_FAILED,  /* it did not answer, or not in time */
	REPLICA_OUTCOMES
};

struct replica_options {
	const char *urls; /* with spaces between */
	const char *tier; /* the hottest tier whose reads may ask them */
	int64_t deadline_ms;
};
extern const struct conf_key replica_keys[];

/* RC_INVALID and *ret_why (static, no secrets): too many, or not URLs of PostgreSQL. */
enum rc replicas_check(const char *urls, const char **ret_why);

/* NULL when there are none, or no mapping.  All are borrowed. */
struct replicas *replicas_new(const struct replica_options *options,
			      const struct pg_options *pg, struct cache_map *map);
void replicas_free(struct replicas *r);
/* As pg_on_connect, of whichever it connects to; before the first is asked. */
void replicas_on_connect(struct replicas *r, enum rc (*hook)(struct pg *pg, void *ctx),
			 void *ctx);

/* The connection this read is to ask, NULL: the primary.  Who is given one tells what came of
 * it.  A replica whose label of a moment ago is too low for a declared tag is not asked. */
struct pg *replicas_take(struct replicas *r, const struct read_model *model,
			 const struct tag_list *tags, int64_t now_ns);
/* label, lsn: as it told them; 0: it did not.  rc: of the read that failed. */
void replicas_tell(struct replicas *r, enum replica_outcome outcome, enum rc rc, uint64_t label,
		   uint64_t lsn);
/* Asks the one that is connected, while nobody asks for anything: what it says of itself. */
void replicas_ping(struct replicas *r, int64_t now_ns);

/* For people. */
struct replica_state {
	const char *status; /* ok, behind, refused, down, unknown */
	uint64_t reads[REPLICA_OUTCOMES];
	uint64_t lag;   /* bytes of log at its last answer */
	int64_t age_ns; /* of that; -1: there was none */
};
size_t replicas_count(const struct replicas *r);
void replicas_state(const struct replicas *r, size_t i, int64_t now_ns,
		    struct replica_state *ret);
const char *replica_outcome_name(enum replica_outcome outcome);

#endif
