/* Entries as bytes: whatever is not exactly what was written is a miss. */
#include "../suite.h"
#include "base/hash.h"
#include "mapped.h"

static _Alignas(8) char bytes[4096];
static size_t size;

static void up(void)
{
	struct entry_tag tags[] = { { 1, 2, 3, 1 }, { 4, 5, 6, 0 } };

	arena = arena_new(4096);
	struct entry e = entry_made(9, 1000);
	e.tag = tags;
	e.head.tags = 2;
	size = entry_size(&e);
	entry_encode(&e, bytes);
}

static void down(void)
{
	arena_free(arena);
}

static bool decodes(size_t len)
{
	struct entry e;

	return entry_decode((struct str){ bytes, len }, key_of(9), &e);
}

START_TEST(it_comes_back)
{
	struct entry e;

	ck_assert(entry_decode((struct str){ bytes, size }, key_of(9), &e));
	ck_assert(entry_is(&e, 9));
	ck_assert_uint_eq(e.tag[1].hash, 4);
	ck_assert(entry_decode((struct str){ bytes, size }, STR_NONE, &e));
}
END_TEST

START_TEST(another_key_is_a_miss)
{
	struct entry e;

	ck_assert(!entry_decode((struct str){ bytes, size }, key_of(8), &e));
}
END_TEST

START_TEST(every_cut_is_a_miss)
{
	for (size_t len = 0; len < size; len++)
		ck_assert(!decodes(len));
	ck_assert(decodes(size));
}
END_TEST

START_TEST(every_turned_bit_is_a_miss)
{
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert(!decodes(size));
		bytes[bit / 8] ^= (char)(1 << bit % 8);
	}
}
END_TEST

START_TEST(noise_is_a_miss)
{
	for (int i = 0; i < 20000; i++) {
		hash_random(bytes, 512);
		ck_assert(!decodes(512));
	}
}
END_TEST

static void suite_add(TCase *tc)
{
	const TTest *tests[] = { it_comes_back, another_key_is_a_miss, every_cut_is_a_miss,
				 every_turned_bit_is_a_miss, noise_is_a_miss };

	tcase_add_checked_fixture(tc, up, down);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}
SUITE_OF(suite_add)
