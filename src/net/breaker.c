#include "net/breaker.h"

bool breaker_allows(struct breaker *b, int64_t now_ns)
{
	if (b->state == BREAKER_CLOSED)
		return true;
	if (b->state == BREAKER_HALF || now_ns < b->until_ns)
		return false;
	b->state = BREAKER_HALF;
	return true;
}

void breaker_succeeded(struct breaker *b)
{
	/* What failed before one success still counts in its window: every other call may fail.
	 */
	if (b->state != BREAKER_CLOSED)
		*b = (struct breaker){ .state = BREAKER_CLOSED };
}

void breaker_trip(struct breaker *b, int64_t now_ns, uint32_t dice)
{
	int64_t ns = BREAKER_LAST_NS;

	if (b->doublings < 5) {
		ns = BREAKER_FIRST_NS << b->doublings;
		b->doublings++;
	}
	b->state = BREAKER_OPEN;
	b->failures = 0;
	b->until_ns = now_ns + ns / 2 + (int64_t)(dice % (uint32_t)(ns / 2 / 1000 + 1)) * 1000;
}

void breaker_failed(struct breaker *b, int64_t now_ns, uint32_t dice)
{
	if (b->state == BREAKER_CLOSED) {
		if (b->failures == 0 || now_ns - b->since_ns >= BREAKER_WINDOW_NS) {
			b->failures = 0;
			b->since_ns = now_ns;
		}
		if (++b->failures < BREAKER_FAILURES)
			return;
	}
	breaker_trip(b, now_ns, dice);
}

/* --- in a word: state (2 bits), failures (3), doublings (3), time [us] (56): since when it
 * counts while closed, until when otherwise. */

static uint64_t pack(const struct breaker *b)
{
	int64_t ns = b->state == BREAKER_CLOSED ? b->since_ns : b->until_ns;

	return (uint64_t)(ns / 1000) << 8 | (uint64_t)b->doublings << 5 |
	       (uint64_t)b->failures << 2 | (uint64_t)b->state;
}

static struct breaker unpack(uint64_t word)
{
	int64_t ns = (int64_t)(word >> 8) * 1000;

	return (struct breaker){ .state = (enum breaker_state)(word & 3),
				 .failures = (int)(word >> 2 & 7),
				 .doublings = (int)(word >> 5 & 7),
				 .since_ns = ns,
				 .until_ns = ns };
}

bool breaker_word_allows(breaker_word *word, int64_t now_ns, int64_t try_ns)
{
	uint64_t old = atomic_load(word);

	for (;;) {
		struct breaker b = unpack(old);

		if (b.state == BREAKER_HALF && now_ns >= b.until_ns)
			b.state = BREAKER_OPEN; /* who tried never told */
		if (!breaker_allows(&b, now_ns))
			return false;
		if (b.state == BREAKER_CLOSED)
			return true;
		b.until_ns = now_ns + try_ns;
		if (atomic_compare_exchange_weak(word, &old, pack(&b)))
			return true;
	}
}

static void apply(breaker_word *word, void (*how)(struct breaker *, int64_t, uint32_t),
		  int64_t now_ns, uint32_t dice)
{
	uint64_t old = atomic_load(word);
	struct breaker b;

	do {
		b = unpack(old);
		how(&b, now_ns, dice);
	} while (!atomic_compare_exchange_weak(word, &old, pack(&b)));
}

static void succeed(struct breaker *b, int64_t now_ns, uint32_t dice)
{
	(void)now_ns;
	(void)dice;
	breaker_succeeded(b);
}

void breaker_word_succeeded(breaker_word *word)
{
	if (unpack(atomic_load(word)).state != BREAKER_CLOSED)
		apply(word, succeed, 0, 0);
}

void breaker_word_failed(breaker_word *word, int64_t now_ns, uint32_t dice)
{
	apply(word, breaker_failed, now_ns, dice);
}

void breaker_word_trip(breaker_word *word, int64_t now_ns, uint32_t dice)
{
	apply(word, breaker_trip, now_ns, dice);
}

bool breaker_word_open(const breaker_word *word, int64_t now_ns)
{
	struct breaker b = unpack(atomic_load(word));

	return b.state == BREAKER_HALF || (b.state == BREAKER_OPEN && now_ns < b.until_ns);
}
