/* The most frequent keys of a stream: what the sketch promises. */
#include "suite.h"
#include <stdbool.h>
#include "base/top.h"

static struct top top;

static struct address key(uint32_t n)
{
	struct address a = { { 0 } };

	memcpy(a.byte + 4, &n, sizeof(n));
	a.byte[19] = (uint8_t)n;
	return a;
}

static void add(uint32_t n, uint64_t times)
{
	struct address a = key(n);

	for (uint64_t i = 0; i < times; i++)
		top_add(&top, &a);
}

static bool find(uint32_t n, struct top_row *ret)
{
	struct top_row rows[TOP_KEYS];
	size_t count = top_read(&top, rows);
	struct address a = key(n);

	for (size_t i = 0; i < count; i++)
		if (address_eq(&rows[i].key, &a)) {
			*ret = rows[i];
			return true;
		}
	return false;
}

START_TEST(test_few_are_exact)
{
	struct top_row row, rows[TOP_KEYS];

	memset(&top, 0, sizeof(top));
	for (uint32_t n = 1; n <= TOP_KEYS; n++)
		add(n, n);
	ck_assert_uint_eq(top_read(&top, rows), TOP_KEYS);
	for (uint32_t n = 1; n <= TOP_KEYS; n++) {
		ck_assert(find(n, &row));
		ck_assert_uint_eq(row.count, n);
		ck_assert_uint_eq(row.error, 0);
	}
	ck_assert(!find(TOP_KEYS + 1, &row));
}
END_TEST

/* A stream with a long tail: bounds of each key, and nobody heavy is missing. */
START_TEST(test_bounds)
{
	enum {
		KEYS = 1000,
		ROUNDS = 200
	};
	static uint64_t truth[KEYS];
	uint64_t total = 0, seed = 12345;
	struct top_row row;

	memset(&top, 0, sizeof(top));
	for (int i = 0; i < ROUNDS * KEYS; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		uint32_t r = (uint32_t)(seed >> 33) % KEYS;
		uint32_t n = i % 3 ? r : r % 20; /* a third goes to twenty keys */

		add(n, 1);
		truth[n]++;
		total++;
	}
	for (uint32_t n = 0; n < KEYS; n++) {
		bool there = find(n, &row);

		ck_assert_msg(there || truth[n] <= total / TOP_KEYS, "key %u is missing", n);
		if (!there)
			continue;
		ck_assert_uint_ge(row.count, truth[n]);
		ck_assert_uint_le(row.count, truth[n] + total / TOP_KEYS);
		ck_assert_uint_le(row.count - row.error, truth[n]);
	}
}
END_TEST

/* A writer that died in the midst of changing an entry. */
START_TEST(test_half_written)
{
	struct top_row row;

	memset(&top, 0, sizeof(top));
	for (uint32_t n = 1; n <= TOP_KEYS; n++)
		add(n, 5);
	top.entry[7].generation |= 1;
	ck_assert_msg(!find(8, &row), "it is not told");
	add(500, 1);
	ck_assert_msg(find(500, &row), "it is the first to be replaced");
	ck_assert_uint_eq(row.count, 1);
	add(8, 1);
	ck_assert(find(8, &row));
	ck_assert_uint_eq(row.count - row.error, 1);
}
END_TEST

START_TEST(test_merge)
{
	struct top_row rows[3];
	const struct top_row in[] = {
		{ key(1), 10, 9 }, { key(2), 5, 0 }, { key(3), 3, 0 },
		{ key(2), 5, 1 },  { key(4), 7, 0 }, { key(5), 1, 1 },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		n = top_merge(rows, n, 3, &in[i]);
	top_sort(rows, n);
	ck_assert_uint_eq(n, 3);
	ck_assert(memcmp(&rows[0].key, &in[1].key, sizeof(in[1].key)) == 0);
	ck_assert_uint_eq(rows[0].count, 10);
	ck_assert_uint_eq(rows[0].error, 1);
	ck_assert_msg(memcmp(&rows[1].key, &in[4].key, sizeof(in[4].key)) == 0,
		      "the least sure one made room");
	ck_assert_uint_eq(rows[2].count, 3);
	ck_assert_uint_eq(top_merge(rows, 0, 0, &in[0]), 0);
	top_sort(rows, 0);
}
END_TEST

SUITE(test_few_are_exact, test_bounds, test_half_written, test_merge)
