#include <stddef.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "http/accept.h"
#include "http/cond.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"

#define HEAD_MAX      16384
#define HEAD_USUAL    1024
#define RETRY_AFTER_S 2 /* of a 503 that knows no better */

const struct conf_key http_keys[] = {
	{ "max_age_hot", CONF_INT, offsetof(struct http_options, max_age_s[TIER_HOT]), "0",
	  .min = 0, .max = 86400, .reload = true,
	  .help = "how long clients may keep hot answers without asking [seconds]" },
	{ "max_age_warm", CONF_INT, offsetof(struct http_options, max_age_s[TIER_WARM]), "0",
	  .min = 0, .max = 86400, .reload = true,
	  .help = "how long clients may keep warm answers without asking [seconds]" },
	{ "max_age_cold", CONF_INT, offsetof(struct http_options, max_age_s[TIER_COLD]), "0",
	  .min = 0, .max = 86400, .reload = true,
	  .help = "how long clients may keep cold answers without asking [seconds]" },
	{ "cors_origin", CONF_TEXT, offsetof(struct http_options, cors_origin), "*",
	  .reload = true,
	  .help = "who may read public answers from a page of another origin: *, one origin, "
		  "or empty" },
	{ "public_reads", CONF_CHOICE, offsetof(struct http_options, public_reads), "open",
	  .choices = "open|viewer", .reload = true,
	  .help = "who may ask the public reads: everybody, or keys from viewer up" },
	{ 0 }
};

static const char *const cache_status[] = {
	[SOURCE_DATABASE] = "such-market; fwd=miss; detail=database",
	[SOURCE_REPLICA] = "such-market; fwd=miss; detail=replica",
	[SOURCE_BYPASS] = "such-market; fwd=bypass; detail=database",
	[SOURCE_REDIS] = "such-market; hit; detail=redis",
	[SOURCE_STORED] = "such-market; hit; detail=stored",
	[SOURCE_MEMORY] = "such-market; hit; detail=memory",
	[SOURCE_UPSTREAM] = "such-market; fwd=miss; detail=upstream",
	[SOURCE_STALE] = "such-market; hit; detail=stale",
};

void response_init(struct response *res, struct arena *arena)
{
	*res = (struct response){ .arena = arena, .status = 500 };
	buf_init(&res->head, arena, HEAD_MAX);
	buf_room(&res->head, HEAD_USUAL);
}

static bool is_header_text(struct str value)
{
	if (utf8_plain(value))
		return true;
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7f)
			return false;
	return true;
}

static void add(struct response *res, struct str name, struct str value)
{
	buf_adds(&res->head, name);
	buf_add(&res->head, ": ", 2);
	buf_adds(&res->head, value);
	buf_add(&res->head, "\r\n", 2);
}

void response_header(struct response *res, const char *name, struct str value)
{
	if (value.ptr && is_header_text(value))
		add(res, str_of(name), value);
}

static void add_number(struct response *res, struct str name, uint64_t n)
{
	buf_adds(&res->head, name);
	buf_add(&res->head, ": ", 2);
	buf_add_u64(&res->head, n);
	buf_add(&res->head, "\r\n", 2);
}

/* What every answer carries. */
static void begin(struct response *res, const struct request *req, int status)
{
	res->status = status;
	buf_adds(&res->head, STR("X-Content-Type-Options: nosniff\r\n"));
	add(res, STR("X-Request-Id"), str_of(req->id));
}

static void add_body(struct response *res, const struct request *req, const char *content_type,
		     struct str body)
{
	res->body = body;
	res->bodyless = req->method == METHOD_HEAD;
	add(res, STR("Content-Type"), str_of(content_type));
	add_number(res, STR("Content-Length"), body.len);
}

void response_cors(struct response *res, const struct http_options *options)
{
	struct str origin = str_of(options->cors_origin);

	if (origin.len == 0)
		return;
	response_header(res, "Access-Control-Allow-Origin", origin);
	buf_adds(&res->head, STR("Access-Control-Expose-Headers: ETag, Cache-Status, "
				 "X-Request-Id, Retry-After, Link, Deprecation\r\n"));
}

