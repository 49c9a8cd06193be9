#include "suite.h"
#include "base/hash.h"
#include "base/hex.h"
#include <string.h>

static const char *hex(const uint8_t *bytes, size_t len)
{
	static char text[2 * SHA256_BYTES + 1];

	hex_write(bytes, len, text);
	return text;
}

START_TEST(sha256_of_fips_180)
{
	uint8_t d[SHA256_BYTES];

	for (int again = 0; again < 2; again++) {
		hash_sha256(STR("abc"), d);
		ck_assert_str_eq(hex(d, sizeof(d)), "ba7816bf8f01cfea414140de5dae2223"
						    "b00361a396177a9cb410ff61f20015ad");
		hash_sha256(STR_NONE, d);
		ck_assert_str_eq(hex(d, sizeof(d)), "e3b0c44298fc1c149afbf4c8996fb924"
						    "27ae41e4649b934ca495991b7852b855");
	}
}
END_TEST

START_TEST(streams_do_not_disturb_each_other)
{
	struct hash_stream *a = hash_stream_new(), *b = hash_stream_new();
	uint8_t d[SHA256_BYTES], e[SHA256_BYTES];

	hash_stream_add(a, "a", 1);
	hash_stream_add(b, "x", 1);
	hash_sha256(STR("other"), d);
	hash_stream_add(a, "bc", 2);
	hash_stream_done(b, d);
	hash_stream_done(a, d);
	hash_sha256(STR("abc"), e);
	ck_assert_mem_eq(d, e, sizeof(d));
}
END_TEST

START_TEST(hmac_of_rfc_4231)
{
	uint8_t d[SHA256_BYTES];

	hash_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), d);
	ck_assert_str_eq(hex(d, sizeof(d)), "5bdcc146bf60754e6a042426089575c7"
					    "5a003f089d2739839dec58b964ec3843");
	hash_hmac_sha256(STR_NONE, STR(""), d);
	ck_assert_str_eq(hex(d, sizeof(d)), "b613679a0814d9ec772f95d778c35fc5"
					    "ff1697c493715653c6c712144292c5ad");
}
END_TEST

START_TEST(siphash_1_3)
{
	static const uint64_t expected[] = {
		/* SipHash-1-3, input 00 01 02 … of that length */
		[0] = 0xabac0158050fc4dc, [1] = 0xc9f49bf37d57ca93,  [7] = 0xd3927d989bb11140,
		[8] = 0x369095118d299a8e, [15] = 0xd320d86d2a519956, [63] = 0x9d199062b7bbb3a8,
	};
	uint8_t key[16], in[64];

	for (uint8_t i = 0; i < 64; i++) {
		in[i] = i;
		key[i % 16] = i % 16;
	}
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		if (expected[i])
			ck_assert_uint_eq(hash_sip(key, in, i), expected[i]);
	}
	ck_assert_uint_ne(hash_sip(key, in, 64), hash_sip(in + 1, in, 64));
	/* What Python makes of it: PYTHONHASHSEED=0 python3 -c 'print(hash(b"such-market"))' */
	memset(key, 0, sizeof(key));
	ck_assert_int_eq((int64_t)hash_sip(key, "such-market", 11), -8286250033558693085);
}
END_TEST

START_TEST(random_bytes_differ)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	hash_random(a, sizeof(a));
	hash_random(b, sizeof(b));
	ck_assert(memcmp(a, b, sizeof(a)) != 0);
}
END_TEST

START_TEST(comparison)
{
	ck_assert(hash_equal("abc", "abc", 3));
	ck_assert(!hash_equal("abc", "abd", 3));
	ck_assert(hash_equal("abc", "abd", 2));
	ck_assert(hash_equal("", "", 0));
}
END_TEST

/* FIPS 180-1, appendix A. */
START_TEST(test_sha1)
{
	uint8_t digest[SHA1_BYTES];
	char hex[2 * SHA1_BYTES + 1];

	hash_sha1(STR("abc"), digest);
	hex_write(digest, sizeof(digest), hex);
	ck_assert_str_eq(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
}
END_TEST

/* As xxhsum -H3 has it: machines with other vectors read each other's copies in Redis. */
START_TEST(the_fast_hash_is_the_same_everywhere)
{
	uint8_t bytes[5000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 251);
	ck_assert_uint_eq(hash_fast(bytes, 0), 0x2d06800538d394c2);
	ck_assert_uint_eq(hash_fast(bytes, 200), 0xf42a8864feaf0703);
	ck_assert_uint_eq(hash_fast(bytes, 5000), 0xb418500fc42320ee);
}
END_TEST

SUITE(test_sha1, sha256_of_fips_180, streams_do_not_disturb_each_other, hmac_of_rfc_4231,
      siphash_1_3, random_bytes_differ, comparison, the_fast_hash_is_the_same_everywhere)
