#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include "base/arena.h"

struct hash_stream {
	EVP_MD_CTX *ctx;
};

/* libcrypto fails here only without memory or without its default provider. */
static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Fetched once a process: a fetch by name costs more than the digest of a small answer. */
static const EVP_MD *sha256(void)
{
	static EVP_MD *md;

	if (!md)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	must(md);
	return md;
}

void hash_sha256(struct str data, uint8_t ret[SHA256_BYTES])
{
	static EVP_MD_CTX *ctx;

	if (!ctx)
		ctx = EVP_MD_CTX_new();
	must(ctx && EVP_DigestInit_ex(ctx, sha256(), NULL) == 1 &&
	     EVP_DigestUpdate(ctx, data.ptr, data.len) == 1 &&
	     EVP_DigestFinal_ex(ctx, ret, NULL) == 1);
}

void hash_sha1(struct str data, uint8_t ret[SHA1_BYTES])
{
	must(EVP_Digest(data.ptr, data.len, ret, NULL, EVP_sha1(), NULL) == 1);
}

void hash_hmac_sha256(struct str key, struct str data, uint8_t ret[SHA256_BYTES])
{
	unsigned len;

	must(key.len <= INT32_MAX);
	must(HMAC(sha256(), key.len ? key.ptr : "", (int)key.len,
		  (const unsigned char *)data.ptr, data.len, ret, &len));
}

struct hash_stream *hash_stream_new(void)
{
	struct hash_stream *h = mem_alloc(sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	must(h->ctx && EVP_DigestInit_ex(h->ctx, sha256(), NULL) == 1);
	return h;
}

void hash_stream_add(struct hash_stream *h, const void *bytes, size_t len)
{
	must(EVP_DigestUpdate(h->ctx, bytes, len) == 1);
}

void hash_stream_done(struct hash_stream *h, uint8_t ret[SHA256_BYTES])
{
	must(EVP_DigestFinal_ex(h->ctx, ret, NULL) == 1);
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t n = 0;

	for (int i = 7; i >= 0; i--)
		n = n << 8 | p[i];
	return n;
}

static uint64_t turn(uint64_t n, int bits)
{
	return n << bits | n >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], int rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[1] = turn(v[1], 13) ^ v[0];
		v[0] = turn(v[0], 32);
		v[2] += v[3];
		v[3] = turn(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = turn(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = turn(v[1], 17) ^ v[2];
		v[2] = turn(v[2], 32);
	}
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

/* "SipHash: a fast short-input PRF", Aumasson and Bernstein, 2012. */
uint64_t hash_sip(const uint8_t key[16], const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t k0 = load64(key), k1 = load64(key + 8), last = (uint64_t)len << 56;
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
			  k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
	size_t i;

	for (i = 0; i + 8 <= len; i += 8)
		sip_word(v, load64(p + i));
	for (size_t rest = 0; i < len; i++, rest++)
		last |= (uint64_t)p[i] << (8 * rest);
	sip_word(v, last);
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void hash_random(void *ret, size_t len)
{
	must(len <= INT32_MAX && RAND_bytes(ret, (int)len) == 1);
}

bool hash_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
