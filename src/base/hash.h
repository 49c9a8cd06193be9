/* Digests, keyed digests, random bytes and constant-time comparison (libcrypto). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

#define SHA256_BYTES 32
#define SHA1_BYTES   20

void hash_sha256(struct str data, uint8_t ret[SHA256_BYTES]);
/* Only where others prescribe it: the names of Redis' scripts. */
void hash_sha1(struct str data, uint8_t ret[SHA1_BYTES]);
void hash_hmac_sha256(struct str key, struct str data, uint8_t ret[SHA256_BYTES]);
/* Streaming form, for whole files. */
struct hash_stream;
struct hash_stream *hash_stream_new(void);
void hash_stream_add(struct hash_stream *h, const void *bytes, size_t len);
void hash_stream_done(struct hash_stream *h, uint8_t ret[SHA256_BYTES]); /* frees h */
/* SipHash-1-3 of 64 bits: fast, keyed; for tables. */
uint64_t hash_sip(const uint8_t key[16], const void *bytes, size_t len);
/* XXH3 of 64 bits: for checksums against damage, not against people. */
uint64_t hash_fast(const void *bytes, size_t len);
void hash_random(void *ret, size_t len); /* ends the process when the system has none */
bool hash_equal(const void *a, const void *b, size_t len); /* constant time */

#endif
