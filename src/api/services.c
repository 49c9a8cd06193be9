/* GET /api/services/status: every process of every machine, its dependencies and alerts. */
#include "api/call.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "model/analytics.h"
#include "model/status.h"

#define BODY_MAX   ((size_t)4 << 20)
#define TEXT_DEPTH 8

/* What another machine said of itself, with what is thought of it here. */
static void add_foreign(struct json *j, struct arena *arena,
			const struct analytics_machine *machine)
{
	static const char *const members[] = { "processes", "dependencies", "alerts" };
	struct json_object *said;
	const char *why;

	if (jsonin_parse(arena, machine->text, TEXT_DEPTH, &said, &why) != RC_OK ||
	    !jsonin_str(jsonin_get(said, "machine")).ptr)
		return;
	json_object(j, NULL);
	json_str(j, "machine", jsonin_str(jsonin_get(said, "machine")));
	json_str(j, "at", jsonin_str(jsonin_get(said, "at")));
	json_strz(j, "status", status_is_heard(machine->age_ms) ? "ok" : "silent");
	for (size_t i = 0; i < COUNT_OF(members); i++)
		json_raw(j, members[i], jsonin_text(jsonin_get(said, members[i])));
	json_end(j);
}

static void add_own(struct json *j, const struct env *env, int64_t now_us)
{
	const struct status status = { env->machine,    env->board, env->role_names,
				       env->role_count, now_us,     clock_mono_ns() };

	json_object(j, NULL);
	json_strz(j, "machine", env->machine);
	json_time(j, "at", now_us);
	json_strz(j, "status", "ok");
	status_processes(j, "processes", &status);
	status_dependencies(j, "dependencies", &status);
	status_alerts(j, "alerts", &status);
	json_end(j);
}

enum rc services_status(struct call *call)
{
	struct env *env = call->env;
	const struct analytics *a = env->analytics;
	struct analytics_machine *others = NULL;
	size_t n = 0;
	struct buf body;
	struct json j;

	bool complete = a && a->redis && redis_configured(a->redis) &&
			analytics_machines(a, env->arena, env->machine, &others, &n) == RC_OK;
	int64_t now_us = clock_wall_us(); /* what was written while Redis was asked is there */
	buf_init(&body, env->arena, BODY_MAX);
	json_init(&j, &body);
	json_object(&j, NULL);
	json_time(&j, "timestamp", now_us);
	json_bool(&j, "complete", complete);
	json_array(&j, "machines");
	if (env->board)
		add_own(&j, env, now_us);
	for (size_t i = 0; complete && i < n; i++)
		add_foreign(&j, env->arena, &others[i]);
	json_end(&j);
	json_end(&j);
	if (buf_failed(&body))
		return call_answer(call, RC_INTERNAL, NULL);
	response_plain(call->res, call->req, 200, "application/json", buf_str(&body));
	return RC_OK;
}
