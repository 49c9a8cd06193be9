#include "api/gate.h"

#include "api/call.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/tally.h"
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

static enum rc run(struct call *call, const struct route_match *match)
{
	enum rc rc;

	if (!match->route)
		return refuse_route(call, match);
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

	route_find(routes, route_count, METHOD_GET, path, &match);
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

/* The collection that was read, for the list of those that are read most. */
static void count_collection(const struct route_match *match)
{
	const struct str of_collection = STR("/api/collection/{address}");
	struct address address;

	if (match->route->method == METHOD_GET &&
	    str_starts(str_of(match->route->path), of_collection) &&
	    address_read(match->hole[0], &address) == RC_OK)
		tally_collection(&address);
}

/* Before the answer is sent: see base/tally.h. */
static void count(const struct request *req, const struct route_match *match,
		  const struct response *res)
{
	static const enum counter by_class[] = { COUNTER_answers_5xx, COUNTER_answers_5xx,
						 COUNTER_answers_2xx, COUNTER_answers_3xx,
						 COUNTER_answers_4xx, COUNTER_answers_5xx };

	metric_add(COUNTER_requests, 1);
	metric_add(by_class[res->status / 100 % 6], 1);
	tally_request(match->route ? (size_t)(match->route - routes) : TALLY_OTHER, res->status,
		      clock_mono_ns() - req->started_ns);
	if (match->route && res->status < 400)
		count_collection(match);
}

void gate_serve(struct gate *gate, struct request *req, const struct problem *bad,
		struct response *res)
{
	struct call call = { .env = gate->env, .http = gate->http, .req = req, .res = res };
	struct route_match match = { 0 };

	if (bad) {
		fail(gate, req, bad, res);
		count(req, &match, res);
		return;
	}
	route_find(routes, route_count, req->method, req->path, &match);
	if (req->method == METHOD_OPTIONS && match.path_known)
		response_options(res, req, gate->http, match.allow, is_public_read(req->path));
	else if (run(&call, &match) != RC_OK)
		fail(gate, req, &call.problem, res);
	count(req, &match, res);
}
