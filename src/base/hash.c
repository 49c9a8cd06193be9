#include "base/hash.h"

#include <endian.h>
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

/* Eight bytes, the lowest first, on every machine. */
static uint64_t load64(const uint8_t *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof(n));
	return le64toh(n);
}

static inline uint64_t turn(uint64_t n, int bits)
{
	return n << bits | n >> (64 - bits);
}

struct sip {
	uint64_t a, b, c, d;
};

static inline void sip_round(struct sip *v)
{
	v->a += v->b;
	v->b = turn(v->b, 13) ^ v->a;
	v->a = turn(v->a, 32);
	v->c += v->d;
	v->d = turn(v->d, 16) ^ v->c;
	v->a += v->d;
	v->d = turn(v->d, 21) ^ v->a;
	v->c += v->b;
	v->b = turn(v->b, 17) ^ v->c;
	v->c = turn(v->c, 32);
}

static inline void sip_word(struct sip *v, uint64_t word)
{
	v->d ^= word;
	sip_round(v);
	v->a ^= word;
}

/* "SipHash: a fast short-input PRF", Aumasson and Bernstein, 2012; one round a word and three
 * at the end, as tables of Python, Rust and Ruby have it. */
uint64_t hash_sip(const uint8_t key[16], const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t k0 = load64(key), k1 = load64(key + 8), last = (uint64_t)len << 56;
	struct sip v = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
			 k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
	size_t i;

	for (i = 0; i + 8 <= len; i += 8)
		sip_word(&v, load64(p + i));
	for (size_t rest = 0; i < len; i++, rest++)
		last |= (uint64_t)p[i] << (8 * rest);
	sip_word(&v, last);
	v.c ^= 0xff;
	for (int round = 0; round < 3; round++)
		sip_round(&v);
	return v.a ^ v.b ^ v.c ^ v.d;
}

void hash_random(void *ret, size_t len)
{
	must(len <= INT32_MAX && RAND_bytes(ret, (int)len) == 1);
}

bool hash_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
