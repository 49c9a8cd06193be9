/*
 * Which requests a worker tells the log of: one in so many, and every slow one with where its
 * time went.  A request that failed has its line from the gate, always.
 */
#ifndef APP_ACCESS_H
#define APP_ACCESS_H

#include <stdint.h>
#include "base/conf.h"

struct request;
struct response;

struct access_options {
	int64_t every;   /* 0: none */
	int64_t slow_ms; /* 0: none */
};
extern const struct conf_key access_keys[];

struct access {
	int64_t every, slow_ns; /* INT64_MAX: none */
	int64_t until;          /* requests until the next line */
};

void access_init(struct access *access, const struct access_options *options);
/* An answer is out: ns after the first byte of its request; base/stages.h knows the stages. */
void access_tell(struct access *access, const struct request *req, const struct response *res,
		 int64_t ns);

#endif
