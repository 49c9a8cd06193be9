#include "app/access.h"

#include <stddef.h>
#include "base/log.h"
#include "base/stages.h"
#include "http/request.h"
#include "http/response.h"

#define NS_PER_MS INT64_C(1000000)

const struct conf_key access_keys[] = {
	{ "log_requests", CONF_INT, offsetof(struct access_options, every), "0", .min = 0,
	  .max = 1000000000, .reload = true,
	  .help = "one request in so many is logged; 0: none but those that fail" },
	{ "log_slow_requests", CONF_MSEC, offsetof(struct access_options, slow_ms), "1s",
	  .min = 0, .max = 600000, .reload = true,
	  .help = "slower requests are logged with where their time went; 0: none" },
	{ 0 }
};

void access_init(struct access *access, const struct access_options *options)
{
	access->every = access->until = options->every ? options->every : INT64_MAX;
	access->slow_ns = options->slow_ms ? options->slow_ms * NS_PER_MS : INT64_MAX;
}

static double ms(int64_t ns)
{
	return (double)ns / (double)NS_PER_MS;
}

/* Never the query: it is anybody's. */
static void tell(const struct request *req, const struct response *res, int64_t ns)
{
	log_info("request", LOG_STR("method", req->method_text), LOG_STR("path", req->path),
		 LOG_INT("status", res->status), LOG_INT("bytes", (int64_t)res->body.len),
		 LOG_STR("client", req->remote_addr), LOG_REAL("milliseconds", ms(ns)));
}

#define STAGE(name) LOG_REAL(#name "_ms", ms(stages_ns(STAGE_##name)))

/* What no stage has measured was the gate's. */
static void tell_slow(const struct request *req, const struct response *res, int64_t ns)
{
	int64_t rest_ns = ns;

	for (int i = 0; i < STAGE_COUNT; i++)
		rest_ns -= stages_ns((enum stage)i);
	stages_add(STAGE_gate, rest_ns);
	log_warn("slow request", LOG_STR("method", req->method_text),
		 LOG_STR("path", req->path), LOG_INT("status", res->status),
		 LOG_INT("bytes", (int64_t)res->body.len), LOG_STR("client", req->remote_addr),
		 LOG_REAL("milliseconds", ms(ns)), STAGE(read), STAGE(gate), STAGE(cache),
		 STAGE(database), STAGE(render), STAGE(write));
}

void access_tell(struct access *access, const struct request *req, const struct response *res,
		 int64_t ns)
{
	bool due = --access->until <= 0;

	if (due)
		access->until = access->every;
	if (!due && ns < access->slow_ns)
		return;
	log_request_id(str_of(req->id));
	if (ns >= access->slow_ns)
		tell_slow(req, res, ns);
	else if (res->status < 500)
		tell(req, res, ns);
	log_request_id(STR_NONE);
}
