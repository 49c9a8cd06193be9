#include "api/gate.h"

#include "api/call.h"
#include "api/gate_audit.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/secret.h"
#include "base/tally.h"
#include "net/pg.h"

/* A key in an address ends up in logs and histories: it is refused, so that nobody gets used to
 * it.  However it is written: decoded once, name or value; a path is decoded already. */
static bool has_key(struct arena *arena, struct str query)
{
	if (query.len < SECRET_KEY_LEN)
		return false;
	if (secret_has_key(query))
		return true;
	while (query.ptr && memchr(query.ptr, '%', query.len)) {
		struct str part = str_cut(&query, '&'), plain;

		if (percent_decode(arena, part, true, &plain) && secret_has_key(plain))
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

/* What pages of other origins may read: the public data, not the machine's own affairs. */
static bool is_public_data(const struct route *route)
{
	return route && route->role == ROLE_PUBLIC && route->tier != TIER_NONE;
}

static bool is_public_read(struct str path)
{
	struct route_match match;

	route_find(routes_tree(), METHOD_GET, path, &match);
	return is_public_data(match.route);
}

static enum role role_needed(const struct gate *gate, const struct route *route)
{
	return is_public_data(route) && http_reads_private(gate->http) ? ROLE_VIEWER
								       : route->role;
}

static enum rc run(struct gate *gate, struct call *call, const struct route_match *match)
{
	if (!match->route)
		return refuse_route(call, match);
	memcpy(call->hole, match->hole, sizeof(call->hole));
	if (secret_has_key(call->req->path) || has_key(call->env->arena, call->req->query))
		return problem_set(&call->problem, RC_INVALID, "key_in_query",
				   STR("Keys go into the Authorization or X-API-Key header"));
	enum role role = role_needed(gate, match->route);
	if (role > ROLE_PUBLIC) {
		enum rc rc = call_allow(call, role);
		if (rc != RC_OK)
			return rc;
	}
	if (call->env->audit)
		call->env->audit->who = call->who;
	return match->route->handler(call);
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
static void count_collection(const struct call *call)
{
	const struct str of_collection = STR("/api/collection/{address}");

	if (call->addressed && call->route->method == METHOD_GET &&
	    str_starts(str_of(call->route->path), of_collection))
		tally_collection(&call->address);
}

/* Before the answer is sent: see base/tally.h. */
static void count(const struct call *call)
{
	static const enum counter by_class[] = { COUNTER_answers_5xx, COUNTER_answers_5xx,
						 COUNTER_answers_2xx, COUNTER_answers_3xx,
						 COUNTER_answers_4xx, COUNTER_answers_5xx };
	struct response *res = call->res;

	res->made_ns = clock_mono_ns();
	metric_add(COUNTER_requests, 1);
	metric_add(by_class[res->status / 100 % 6], 1);
	tally_request(call->route ? (size_t)(call->route - routes) : TALLY_OTHER, res->status,
		      res->made_ns - call->req->started_ns);
	if (res->status < 400)
		count_collection(call);
}

/* The whole of a call that could be read. */
static void serve(struct gate *gate, struct call *call, const struct route_match *match)
{
	call->route = match->route;
	if (match->route && match->route->method != METHOD_GET)
		gate_audit_begin(call);
	if (run(gate, call, match) != RC_OK)
		fail(gate, call->req, &call->problem, call->res);
	gate_audit_end(call);
}

void gate_serve(struct gate *gate, struct request *req, const struct problem *bad,
		struct response *res)
{
	struct call call = { .env = gate->env,
			     .http = gate->http,
			     .options = gate->options,
			     .req = req,
			     .res = res };
	struct route_match match = { 0 };

	log_request_id(str_of(req->id));
	if (!bad)
		route_find(routes_tree(), req->method, req->path, &match);
	if (bad)
		fail(gate, req, bad, res);
	else if (req->method == METHOD_OPTIONS && match.path_known)
		response_options(res, req, gate->http, match.allow, is_public_read(req->path));
	else
		serve(gate, &call, &match);
	count(&call);
	log_request_id(STR_NONE);
}
