#include "base/tally.h"

#include "base/scope.h"

const struct tally_outcome_row tally_outcomes[TALLY_OUTCOMES] = {
#define X(name, tier, outcome) { #name, tier, outcome },
	TALLY_OUTCOMES_OF(X)
#undef X
};

const char *const tally_classes[TALLY_CLASSES] = { "2xx", "3xx", "4xx", "5xx" };

static struct tally own_tally;
static struct top own_top;
static struct tally *tally = &own_tally;
static struct top *top = &own_top;

void tally_attach(struct tally *to, struct top *to_top)
{
	tally = to ? to : &own_tally;
	top = to_top ? to_top : &own_top;
}

#ifndef DISABLE_COUNTERS

/* One process writes a cell, others read it: no torn value, no locked instruction. */
static void bump(uint64_t *cell, uint64_t n)
{
	__atomic_store_n(cell, __atomic_load_n(cell, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static enum tally_class class_of(int status)
{
	return status < 200 || status > 499 ? TALLY_5XX : (enum tally_class)(status / 100 - 2);
}

void tally_request(size_t route, int status, int64_t ns)
{
	enum tally_class class = class_of(status);

	if (route > TALLY_OTHER)
		route = TALLY_OTHER;
	bump(&tally->requests, 1);
	if (class == TALLY_5XX)
		bump(&tally->errors, 1);
	bump(&tally->route[route][class], 1);
	bump(&tally->route_ns[route], ns > 0 ? (uint64_t)ns : 0);
	histogram_add(&tally->latency, ns);
}

void tally_read(size_t read, enum tally_outcome outcome)
{
	if (read < TALLY_READS)
		bump(&tally->read[read][outcome], 1);
}

void tally_collection(const struct address *address)
{
	top_add(top, address);
}

void tally_events(uint64_t n)
{
	bump(&tally->events, n);
}

#endif

void tally_sum(struct tally *into, const struct tally *from)
{
	const uint64_t *src = (const uint64_t *)from;
	uint64_t *dst = (uint64_t *)into;

	_Static_assert(sizeof(*from) % sizeof(*src) == 0, "cells are 64-bit words only");
	for (size_t i = 0; i < TALLY_CELLS; i++)
		dst[i] += __atomic_load_n(&src[i], __ATOMIC_RELAXED);
}
