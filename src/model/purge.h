/*
 * What administrators make invalid.  Each is one event of the outbox, written like any other
 * write (cache/write.h): this machine answers nothing older when it returns, the others when
 * their relays have read it.  Redis is told, but not needed.
 */
#ifndef MODEL_PURGE_H
#define MODEL_PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct env;

#define PURGE_TAGS_MAX 1000

struct purged {
	int64_t event;
	int64_t job;  /* that goes on with it; 0: none */
	bool told;    /* Redis was; true where there is none */
	bool unknown; /* RC_UNAVAILABLE: it may have happened */
};

/* Everything, everywhere, in constant time. */
enum rc purge_all(struct env *env, struct purged *ret);
/* Up to PURGE_TAGS_MAX sound tags and a glob of keys behind the prefix (STR_NONE: none), all in
 * one event.  For the glob relays walk the memory of their machines, a job walks Redis. */
enum rc purge_some(struct env *env, const struct str *tags, size_t n, struct str glob,
		   struct purged *ret);
/* A glob without the job, which ends with it: what came from Redis while it ran. */
enum rc purge_glob_again(struct env *env, struct str glob);

#endif
