#include "base/arena.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "http/cursor.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/request.h"

#define TEXT_MAX 200 /* characters of a PARAM_TEXT that names no other bound */

/* What reading one parameter needs; reader functions return NULL or what is wrong with the
 * text. */
struct reading {
	struct arena *arena;
	const struct param *param;
	struct str text; /* decoded */
	struct param_value *value;
};

static const char *read_int(struct reading *r)
{
	int64_t max = r->param->max || r->param->min ? r->param->max : INT64_MAX;
	bool negative = r->text.len && r->text.ptr[0] == '-';
	uint64_t n;

	if (str_u64(str_from(r->text, negative), INT64_MAX, &n)) {
		int64_t num = negative ? -(int64_t)n : (int64_t)n;

		if (num >= r->param->min && num <= max) {
			r->value->num = num;
			return NULL;
		}
	}
	return arena_printf(r->arena, "must be a whole number from %lld to %lld",
			    (long long)r->param->min, (long long)max)
		.ptr;
}

static const char *read_choice(struct reading *r)
{
	struct str rest = str_of(r->param->choices);

	for (int64_t i = 0; rest.len; i++) {
		if (!str_eq(str_cut(&rest, '|'), r->text))
			continue;
		r->value->num = i;
		return NULL;
	}
	return arena_printf(r->arena, "must be one of %s", r->param->choices).ptr;
}

static const char *read_bool(struct reading *r)
{
	bool yes = str_eqz(r->text, "true") || str_eqz(r->text, "1");

	r->value->num = yes;
	return yes || str_eqz(r->text, "false") || str_eqz(r->text, "0")
		       ? NULL
		       : "must be true or false";
}

static const char *read_address(struct reading *r)
{
	return address_read(r->text, &r->value->address) == RC_OK
		       ? NULL
		       : "must be 0x and 40 hexadecimal digits";
}

static const char *read_token(struct reading *r)
{
	return u256_read(r->text, &r->value->token) == RC_OK
		       ? NULL
		       : "must be a number from 0 to 2^256-1, decimal or 0x hexadecimal";
}

static const char *read_text(struct reading *r)
{
	size_t max = r->param->max ? (size_t)r->param->max : TEXT_MAX;

	r->value->text = str_trim(r->text);
	r->value->given = r->value->text.len > 0;
	if (utf8_count(r->value->text) <= max)
		return NULL;
	return arena_printf(r->arena, "must be at most %zu characters", max).ptr;
}

static const char *read_cursor(struct reading *r)
{
	r->value->text = r->text;
	r->value->given = r->text.len > 0;
	return r->text.len <= CURSOR_TEXT_MAX ? NULL : "is not a cursor of this listing";
}

static const struct {
	const char *(*read)(struct reading *r);
	const char *code; /* NULL: invalid_parameter */
} readers[] = {
	[PARAM_INT] = { read_int, NULL },
	[PARAM_CHOICE] = { read_choice, NULL },
	[PARAM_BOOL] = { read_bool, NULL },
	[PARAM_ADDRESS] = { read_address, "invalid_address" },
	[PARAM_TOKEN] = { read_token, "invalid_token_id" },
	[PARAM_TEXT] = { read_text, NULL },
	[PARAM_CURSOR] = { read_cursor, "invalid_cursor" },
};

static bool trait_known(const struct param_value *v, struct str type, struct str text)
{
	for (size_t i = 0; i < v->trait_count; i++)
		if (str_eq(v->traits[i].type, type) && str_eq(v->traits[i].value, text))
			return true;
	return false;
}

/* in: what stands between the brackets. */
static const char *add_trait(struct reading *r, struct str type)
{
	struct param_value *v = r->value;

	if (type.len == 0)
		return "must be written attributes[Type]=Value";
	v->given = true;
	if (trait_known(v, type, r->text))
		return NULL;
	if (v->trait_count == QUERY_TRAITS_MAX)
		return "at most 64 attribute filters";
	if (!v->traits)
		v->traits = arena_alloc(r->arena, QUERY_TRAITS_MAX * sizeof(*v->traits));
	v->traits[v->trait_count++] = (struct trait_filter){ type, r->text };
	return NULL;
}

