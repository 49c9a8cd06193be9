/*
 * What administrators make invalid.
 *
 *	POST /api/admin/cache/clear   {"pattern": "such-market:*"}
 *	POST /api/cache/invalidate    {"keys": [], "pattern": "", "tags": [], "dependents":
 *false}
 *
 * What is named is invalid on this machine when the answer is sent; the answer says what was
 * not done yet and who does it.
 */
#include "model/purge.h"

#include "api/call.h"
#include "api/gate_audit.h"
#include "api/job.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/redis_tier.h"
#include "cache/tag.h"
#include "model/pattern.h"

#define NAMES_MAX 500 /* keys, and tags, of one request */

static const char *const method_names[] = {
	[PATTERN_ALL] = "epoch",
	[PATTERN_KEY] = "tags",
	[PATTERN_TAGS] = "tags",
	[PATTERN_GLOB] = "scan",
};

/* What one request names. */
struct purge_call {
	struct call *call;
	struct pattern pattern; /* its tags are in tag[] as well */
	bool has_pattern;
	struct str *tag; /* all that become invalid */
	size_t tags;
	struct str *key; /* of those that are removed from Redis by name */
	size_t keys;
	uint64_t removed;
	struct purged done;
};

static void purge_begin(struct call *call, struct purge_call *ret)
{
	size_t most = 5 * NAMES_MAX + PATTERN_TAGS_MAX; /* with three dependents a tag */

	*ret = (struct purge_call){ .call = call };
	ret->tag = arena_alloc(call->env->arena, most * sizeof(*ret->tag));
	ret->key = arena_alloc(call->env->arena, (NAMES_MAX + 1) * sizeof(*ret->key));
}

/* --- reading ------------------------------------------------------------------------------ */

static enum rc bad(struct call *call, const char *code, struct str member, const char *why)
{
	return problem_parameter(&call->problem, code, member, str_of(why));
}

static enum rc read_pattern(struct purge_call *p, struct str member, struct str text,
			    struct pattern *ret)
{
	const char *code, *why;

	if (pattern_read(p->call->env->arena, cache_prefix(p->call->env->cache), text, ret,
			 &code, &why) != RC_OK)
		return bad(p->call, code, member, why);
	for (size_t i = 0; i < ret->tags; i++)
		p->tag[p->tags++] = ret->tag[i];
	if (ret->kind == PATTERN_KEY)
		p->key[p->keys++] = ret->rest;
	return RC_OK;
}

static enum rc take_pattern(struct purge_call *p, const struct json_object *body)
{
	struct json_object *node = jsonin_get(body, "pattern");

	if (!node)
		return RC_OK;
	if (jsonin_type(node) != JSONIN_STRING)
		return bad(p->call, "invalid_body", STR("pattern"), "must be a string");
	p->has_pattern = true;
	return read_pattern(p, STR("pattern"), jsonin_str(node), &p->pattern);
}

/* Texts of an array member, each through `take`. */
static enum rc take_each(struct purge_call *p, const struct json_object *body, const char *name,
			 enum rc (*take)(struct purge_call *, struct str member, struct str))
{
	struct json_object *node = jsonin_get(body, name);
	struct arena *arena = p->call->env->arena;

	if (node && jsonin_type(node) != JSONIN_ARRAY)
		return bad(p->call, "invalid_body", str_of(name), "must be an array");
	if (jsonin_count(node) > NAMES_MAX)
		return bad(p->call, "invalid_body", str_of(name), "has more than 500 elements");
	for (size_t i = 0; i < jsonin_count(node); i++) {
		struct str member = arena_printf(arena, "%s[%zu]", name, i);
		struct str text = jsonin_str(jsonin_at(node, i));

		if (!text.ptr)
			return bad(p->call, "invalid_body", member, "must be a string");
		if (take(p, member, text) != RC_OK)
			return p->call->problem.rc;
	}
	return RC_OK;
}

