#include "app/outworn.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t with_jitter(uint64_t n, uint64_t random)
{
	uint64_t spread = n / 5;

	return n - spread / 2 + random % (spread + 1);
}

void outworn_init(struct outworn *o, int64_t max_requests, int64_t max_growth, uint64_t random)
{
	*o = (struct outworn){ .requests_end = with_jitter((uint64_t)max_requests, random),
			       .growth = max_growth,
			       .look_at = OUTWORN_EVERY };
}

static bool has_grown(struct outworn *o, uint64_t served, int64_t (*memory)(void))
{
	if (o->growth == 0 || served < o->look_at)
		return false;
	int64_t bytes = memory();
	o->look_at = served + OUTWORN_EVERY;
	if (o->base == 0)
		o->base = bytes;
	return bytes - o->base > o->growth;
}

enum outworn_why outworn_due(struct outworn *o, uint64_t served, int64_t (*memory)(void))
{
	if (o->requests_end && served >= o->requests_end)
		return OUTWORN_REQUESTS;
	return has_grown(o, served, memory) ? OUTWORN_MEMORY : OUTWORN_NOT;
}

int64_t outworn_memory(void)
{
	long long size, resident, shared;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	int n = fscanf(f, "%lld %lld %lld", &size, &resident, &shared);
	fclose(f);
	return n == 3 ? (resident - shared) * sysconf(_SC_PAGESIZE) : 0;
}
