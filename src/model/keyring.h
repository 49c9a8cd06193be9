/*
 * The keys that are in use, as one process remembers them: all of them, up to KEYRING_MAX, read
 * by one statement and used while the guard of tag `k` holds.  So a key that nobody knows costs
 * no statement, and a key that was revoked is dead as soon as this machine heard of it: at most
 * X on a healthy machine, T at worst.  Without a lease, and for keys beyond KEYRING_MAX, the
 * database is asked.  A key is never kept, only its SHA-256; digests are compared in constant
 * time.
 */
#ifndef MODEL_KEYRING_H
#define MODEL_KEYRING_H

#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"
#include "model/key.h"

struct cache;
struct keyring;

#define KEYRING_MAX 1024

/* Both are borrowed. */
struct keyring *keyring_new(struct cache *cache, struct pg *pg);
void keyring_free(struct keyring *ring);
/* As key_find; ret->name is good until the next call. */
enum rc keyring_find(struct keyring *ring, struct str key, int64_t boot_ns,
		     struct key_who *ret);

#endif