static void add_cache_control(struct response *res, bool private, int64_t max_age_s)
{
	buf_adds(&res->head, private ? STR("Cache-Control: private, max-age=")
				     : STR("Cache-Control: public, max-age="));
	buf_add_u64(&res->head, max_age_s > 0 ? (uint64_t)max_age_s : 0);
	buf_adds(&res->head, STR(", must-revalidate\r\n"));
}

static void add_validators(struct response *res, const struct http_options *options,
			   const struct answer *answer)
{
	bool private = http_reads_private(options);

	if (answer->tier == TIER_NONE) {
		add(res, STR("Cache-Control"), STR("no-store"));
		return;
	}
	response_header(res, "ETag", str_of(answer->etag));
	add_cache_control(res, private, options->max_age_s[answer->tier]);
	add(res, STR("Cache-Status"), str_of(cache_status[answer->source]));
	buf_adds(&res->head,
		 private ? STR("Vary: Accept-Encoding, Authorization, X-API-Key\r\n")
			 : STR("Vary: Accept-Encoding\r\n"));
	if (answer->modified_us) {
		char date[CLOCK_HTTP_MAX];

		add(res, STR("Last-Modified"),
		    (struct str){ date, clock_http_date(answer->modified_us, date) });
	}
}

static bool is_unchanged(const struct request *req, const struct answer *answer)
{
	return answer->tier != TIER_NONE &&
	       (req->method == METHOD_GET || req->method == METHOD_HEAD) &&
	       req->if_none_match.ptr &&
	       cond_none_match(req->if_none_match, str_of(answer->etag));
}

static bool refuse(struct response *res, const struct request *req, const char *content_type)
{
	struct problem problem = { .rc = RC_NOT_ACCEPTABLE };

	if (!req->accept.ptr || accept_allows(req->accept, str_of(content_type)))
		return false;
	problem.detail =
		arena_printf(res->arena, "This answer is only available as %s", content_type);
	response_problem(res, req, &problem);
	return true;
}

void response_answer(struct response *res, const struct request *req,
		     const struct http_options *options, const struct answer *answer)
{
	if (refuse(res, req, answer->content_type))
		return;
	if (is_unchanged(req, answer)) {
		begin(res, req, 304);
		res->bodyless = true;
	} else {
		begin(res, req, 200);
		add_body(res, req, answer->content_type, buf_str(&answer->body));
		if (answer->gzip) /* the front unpacks it for who cannot */
			add(res, STR("Content-Encoding"), STR("gzip"));
	}
	add_validators(res, options, answer);
	response_cors(res, options);
}

void response_plain(struct response *res, const struct request *req, int status,
		    const char *content_type, struct str body)
{
	if (refuse(res, req, content_type))
		return;
	begin(res, req, status);
	add(res, STR("Cache-Control"), STR("no-store"));
	add_body(res, req, content_type, body);
}

void response_problem(struct response *res, const struct request *req,
		      const struct problem *problem)
{
	int status = problem_status(problem->rc);
	int64_t retry_after_s = problem->retry_after_s;
	struct buf body;

	begin(res, req, status);
	add(res, STR("Cache-Control"), STR("no-store"));
	if (status == 503 && retry_after_s <= 0)
		retry_after_s = RETRY_AFTER_S;
	if (retry_after_s > 0)
		add_number(res, STR("Retry-After"), (uint64_t)retry_after_s);
	if (status == 401)
		add(res, STR("WWW-Authenticate"), STR("Bearer"));
	if (problem->allow)
		add(res, STR("Allow"), str_of(problem->allow));
	buf_init(&body, res->arena, BUF_NO_MAX);
	problem_write(problem, req->id, &body);
	add_body(res, req, "application/problem+json", buf_str(&body));
}

void response_options(struct response *res, const struct request *req,
		      const struct http_options *options, const char *allow, bool public_read)
{
	begin(res, req, 204);
	res->bodyless = true;
	add(res, STR("Allow"), str_of(allow));
	if (!public_read || str_of(options->cors_origin).len == 0)
		return;
	response_cors(res, options);
	add(res, STR("Access-Control-Allow-Methods"), str_of(allow));
	add(res, STR("Access-Control-Allow-Headers"),
	    STR("Accept, Authorization, Content-Type, If-None-Match, X-API-Key, X-Request-Id"));
	add(res, STR("Access-Control-Max-Age"), STR("86400"));
}
