/* Sorting in memory and through a file, and numbers as they are packed. */
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/scope.h"
#include "jobs/import_holder.h"
#include "jobs/import_spool.h"

#define RECORDS 40000

static uint32_t dice;
static uint32_t roll(uint32_t sides)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % sides;
}

struct record {
	uint8_t len, bytes[SPOOL_RECORD_MAX];
};

static int compare(const void *left, const void *right)
{
	const struct record *a = left, *b = right;
	int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
	return order ? order : a->len - b->len;
}

/* Of few different first bytes and lengths from 0, so that all of a record counts. */
static struct record *some(struct spool *spool)
{
	struct record *all = mem_alloc(RECORDS * sizeof(*all));
	for (size_t i = 0; i < RECORDS; i++) {
		all[i].len = (uint8_t)roll(roll(50) ? 30 : SPOOL_RECORD_MAX + 1);
		for (size_t j = 0; j < all[i].len; j++)
			all[i].bytes[j] = (uint8_t)roll(j < 9 ? 2 : 256);
		spool_add(spool, all[i].bytes, all[i].len);
	}
	qsort(all, RECORDS, sizeof(*all), compare);
	return all;
}

static void is_sorted(struct spool *spool, const struct record *all)
{
	struct str record;
	for (size_t i = 0; i < RECORDS; i++) {
		ck_assert(spool_next(spool, &record));
		ck_assert_uint_eq(record.len, all[i].len);
		ck_assert_int_eq(memcmp(record.ptr, all[i].bytes, record.len), 0);
	}
	ck_assert(!spool_next(spool, &record));
	ck_assert(!spool_next(spool, &record));
	ck_assert_ptr_null(spool_error(spool));
}

static void sorts_in(size_t memory)
{
	struct spool *spool = spool_new(memory);
	struct record *all = some(spool);
	struct str record;
	ck_assert_uint_eq(spool_count(spool), RECORDS);
	ck_assert_int_eq(spool_sort(spool), RC_OK);
	is_sorted(spool, all);
	spool_rewind(spool);
	for (int i = 0; i < 100; i++)
		ck_assert(spool_next(spool, &record));
	spool_rewind(spool);
	is_sorted(spool, all);
	spool_free(spool);
	free(all);
}

START_TEST(in_memory)
{
	sorts_in(64u << 20);
}
END_TEST

START_TEST(through_a_file)
{
	sorts_in(0);
	sorts_in(1u << 20);
}
END_TEST

START_TEST(nothing)
{
	struct spool *spool = spool_new(0);
	struct str record;
	ck_assert_int_eq(spool_sort(spool), RC_OK);
	ck_assert(!spool_next(spool, &record));
	spool_free(spool);
}
END_TEST

START_TEST(no_room_for_files)
{
	struct spool *spool = spool_new(0);
	setenv("TMPDIR", "/nowhere", 1);
	free(some(spool));
	ck_assert_int_eq(spool_sort(spool), RC_INTERNAL);
	ck_assert_ptr_nonnull(strstr(spool_error(spool), "temporary file"));
	spool_free(spool);
	unsetenv("TMPDIR");
}
END_TEST

static struct u256 number(const char *text)
{
	struct u256 n;
	ck_assert_int_eq(u256_read(str_of(text), &n), RC_OK);
	return n;
}

/* Packed and unpacked they are the same, and their bytes are in their order. */
START_TEST(numbers)
{
	static const char *const in_order[] = {
		"0",
		"1",
		"9",
		"10",
		"9999",
		"10000",
		"10001",
		"99999999",
		"100000000",
		"340282366920938463463374607431768211456",
		"9999999999999999999999999999999999999999999999999999999999999999999999999999",
		"10000000000000000000000000000000000000000000000000000000000000000000000000000",
		"11579208923731619542357098500868790785326998466564056403945758400791312963993"
		"5",
	};
	uint8_t last[PACKED_MAX] = { 0 }, packed[PACKED_MAX] = { 0 };
	for (size_t i = 0; i < COUNT_OF(in_order); i++) {
		struct u256 n = number(in_order[i]), again;
		memcpy(last, packed, sizeof(last));
		ck_assert_uint_eq(u256_pack(&n, packed), packed_size(packed));
		u256_unpack(packed, &again);
		ck_assert_str_eq(again.dec, in_order[i]);
		ck_assert(i == 0 || memcmp(last, packed, packed_size(last)) < 0);
	}
}
END_TEST

SUITE(in_memory, through_a_file, nothing, no_room_for_files, numbers)
