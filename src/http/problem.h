/* Errors as RFC 9457 problem+json; the only map from outcomes to HTTP statuses. */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct arena;
struct buf;

#define PROBLEM_ERRORS 8

struct problem {
	enum rc rc;
	const char *code;      /* stable word such as "invalid_address"; NULL: the outcome's */
	struct str detail;     /* for people; never SQL, hosts, keys or paths */
	int64_t retry_after_s; /* 0: no Retry-After (503 gets one anyway) */
	const char *allow;     /* for 405: "GET, HEAD, OPTIONS" */
	int count;             /* bad parameters */
	struct {
		struct str parameter, detail;
	} errors[PROBLEM_ERRORS];
};

int problem_status(enum rc rc);       /* 404 … */
const char *status_title(int status); /* "Not Found" */
/* Sets rc, code and detail; returns rc so that `return problem_set(…)` reads well. */
enum rc problem_set(struct problem *p, enum rc rc, const char *code, struct str detail);
/* One more bad parameter (code stays "invalid_parameter" unless given); returns RC_INVALID. */
enum rc problem_parameter(struct problem *p, const char *code, struct str parameter,
			  struct str detail);
void problem_write(const struct problem *p, const char *request_id, struct buf *out);

#endif
