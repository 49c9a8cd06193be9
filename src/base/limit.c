#include "base/limit.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include "base/hash.h"

#define ADDRESS_MAX 64
#define TRIES       16 /* against others who count in the same bucket */

struct cell {
	uint32_t who, since, count;
};

static uint64_t pack(struct cell c)
{
	return (uint64_t)c.who << 40 | (uint64_t)c.since << 8 | c.count;
}

static struct cell unpack(uint64_t word)
{
	return (struct cell){ (uint32_t)(word >> 40), (uint32_t)(word >> 8),
			      (uint32_t)(word & 0xff) };
}

void limit_init(struct limit_table *table)
{
	hash_random(table->key, sizeof(table->key));
}

uint64_t limit_client(const struct limit_table *table, struct str address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[ADDRESS_MAX];
	uint8_t byte[16];

	if (address.len < sizeof(text)) {
		if (address.len)
			memcpy(text, address.ptr, address.len);
		text[address.len] = '\0';
		if (inet_pton(AF_INET, text, byte) == 1)
			return hash_sip(table->key, byte, 4);
		if (inet_pton(AF_INET6, text, byte) == 1)
			return memcmp(byte, mapped, sizeof(mapped)) == 0
				       ? hash_sip(table->key, byte + 12, 4)
				       : hash_sip(table->key, byte, 8);
	}
	return hash_sip(table->key, address.ptr, address.len);
}

/* A window that begins later than now is of before a restart of the machine. */
static bool is_over(struct cell c, uint32_t now)
{
	return c.count == 0 || now < c.since || now - c.since >= LIMIT_WINDOW_S;
}

/* Where the client counts, or, of those that are over or have the least, the first. */
static int choose(struct cell *cell, uint32_t who, uint32_t now)
{
	int least = 0;

	for (int i = 0; i < LIMIT_WAYS; i++) {
		if (is_over(cell[i], now))
			cell[i].count = 0;
		else if (cell[i].who == who)
			return i;
		if (cell[i].count < cell[least].count)
			least = i;
	}
	return least;
}

static struct cell count_one(struct cell c, uint32_t who, uint32_t now, int64_t most)
{
	if (c.count == 0 || c.who != who)
		return (struct cell){ who, now, 1 };
	if (c.count <= most)
		c.count++;
	return c;
}

int64_t limit_count(struct limit_table *table, uint64_t client, int64_t most, int64_t now_s)
{
	_Atomic uint64_t *bucket = table->cell[client % LIMIT_BUCKETS];
	uint32_t who = (uint32_t)(client >> 40), now = (uint32_t)now_s;
	struct cell cell[LIMIT_WAYS], next = { who, now, 0 };
	uint64_t seen[LIMIT_WAYS];

	assert(most > 0 && most <= LIMIT_MOST && now_s >= 0);
	for (int i = 0; i < TRIES; i++) {
		for (int w = 0; w < LIMIT_WAYS; w++) {
			seen[w] = atomic_load(&bucket[w]);
			cell[w] = unpack(seen[w]);
		}
		int at = choose(cell, who, now);
		next = count_one(cell[at], who, now, most);
		if (atomic_compare_exchange_strong(&bucket[at], &seen[at], pack(next)))
			break;
	}
	if (next.count <= most)
		return 0;
	return LIMIT_WINDOW_S - (int64_t)(now - next.since);
}
