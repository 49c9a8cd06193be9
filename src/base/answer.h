/*
 * An answer as caches keep it: fields, not header text, so that request ids and Cache-Status
 * are always of this request.  Made by model, remembered by cache, sent by http.
 */
#ifndef BASE_ANSWER_H
#define BASE_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/rc.h"

/* How long copies of an answer may be kept; a route row names its tier. */
enum tier {
	TIER_NONE, /* never kept */
	TIER_HOT,
	TIER_WARM,
	TIER_COLD,
	TIER_COUNT
};

enum source {
	SOURCE_DATABASE,
	SOURCE_REPLICA, /* of the database */
	SOURCE_BYPASS,  /* the database, past all copies: there is no lease */
	SOURCE_REDIS,
	SOURCE_STORED, /* the database tier: a table of copies */
	SOURCE_MEMORY,
	SOURCE_UPSTREAM,
	SOURCE_STALE
};

/* It was made for this request, not remembered. */
static inline bool source_is_database(enum source source)
{
	return source == SOURCE_DATABASE || source == SOURCE_REPLICA || source == SOURCE_BYPASS;
}

#define ETAG_TEXT 27 /* '"' + 24 characters + '"' + NUL at most */

struct tag_list; /* cache/tag.h */

struct answer {
	enum rc rc; /* RC_OK, or RC_NOT_FOUND as a negative answer */
	enum tier tier;
	enum source source;
	const char *content_type; /* static text */
	struct buf body;          /* in the request's arena */
	bool gzip;                /* body is compressed: a copy was */
	struct tag_list *tags; /* where a filler adds what it found in the data; may be NULL */
	char etag[ETAG_TEXT];  /* strong, quoted; computed from the body */
	int64_t modified_us;   /* Last-Modified; 0: unknown */
};

/* Computes the ETag from the body: 16 bytes of its SHA-256 as base64url in quotes. */
void answer_stamp(struct answer *answer);

#endif
