/* One request on its way through a handler. */
#ifndef API_CALL_H
#define API_CALL_H

#include "base/answer.h"
#include "base/rc.h"
#include "base/role.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "model/env.h"

struct call {
	struct env *env;
	const struct http_options *http;
	struct request *req;
	struct response *res;
	struct problem problem;
	const struct route *route;
	struct str hole[ROUTE_HOLES]; /* what stood in the pattern's holes, in order */
	enum role role;               /* of the key; ROLE_PUBLIC without one */
};

/* Ends a read: sends the answer, or turns rc into the problem.  `return call_answer(call, rc, &a);` */
enum rc call_answer(struct call *call, enum rc rc, const struct answer *answer);

#endif
