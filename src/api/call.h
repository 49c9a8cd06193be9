/*
 * One request on its way through a handler.
 *
 *	enum rc noun_show(struct call *call)
 *	{
 *		struct address contract;
 *		struct answer answer;
 *		if (call_address(call, 0, "address", &contract) != RC_OK)
 *			return RC_INVALID;
 *		return call_answer(call, noun_read(call->env, &contract, &answer), &answer);
 *	}
 *
 * A handler that returns RC_OK has made the response; else the gate answers call->problem.
 */
#ifndef API_CALL_H
#define API_CALL_H

#include "base/answer.h"
#include "base/rc.h"
#include "base/role.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "model/audit.h"
#include "model/env.h"
#include "model/key.h"
#include "model/page.h"

struct api_options;
struct json_object;

struct call {
	struct env *env;
	const struct http_options *http;
	const struct api_options *options; /* NULL: no limits */
	struct request *req;
	struct response *res;
	struct problem problem;
	const struct route *route;
	struct str hole[ROUTE_HOLES]; /* what stood in the pattern's holes, in order */
	struct address address;       /* of the path, once call_address has read it */
	bool addressed;
	enum role role;     /* of the key; ROLE_PUBLIC without one */
	struct key_who who; /* the key; id 0: none was needed, or none was right */
	struct audit audit; /* in use when env->audit is it */
};

/* Ends a read: sends the answer, or turns rc into the problem.  `return call_answer(call, rc,
 * &a);` A negative answer whose body is a MISSING_ word becomes "<word>_not_found". */
enum rc call_answer(struct call *call, enum rc rc, const struct answer *answer);

/* A hole of the path; RC_INVALID with the problem set. */
enum rc call_address(struct call *call, int hole, const char *name, struct address *ret);
enum rc call_token(struct call *call, int hole, const char *name, struct u256 *ret);

/* The declared parameters; RC_INVALID with the problem set. */
#define call_query(call, params, n, ret)                                                       \
	query_read((call)->req, params, n, ret, &(call)->problem)

/* RC_MEDIA_TYPE with the problem set unless the body calls itself application/json. */
enum rc call_json_type(struct call *call);
/* The body as a JSON object with no members but these (ended by NULL), in the arena.
 * RC_MEDIA_TYPE, RC_INVALID with the problem set. */
enum rc call_body(struct call *call, const char *const *members, struct json_object **ret);

/* A page of `limit` rows of the list named by scope, after the cursor when one is given (its
 * fields go to ret->key).  RC_INVALID: a foreign cursor; RC_UNAVAILABLE: the secret is not
 * known. */
enum rc call_page(struct call *call, int64_t limit, const struct param_value *cursor,
		  struct str scope, size_t keys, struct page *ret);

/* RC_OK when the request's key may do what `role` may (call->role and call->who are set);
 * RC_UNAUTHENTICATED, RC_FORBIDDEN, RC_INVALID (two different keys), RC_LIMITED (too many wrong
 * ones) with the problem set; or the database's failure. */
enum rc call_allow(struct call *call, enum role role);

#endif