static enum rc take_key(struct purge_call *p, struct str member, struct str text)
{
	struct pattern key;
	enum rc rc = read_pattern(p, member, text, &key);

	if (rc == RC_OK && key.kind != PATTERN_KEY)
		return bad(p->call, "invalid_key", member, "is a pattern: write it as pattern");
	return rc;
}

static enum rc take_tag(struct purge_call *p, struct str member, struct str text)
{
	if (!tag_sound(text) || tag_glob(text).ptr)
		return bad(p->call, "invalid_tag", member,
			   "is no tag: c:0x…, n:0x…, m:0x…, r:0x…, h:0x…, b:0x…, "
			   "t:0x…:<tokenId>, o:0x…, u:<fid>, list, k, o:*, u:*, c:*");
	p->tag[p->tags++] = text;
	return RC_OK;
}

/*
 * Answers carry the tags of all they joined, so whatever depends on a tag is invalid with it.
 * What depends on the thing itself, and may not show it, is more: of a collection or a token
 * everything of the collection, of a user or wallet the lists they may be on.
 */
static void add_dependents(struct purge_call *p)
{
	struct arena *arena = p->call->env->arena;
	size_t n = p->tags;

	for (size_t i = 0; i < n; i++) {
		struct str rest = p->tag[i], kind = str_cut(&rest, ':');
		struct str address = rest.ptr ? str_cut(&rest, ':') : STR_NONE;

		if (kind.len != 1 || !strchr("cnmrht", kind.ptr[0]) || address.len <= 1)
			continue;
		p->tag[p->tags++] = arena_printf(arena, "b:" STR_FMT, STR_ARG(address));
		p->tag[p->tags++] = arena_printf(arena, "c:" STR_FMT, STR_ARG(address));
		p->tag[p->tags++] = STR("list");
	}
}

static enum rc take_dependents(struct purge_call *p, const struct json_object *body)
{
	struct json_object *node = jsonin_get(body, "dependents");
	bool wanted = false;

	if (node && !jsonin_bool(node, &wanted))
		return bad(p->call, "invalid_body", STR("dependents"), "must be true or false");
	if (wanted)
		add_dependents(p);
	return RC_OK;
}

/* --- doing -------------------------------------------------------------------------------- */

/* Doubles are dropped: a request may say everything twice. */
static void compact(struct purge_call *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->tags; i++) {
		size_t k = 0;

		while (k < n && !str_eq(p->tag[k], p->tag[i]))
			k++;
		if (k == n)
			p->tag[n++] = p->tag[i];
	}
	p->tags = n;
}

static bool is_all(const struct purge_call *p)
{
	return p->has_pattern && p->pattern.kind == PATTERN_ALL;
}

static bool is_glob(const struct purge_call *p)
{
	return p->has_pattern && p->pattern.kind == PATTERN_GLOB;
}

/* Of what is done: a job goes on with a glob where there is Redis. */
static int status_of(const struct purge_call *p)
{
	return is_glob(p) && cache_redis(p->call->env->cache) ? 202 : 200;
}

/* In one transaction, with its row of the audit log: all of it, or nothing. */
static enum rc purge_it(struct purge_call *p)
{
	struct env *env = p->call->env;
	struct str glob = is_glob(p) ? p->pattern.rest : STR_NONE;
	enum rc rc;

	compact(p);
	if (p->tags > PURGE_TAGS_MAX)
		return bad(p->call, "invalid_body", STR("tags"), "are more than 1000 in all");
	metric_add(COUNTER_purge_keys, p->keys);
	p->call->audit.status = status_of(p);
	rc = is_all(p) ? purge_all(env, &p->done)
		       : purge_some(env, p->tag, p->tags, glob, &p->done);
	if (rc == RC_OK && !redis_tier_remove(cache_redis(env->cache), env->arena, p->key,
					      p->keys, &p->removed))
		p->done.told = false;
	return rc;
}