/* "attributes[Hat]" names the parameter "attributes"; *ret_type is "Hat". */
static bool is_named(const struct param *p, struct str name, struct str *ret_type)
{
	struct str own = str_of(p->name);

	*ret_type = STR_NONE;
	if (p->kind != PARAM_TRAITS || name.len == own.len)
		return str_eq(name, own);
	if (!str_starts(name, own) || name.ptr[own.len] != '[')
		return false;
	if (name.ptr[name.len - 1] == ']')
		*ret_type = (struct str){ name.ptr + own.len + 1, name.len - own.len - 2 };
	return true;
}

static void read_one(struct reading *r, struct str type, struct problem *problem)
{
	enum param_kind kind = r->param->kind;
	bool again = r->value->given;
	const char *code = NULL, *wrong;

	if (kind == PARAM_TRAITS) {
		wrong = add_trait(r, type);
	} else if (again) {
		wrong = "is given more than once";
		code = "repeated_parameter";
	} else {
		r->value->given = true;
		wrong = readers[kind].read(r);
		code = readers[kind].code;
	}
	if (wrong)
		problem_parameter(problem, code, str_of(r->param->name), str_of(wrong));
}

static const struct param *find(const struct param *params, size_t n, struct str name,
				struct str *ret_type)
{
	for (size_t i = 0; i < n; i++)
		if (is_named(&params[i], name, ret_type))
			return &params[i];
	return NULL;
}

static enum rc read_pair(const struct request *req, struct str pair, const struct param *params,
			 size_t n, struct param_value *values, struct problem *problem)
{
	struct str raw = pair, type, name;
	struct str raw_name = str_cut(&raw, '=');
	const struct param *p;

	if (!percent_decode(req->arena, raw_name, true, &name))
		return problem_set(problem, RC_INVALID, "invalid_query",
				   STR("A parameter name is not percent-encoded UTF-8 text"));
	p = find(params, n, name, &type);
	if (!p)
		return RC_OK;
	struct reading r = { .arena = req->arena, .param = p, .value = &values[p - params] };

	if (percent_decode(req->arena, raw, true, &r.text))
		read_one(&r, type, problem);
	else
		problem_parameter(
			problem, "invalid_encoding", str_of(p->name),
			STR("must be percent-encoded UTF-8 text without control characters"));
	return RC_OK;
}

enum rc query_read(const struct request *req, const struct param *params, size_t n,
		   struct param_value *ret, struct problem *problem)
{
	struct str rest = req->query;

	for (size_t i = 0; i < n; i++)
		ret[i] = (struct param_value){ .num = params[i].preset };
	while (rest.len) {
		struct str pair = str_cut(&rest, '&');

		if (pair.len && read_pair(req, pair, params, n, ret, problem) != RC_OK)
			return RC_INVALID;
	}
	for (size_t i = 0; i < n; i++)
		if (params[i].required && !ret[i].given && problem->count == 0)
			problem_parameter(problem, "missing_parameter", str_of(params[i].name),
					  STR("is required"));
	return problem->count ? RC_INVALID : RC_OK;
}

enum rc path_address(struct str segment, const char *name, struct address *ret,
		     struct problem *problem)
{
	if (address_read(segment, ret) == RC_OK)
		return RC_OK;
	return problem_parameter(problem, "invalid_address", str_of(name),
				 STR("must be 0x and 40 hexadecimal digits"));
}

enum rc path_token(struct str segment, const char *name, struct u256 *ret,
		   struct problem *problem)
{
	if (u256_read(segment, ret) == RC_OK)
		return RC_OK;
	return problem_parameter(
		problem, "invalid_token_id", str_of(name),
		STR("must be a number from 0 to 2^256-1, decimal or 0x hexadecimal"));
}

enum rc path_u64(struct str segment, const char *name, uint64_t max, uint64_t *ret,
		 struct problem *problem)
{
	if (str_u64(segment, max, ret))
		return RC_OK;
	return problem_parameter(problem, NULL, str_of(name),
				 STR("must be a whole number without sign"));
}
