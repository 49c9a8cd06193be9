/*
 * Replies of Redis, read from bytes into an arena: no sockets here.  Whatever the bytes say,
 * reading costs no more than the limits below.
 *
 *	redis_reader_begin(reader, arena);
 *	redis_reader_feed(reader, bytes, len);
 *	while ((rc = redis_reader_next(reader, &reply)) == RC_OK)
 *		…
 */
#ifndef NET_REDIS_REPLY_H
#define NET_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

#define REDIS_BYTES_MAX ((size_t)4 << 20) /* of all replies of one round trip */
#define REDIS_ITEMS_MAX 20000             /* of all their arrays */

struct arena;
struct redis_reader;

enum redis_kind {
	REDIS_NIL,
	REDIS_STATUS,
	REDIS_ERROR,
	REDIS_INTEGER,
	REDIS_BULK,
	REDIS_ARRAY
};

/* Lives as long as the arena.  A bulk begins at an address that is a multiple of 16. */
struct redis_reply {
	enum redis_kind kind;
	int64_t integer;
	struct str text; /* of status, error and bulk */
	size_t items;    /* of an array */
	struct redis_reply *item;
};

struct redis_reader *redis_reader_new(void);
void redis_reader_free(struct redis_reader *reader);
/* Of the replies from here on, until the next begin.  False: bytes of an earlier one are left,
 * replies would answer the wrong questions. */
bool redis_reader_begin(struct redis_reader *reader, struct arena *arena);
/* RC_TOO_LARGE: beyond a limit.  After a failure the reader is of no more use. */
enum rc redis_reader_feed(struct redis_reader *reader, const void *bytes, size_t len);
/* RC_NOT_FOUND: more bytes are needed; RC_TOO_LARGE; RC_INVALID: not the protocol. */
enum rc redis_reader_next(struct redis_reader *reader, struct redis_reply *ret);

/* Error replies by their first word; each is counted in its metric. */
enum redis_class {
	REDIS_CLASS_OTHER,
	REDIS_CLASS_NOSCRIPT, /* not counted: the script is sent whole */
	REDIS_CLASS_CLUSTER,  /* another node, or no node, has the slot */
	REDIS_CLASS_STATE,    /* it is loading, busy, full, a replica, … */
	REDIS_CLASS_RIGHTS,   /* password or ACL */
	REDIS_CLASS_TYPE      /* the key holds something else */
};
enum redis_class redis_class_of(struct str error);
void redis_count_error(enum redis_class class);

#endif
