/* The bag of borrowed handles a model function works with; workers, jobs and tests build it. */
#ifndef MODEL_ENV_H
#define MODEL_ENV_H

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "model/page.h"

struct analytics;
struct arena;
struct audit;
struct board;
struct cache;
struct keyring;
struct migrate_options;
struct pg;
struct redis;

#define ENV_SECRET_BYTES 64

struct env {
	struct arena *arena; /* of this request or job step */
	struct pg *pg;       /* primary; a replica while it is asked for a read model */
	struct redis *redis; /* may be NULL: off */
	struct cache *cache;
	struct board *board;               /* may be NULL in tests */
	const struct analytics *analytics; /* counters of all machines; may be NULL */
	const char *machine;               /* its name; NULL in tests */
	struct keyring *keys;              /* NULL: the database is asked about each key */
	struct audit *audit; /* of the call that changes something; NULL: none does */
	const char *user;    /* who sits at the command line; NULL: this is no command line */
	page_seal *seal;     /* of cursors; may be NULL where no lists are read */
	int64_t now_us;      /* wall clock at the start of the request or step */
	int64_t started_us;  /* wall clock when the process began */

	/* Names of board_slot.role, the supervision table's rows; may be NULL: numbers are
	 * shown. */
	const char *const *role_names;
	size_t role_count;
	/* What readiness holds the schema against; NULL: not checked. */
	const struct migrate_options *migrate;

	/* model/instance.c fills these from the database at every connect. */
	int64_t chain_id;         /* 0: not connected yet */
	struct str cursor_secret; /* points into secret[]; empty: not connected yet */
	char secret[ENV_SECRET_BYTES];
};

#endif
