#include "suite.h"
#include "base/hex.h"

#define PUNKS "0xb47e3cd837dDF8e4c57F05d70Ab865de6e193BBB"

START_TEST(addresses_read_in_any_case_and_write_lower)
{
	struct address a, b;
	char text[ADDRESS_TEXT];

	ck_assert_int_eq(address_read(STR(PUNKS), &a), RC_OK);
	address_write(&a, text);
	ck_assert_str_eq(text, "0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb");
	ck_assert_int_eq(address_read(STR("0XB47E3CD837DDF8E4C57F05D70AB865DE6E193BBB"), &b),
			 RC_OK);
	ck_assert(address_eq(&a, &b));
	ck_assert(!address_is_zero(&a));
	b.byte[19] ^= 1;
	ck_assert(!address_eq(&a, &b));
	memset(&b, 0, sizeof(b));
	ck_assert(address_is_zero(&b));
}
END_TEST

START_TEST(anything_else_is_refused_and_writes_nothing)
{
	static const struct str bad[] = {
		{ "", 0 },
		{ NULL, 0 },
		{ "0x", 2 },
		{ "b47e3cd837ddf8e4c57f05d70ab865de6e193bbb", 40 },
		{ "0xb47e3cd837ddf8e4c57f05d70ab865de6e193bb", 41 },
		{ "0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb0", 43 },
		{ "0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb00", 44 },
		{ "0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbg", 42 },
		{ "0xb47e3cd837ddf8e4c57f05d70ab865de6e193bb\0", 42 },
		{ " 0xb47e3cd837ddf8e4c57f05d70ab865de6e193bb", 42 },
		{ "0x-47e3cd837ddf8e4c57f05d70ab865de6e193bbb", 42 },
	};
	struct address a, before;

	memset(&a, 0x5a, sizeof(a));
	before = a;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_int_eq(address_read(bad[i], &a), RC_INVALID);
	ck_assert(address_eq(&a, &before));
}
END_TEST

START_TEST(every_byte_goes_there_and_back)
{
	uint8_t bytes[256], back[256];
	char text[2 + 512 + 1] = "0x";

	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	hex_write(bytes, sizeof(bytes), text + 2);
	ck_assert_int_eq(hex_read(str_of(text), back, sizeof(back)), RC_OK);
	ck_assert_mem_eq(bytes, back, sizeof(back));
	ck_assert_int_eq(hex_read(STR("0x"), back, 0), RC_OK);
}
END_TEST

SUITE(addresses_read_in_any_case_and_write_lower, anything_else_is_refused_and_writes_nothing,
      every_byte_goes_there_and_back)
