/*
 * When has a worker served enough?  After so many requests (give or take ten per cent, so that
 * workers started together do not leave together), or when its private memory has grown too far
 * beyond what it was once warm.
 */
#ifndef APP_OUTWORN_H
#define APP_OUTWORN_H

#include <stdint.h>

/* Memory is looked at once in so many requests; what the first ones need is no growth. */
#define OUTWORN_EVERY 256

enum outworn_why {
	OUTWORN_NOT,
	OUTWORN_REQUESTS,
	OUTWORN_MEMORY
};

struct outworn {
	uint64_t requests_end; /* 0: no end */
	int64_t growth;        /* bytes; 0: no end */
	uint64_t look_at;      /* requests when the memory is looked at next */
	int64_t base;          /* bytes when warm; 0: not yet looked */
};

/* random: any number, the jitter is made of it. */
void outworn_init(struct outworn *o, int64_t max_requests, int64_t max_growth, uint64_t random);
/* memory is asked for only when it matters. */
enum outworn_why outworn_due(struct outworn *o, uint64_t served, int64_t (*memory)(void));
/* Resident bytes of this process that no file backs and nobody shares. */
int64_t outworn_memory(void);

#endif
