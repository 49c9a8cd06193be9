#include "suite.h"
#include "base/u256.h"
#include <string.h>

#define MAX  "115792089237316195423570985008687907853269984665640564039457584007913129639935"
#define OVER "115792089237316195423570985008687907853269984665640564039457584007913129639936"
#define F64  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define Z60  "000000000000000000000000000000000000000000000000000000000000"

static const struct {
	const char *text, *dec;
} good[] = {
	{ "0", "0" },
	{ "000", "0" },
	{ "0x0", "0" },
	{ "0x000", "0" },
	{ "9999", "9999" },
	{ "0042", "42" },
	{ MAX, MAX },
	{ Z60 Z60 MAX, MAX },
	{ "0x" F64, MAX },
	{ "0xF", "15" },
	{ "0x" Z60 Z60 "1", "1" },
	{ "0Xff", "255" },
	{ "0x3b9aca00", "1000000000" },
	{ "0xde0b6b3a7640000", "1000000000000000000" },
	{ "0x8000000000000000000000000000000000000000000000000000000000000000",
	  "57896044618658097711785492504343953926634992332820282019728792003956564819968" },
	/* The token of vitalik.eth in the ENS registrar: keccak256("vitalik"). */
	{ "0xaf2caa1c2ca1d027f1ac823b529d0a67cd144264b2789fa2ea4d63a67c7103cc",
	  "79233663829379634837589865448569342784712482819484549289560981379859480642508" },
};

START_TEST(good_numbers)
{
	struct u256 n;

	ck_assert_int_eq(u256_read(str_of(good[_i].text), &n), RC_OK);
	ck_assert_str_eq(n.dec, good[_i].dec);
}
END_TEST

static const struct str bad[] = {
	{ "", 0 },      { NULL, 0 },  { "-1", 2 },  { "+1", 2 },     { " 1", 2 },
	{ "1 ", 2 },    { "1e3", 3 }, { "1.0", 3 }, { "NaN", 3 },    { "0x", 2 },
	{ "0xg", 3 },   { "x1", 2 },  { "1\0", 2 }, { "0x 1", 4 },   { "0x-1", 4 },
	{ "1_000", 5 }, { "1,0", 3 }, { OVER, 78 }, { MAX "0", 79 }, { "0x1" F64, 67 },
	{ "٣", 2 },
};

START_TEST(bad_numbers)
{
	struct u256 n = { "unchanged" };

	ck_assert_int_eq(u256_read(bad[_i], &n), RC_INVALID);
	ck_assert_str_eq(n.dec, "unchanged");
}
END_TEST

START_TEST(leading_zeros_are_bounded)
{
	char zeros[201];
	struct u256 n;

	memset(zeros, '0', sizeof(zeros));
	ck_assert_int_eq(u256_read((struct str){ zeros, 200 }, &n), RC_OK);
	ck_assert_str_eq(n.dec, "0");
	ck_assert_int_eq(u256_read((struct str){ zeros, 201 }, &n), RC_INVALID);
}
END_TEST

START_TEST(order_is_numeric)
{
	static const char *const rising[] = { "0", "1", "9", "10", "99", "100", OVER + 1, MAX };
	struct u256 a, b;
	int count = sizeof(rising) / sizeof(*rising);

	for (int i = 0; i < count; i++) {
		for (int k = 0; k < count; k++) {
			u256_read(str_of(rising[i]), &a);
			u256_read(str_of(rising[k]), &b);
			ck_assert_int_eq(u256_cmp(&a, &b), (i > k) - (i < k));
		}
	}
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_loop_test(tc, good_numbers, 0, sizeof(good) / sizeof(*good));
	tcase_add_loop_test(tc, bad_numbers, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(tc, leading_zeros_are_bounded);
	tcase_add_test(tc, order_is_numeric);
}

SUITE_OF(all)