/* --- answering ---------------------------------------------------------------------------- */

static const char *redis_word(const struct purge_call *p)
{
	if (!cache_redis(p->call->env->cache))
		return "off";
	return p->done.told ? "told" : "unreachable";
}

/* What is left to do, for people. */
static const char *pending_text(const struct purge_call *p)
{
	if (p->done.job && !p->done.told)
		return "invalid in this machine's memory within a poll of its relay, in the "
		       "others' likewise; Redis was not reached: the job waits for it, and "
		       "removes the copies there";
	if (p->done.job)
		return "invalid in this machine's memory within a poll of its relay, in the "
		       "others' likewise; the job removes the copies in Redis";
	if (!p->done.told)
		return "invalid on this machine; Redis was not reached: the event queue tells "
		       "the other machines within a poll, and copies left in Redis are refused "
		       "by their labels";
	return "invalid on this machine; the event queue tells the others within a poll";
}

static void render_number(struct json *j, const char *name, int64_t n)
{
	if (n)
		json_int(j, name, n);
	else
		json_null(j, name);
}

static void render(const struct purge_call *p, struct str url, struct json *j)
{
	json_object(j, NULL);
	json_bool(j, "success", true);
	json_strz(j, "method", method_names[p->has_pattern ? p->pattern.kind : PATTERN_TAGS]);
	if (p->keys && p->done.told && !is_glob(p) && !is_all(p))
		json_int(j, "cleared", (int64_t)p->removed);
	else
		json_null(j, "cleared");
	render_number(j, "jobId", p->done.job);
	json_str(j, "statusUrl", url);
	render_number(j, "eventId", p->done.event);
	json_int(j, "tags", (int64_t)p->tags);
	json_strz(j, "redis", redis_word(p));
	json_strz(j, "detail", pending_text(p));
	json_end(j);
}

static enum rc answer(struct purge_call *p, enum rc rc)
{
	struct call *call = p->call;
	struct str url = STR_NONE;
	struct buf body;
	struct json j;

	if (p->done.unknown)
		return gate_audit_unknown(call,
					  STR("Nobody knows whether this was done: send it "
					      "again, it does no harm twice"));
	if (rc != RC_OK)
		return call->problem.rc == RC_INVALID ? rc : call_answer(call, rc, NULL);
	if (p->done.job) {
		url = call_job_url(call->env->arena, p->done.job);
		response_header(call->res, "Location", url);
	}
	buf_init(&body, call->env->arena, BUF_NO_MAX);
	json_init(&j, &body);
	render(p, url, &j);
	response_plain(call->res, call->req, status_of(p), "application/json", buf_str(&body));
	return RC_OK;
}

enum rc cache_clear(struct call *call)
{
	static const char *const members[] = { "pattern", NULL };
	struct json_object *body;
	struct purge_call p;

	purge_begin(call, &p);
	if (call_body(call, members, &body) != RC_OK || take_pattern(&p, body) != RC_OK)
		return call->problem.rc;
	if (!p.has_pattern)
		return bad(call, "invalid_body", STR("pattern"), "is missing");
	return answer(&p, purge_it(&p));
}

enum rc cache_invalidate(struct call *call)
{
	static const char *const members[] = { "keys", "pattern", "tags", "dependents", NULL };
	struct json_object *body;
	struct purge_call p;

	purge_begin(call, &p);
	if (call_body(call, members, &body) != RC_OK ||
	    take_each(&p, body, "keys", take_key) != RC_OK ||
	    take_each(&p, body, "tags", take_tag) != RC_OK ||
	    take_dependents(&p, body) != RC_OK || take_pattern(&p, body) != RC_OK)
		return call->problem.rc;
	if (!p.tags && !p.has_pattern)
		return bad(call, "invalid_body", STR("keys"),
			   "pattern or tags must name something");
	return answer(&p, purge_it(&p));
}
