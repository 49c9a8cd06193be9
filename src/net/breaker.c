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
