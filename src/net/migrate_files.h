/* The files of sql/migrations, and their text made ready.  Texts live in the arena. */
#ifndef NET_MIGRATE_FILES_H
#define NET_MIGRATE_FILES_H

#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/hash.h"
#include "base/rc.h"
#include "base/str.h"

#define MIGRATIONS_MAX 1000

struct migration {
	int version;      /* 0: optional */
	const char *name; /* "0001_core.sql", "optional/drop_it.sql" */
	struct str text;  /* terminated */
	uint8_t sha256[SHA256_BYTES];
};

struct migrations {
	const struct migration *rows; /* by version */
	size_t count;
};

struct placeholder {
	const char *word;  /* "chain_id" */
	const char *value; /* what stands there instead, quoted already */
};

/* RC_NOT_FOUND, RC_INVALID: *ret_error says which file and why. */
enum rc migrations_load(struct arena *arena, const char *dir, struct migrations *ret,
			const char **ret_error);
enum rc migration_optional(struct arena *arena, const char *dir, const char *name,
			   struct migration *ret, const char **ret_error);
/* The text with each ":word" replaced; terminated. */
const char *migration_fill(struct arena *arena, struct str text,
			   const struct placeholder *placeholders, size_t count);
const char *identifier_quote(struct arena *arena, const char *name);

#endif
