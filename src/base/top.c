#include "base/top.h"

#include <stdbool.h>
#include <stdlib.h>

static uint64_t tag_of(const struct address *key)
{
	uint64_t tag;

	memcpy(&tag, key->byte + sizeof(key->byte) - sizeof(tag), sizeof(tag));
	return tag;
}

static size_t find(const struct top *top, const struct address *key, uint64_t tag)
{
	for (size_t i = 0; i < TOP_KEYS; i++)
		if (top->tag[i] == tag && top->entry[i].count &&
		    address_eq(&top->entry[i].key, key))
			return i;
	return TOP_KEYS;
}

/* What somebody died in the midst of changing goes first. */
static uint64_t weight(const struct top_entry *e)
{
	return e->generation % 2 ? 0 : e->count;
}

static size_t find_least(const struct top *top)
{
	size_t least = 0;

	for (size_t i = 1; i < TOP_KEYS && weight(&top->entry[least]); i++)
		if (weight(&top->entry[i]) < weight(&top->entry[least]))
			least = i;
	return least;
}

static void replace(struct top *top, size_t i, const struct address *key, uint64_t tag)
{
	struct top_entry *e = &top->entry[i];
	uint64_t error = weight(e);
	uint32_t generation = e->generation | 1;

	__atomic_store_n(&e->generation, generation, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	e->key = *key;
	top->tag[i] = tag;
	__atomic_store_n(&e->error, error, __ATOMIC_RELAXED);
	__atomic_store_n(&e->count, error + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&e->generation, generation + 1, __ATOMIC_RELEASE);
}

void top_add(struct top *top, const struct address *key)
{
	uint64_t tag = tag_of(key);
	size_t i = find(top, key, tag);

	if (i < TOP_KEYS && top->entry[i].generation % 2 == 0)
		__atomic_store_n(&top->entry[i].count, top->entry[i].count + 1,
				 __ATOMIC_RELAXED);
	else
		replace(top, find_least(top), key, tag);
}

static bool read_entry(const struct top_entry *e, struct top_row *ret)
{
	uint32_t before = __atomic_load_n(&e->generation, __ATOMIC_ACQUIRE);

	ret->key = e->key;
	ret->error = __atomic_load_n(&e->error, __ATOMIC_RELAXED);
	ret->count = __atomic_load_n(&e->count, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return before % 2 == 0 && ret->count &&
	       __atomic_load_n(&e->generation, __ATOMIC_RELAXED) == before;
}

size_t top_read(const struct top *top, struct top_row ret[TOP_KEYS])
{
	size_t n = 0;

	for (size_t i = 0; i < TOP_KEYS; i++)
		n += read_entry(&top->entry[i], &ret[n]);
	return n;
}

static uint64_t sure(const struct top_row *row)
{
	return row->count - row->error;
}

size_t top_merge(struct top_row *rows, size_t n, size_t max, const struct top_row *row)
{
	size_t least = 0;

	for (size_t i = 0; i < n; i++) {
		if (address_eq(&rows[i].key, &row->key)) {
			rows[i].count += row->count;
			rows[i].error += row->error;
			return n;
		}
		if (sure(&rows[i]) < sure(&rows[least]))
			least = i;
	}
	if (n < max)
		rows[n++] = *row;
	else if (max && sure(&rows[least]) < sure(row))
		rows[least] = *row;
	return n;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = sure(a), y = sure(b);

	return x < y ? 1 : x > y ? -1 : memcmp(a, b, sizeof(struct address));
}

void top_sort(struct top_row *rows, size_t n)
{
	if (n)
		qsort(rows, n, sizeof(*rows), compare);
}
