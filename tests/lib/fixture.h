/*
 * Two small collections with everything about them, put in by `such-market import`:
 *
 * FIXTURE_721   tokens 0 … 249, "Fixture #n"; traits Fur ("fur 0" … "fur 4" by n % 5), Hat
 * ("hat", odd tokens only), Level (number, n); token n belongs to holder n % 7, 249 to nobody;
 *               one mint each in block 1000 + n, and token 0 was given by holder 3 to holder 0
 * FIXTURE_1155  tokens 1 … 3: holder 0 has 5 of token 1, holder 1 has 2^255 of it and 1 of
 * token 2, holder 2 has 1 of token 3 user 7        custody holder 2, verified holders 0 and 1;
 * user 8 has no wallet with tokens
 */
#ifndef LIB_FIXTURE_H
#define LIB_FIXTURE_H

#define FIXTURE_721    "0x00000000000000000000000000000000000000f1"
#define FIXTURE_1155   "0x00000000000000000000000000000000000000f2"
#define FIXTURE_TOKENS 250
#define FIXTURE_2_255                                                                          \
	"57896044618658097711785492504343953926634992332820282019728792003956564819968"

void fixture_import(void);         /* into the running stack */
const char *fixture_holder(int n); /* its address; static */

#endif
