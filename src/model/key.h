/* API keys: "sm_" and 43 characters base64url of 32 random bytes, kept as SHA-256 only. */
#ifndef MODEL_KEY_H
#define MODEL_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/hash.h"
#include "base/rc.h"
#include "base/role.h"
#include "base/str.h"

struct arena;
struct env;
struct pg;

#define KEY_TEXT     47 /* "sm_" + 43 + NUL */
#define KEY_HINT     11 /* "sm_" + 7 + NUL: enough to tell keys apart, not to guess one */
#define KEY_NAME_MAX 100

struct key_row {
	int64_t id;
	struct str name, hint; /* arena text */
	enum role role;
	int64_t created_us;
	int64_t revoked_us; /* 0: in use */
};

/* Whose key a call came with. */
struct key_who {
	int64_t id;
	enum role role;
	struct str name;
};

/* The key is made here and told once; both events stand in the audit log, by env->user.
 * RC_CONFLICT: a key of that name is in use; RC_INVALID: the name is empty, longer than
 * KEY_NAME_MAX or has control characters.  RC_TIMEOUT: nobody knows whether it was made; if it
 * was, nobody has it, and key_revoke() ends it.  Any other failure: it was not. */
enum rc key_create(struct env *env, const char *name, enum role role, char ret_key[KEY_TEXT]);
/* RC_NOT_FOUND: not of our form, unknown, or revoked.  The name is in the arena. */
enum rc key_find(struct pg *pg, struct arena *arena, struct str key, struct key_who *ret);
/* All keys, oldest first. */
enum rc key_list(struct pg *pg, struct arena *arena, struct key_row **ret, int *ret_count);
/* RC_NOT_FOUND: no key of that name is in use.  RC_OK: it opens nothing on this machine any
 * more.  RC_TIMEOUT: nobody knows whether it was revoked; any other failure: it was not. */
enum rc key_revoke(struct env *env, const char *name);
/* Has the form of a key of ours, known or not. */
bool key_looks_right(struct str text);
/* What is kept of a key. */
void key_digest_of(struct str key, uint8_t ret[SHA256_BYTES]);

#endif
