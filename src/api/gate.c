#include "api/gate.h"

#include "api/call.h"
#include "api/routes.h"
#include "base/board.h"
#include "base/log.h"
#include "base/metric.h"
#include "model/key.h"
#include "net/pg.h"

#define KEY_LENGTH (KEY_TEXT - 1)

/* A key in an address ends up in logs and histories: it is refused, so that nobody gets used to
 * it. */
static bool has_key(struct str query)
{
	while (query.ptr) {
		struct str value = str_cut(&query, '&');

		str_cut(&value, '=');
		if (value.len == KEY_LENGTH && key_looks_right(value))
			return true;
	}
	return false;
}

static enum rc refuse_route(struct call *call, const struct route_match *match)
{
	if (!match->path_known)
		return problem_set(&call->problem, RC_NOT_FOUND, "route_not_found",
				   STR("There is nothing at this address"));
	call->problem.allow = match->allow;
	return problem_set(&call->problem, RC_METHOD, NULL, str_of(rc_text(RC_METHOD)));
}

static void count_route(const struct gate *gate, const struct route *route)
{
	size_t i = (size_t)(route - routes);

	if (gate->slot && i < BOARD_ROUTES)
		gate->slot->route_requests[i]++;
}

static enum rc run(struct gate *gate, struct call *call, const struct route_match *match)
{
	enum rc rc;

	if (!match->route)
		return refuse_route(call, match);
	count_route(gate, match->route);
	if (has_key(call->req->query))
		return problem_set(&call->problem, RC_INVALID, "key_in_query",
				   STR("Keys go into the Authorization or X-API-Key header"));
	call->route = match->route;
	memcpy(call->hole, match->hole, sizeof(call->hole));
	if (match->route->role > ROLE_PUBLIC) {
		rc = call_allow(call, match->route->role);
		if (rc != RC_OK)
			return rc;
	}
	return match->route->handler(call);
}

/* What pages of other origins may read: the public data, not the machine's own affairs. */
static bool is_public_read(struct str path)
{
	struct route_match match;

	route_find(routes_tree(), METHOD_GET, path, &match);
	return match.route && match.route->role == ROLE_PUBLIC &&
	       match.route->tier != TIER_NONE;
}

/* The one line about a request that failed; what clients do wrong is nobody's alarm. */
static void tell(const struct gate *gate, const struct request *req,
		 const struct problem *problem)
{
	int status = problem_status(problem->rc);
	enum log_level level = problem->rc == RC_INTERNAL ? LOG_LEVEL_ERROR
			       : status >= 500            ? LOG_LEVEL_WARN
							  : LOG_LEVEL_DEBUG;

	if (!log_wanted(level))
		return;
	log_event(level, "request failed",
		  LOG_FIELDS_(
			  LOG_STR("request", str_of(req->id)),
			  LOG_STR("method", req->method_text), LOG_STR("path", req->path),
			  LOG_INT("status", status),
			  LOG_STR("code",
				  str_of(problem->code ? problem->code : rc_code(problem->rc))),
			  LOG_STR("database",
				  status >= 500 ? str_of(pg_error(gate->env->pg)) : STR_NONE)));
}

static void fail(struct gate *gate, const struct request *req, const struct problem *problem,
		 struct response *res)
{
	if (is_public_read(req->path))
		response_cors(res, gate->http);
	response_problem(res, req, problem);
	tell(gate, req, problem);
}

/* The time is taken by the FastCGI loop, which sees the last byte leave. */
static void count(const struct response *res)
{
	static const enum counter by_class[] = { COUNTER_answers_5xx, COUNTER_answers_5xx,
						 COUNTER_answers_2xx, COUNTER_answers_3xx,
						 COUNTER_answers_4xx, COUNTER_answers_5xx };

	metric_add(COUNTER_requests, 1);
	metric_add(by_class[res->status / 100 % 6], 1);
}

void gate_serve(struct gate *gate, struct request *req, const struct problem *bad,
		struct response *res)
{
	struct call call = { .env = gate->env, .http = gate->http, .req = req, .res = res };
	struct route_match match = { 0 };

	if (bad) {
		fail(gate, req, bad, res);
		count(res);
		return;
	}
	route_find(routes_tree(), req->method, req->path, &match);
	if (req->method == METHOD_OPTIONS && match.path_known)
		response_options(res, req, gate->http, match.allow, is_public_read(req->path));
	else if (run(gate, &call, &match) != RC_OK)
		fail(gate, req, &call.problem, res);
	count(res);
}
