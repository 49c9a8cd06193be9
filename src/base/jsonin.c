#include "base/jsonin.h"

#include <assert.h>
#include <json-c/json.h>
#include <math.h>
#include "base/arena.h"
#include "base/jsonin_check.h"
#include "base/scope.h"

#define FORM        (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
#define EXACT_WHOLE 9007199254740992.0 /* 2^53: whole doubles below it are exact */

/* json-c's getters take nodes that are not const, though they only read. */
static struct json_object *loose(const struct json_object *node)
{
	return (struct json_object *)(uintptr_t)node;
}

static void put(void *root)
{
	json_object_put(root);
}

/* Number nodes that were marked get their own text back. */
static void unmark_number(struct json_object *node)
{
	struct str text = jsonin_text(node), mark = STR(JSONIN_MARK);
	char *own;

	if (text.len <= mark.len || !str_eq(str_from(text, text.len - mark.len), mark))
		return;
	own = mem_alloc(text.len - mark.len + 1);
	memcpy(own, text.ptr, text.len - mark.len);
	json_object_set_serializer(node, json_object_userdata_to_json_string, own,
				   json_object_free_userdata);
}

static void unmark(struct json_object *node)
{
	enum jsonin_type type = jsonin_type(node);

	if (type == JSONIN_OBJECT) {
		json_object_object_foreach(node, key, member)
		{
			(void)key;
			unmark(member);
		}
	} else if (type == JSONIN_ARRAY) {
		for (size_t i = 0; i < jsonin_count(node); i++)
			unmark(jsonin_at(node, i));
	} else if (type == JSONIN_NUMBER && json_object_is_type(node, json_type_double)) {
		unmark_number(node);
	}
}

/* text is correct JSON and has a NUL behind it, which tells json-c that a number is over. */
static struct json_object *build(struct str text, int depth, enum json_tokener_error *ret_error)
{
	struct json_tokener *tokener = json_tokener_new_ex(depth);
	struct json_object *root;

	assert(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	root = json_tokener_parse_ex(tokener, text.ptr, (int)text.len + 1);
	*ret_error = json_tokener_get_error(tokener);
	json_tokener_free(tokener);
	return root;
}

enum rc jsonin_parse(struct arena *arena, struct str text, int max_depth,
		     struct json_object **ret, const char **ret_error)
{
	enum json_tokener_error error;
	struct json_object *root;
	bool marked;

	assert(max_depth > 0 && max_depth <= JSONIN_DEPTH_MAX);
	if (jsonin_check(arena, text, max_depth, &text, &marked, ret_error) != RC_OK)
		return RC_INVALID;
	root = build(text, max_depth + 2, &error);
	if (error != json_tokener_success) {
		*ret_error = json_tokener_error_desc(error);
		return RC_INVALID;
	}
	if (root)
		arena_defer(arena, put, root);
	if (marked)
		unmark(root);
	*ret = root;
	return RC_OK;
}

enum jsonin_type jsonin_type(const struct json_object *node)
{
	static const enum jsonin_type types[] = {
		[json_type_null] = JSONIN_NULL,     [json_type_boolean] = JSONIN_BOOL,
		[json_type_double] = JSONIN_NUMBER, [json_type_int] = JSONIN_NUMBER,
		[json_type_object] = JSONIN_OBJECT, [json_type_array] = JSONIN_ARRAY,
		[json_type_string] = JSONIN_STRING,
	};

	return types[json_object_get_type(node)];
}

struct json_object *jsonin_get(const struct json_object *node, const char *key)
{
	struct json_object *member = NULL;

	if (jsonin_type(node) == JSONIN_OBJECT)
		json_object_object_get_ex(node, key, &member);
	return member;
}

bool jsonin_has(const struct json_object *node, const char *key)
{
	return jsonin_type(node) == JSONIN_OBJECT && json_object_object_get_ex(node, key, NULL);
}

struct str jsonin_str(const struct json_object *node)
{
	if (jsonin_type(node) != JSONIN_STRING)
		return STR_NONE;
	return (struct str){ json_object_get_string(loose(node)),
			     (size_t)json_object_get_string_len(node) };
}

/* The text of a marked integer is its digits; nothing else of json-c's doubles is. */
static bool i64_of_digits(struct str text, int64_t *ret)
{
	bool negative = str_starts(text, STR("-"));
	uint64_t n;

	if (!str_u64(str_from(text, negative), (uint64_t)INT64_MAX + negative, &n))
		return false;
	*ret = negative ? (int64_t)-n : (int64_t)n;
	return true;
}

bool jsonin_i64(const struct json_object *node, int64_t *ret)
{
	double d;

	if (jsonin_type(node) != JSONIN_NUMBER)
		return false;
	if (json_object_is_type(node, json_type_int)) {
		*ret = json_object_get_int64(node);
		return true;
	}
	if (i64_of_digits(jsonin_text(loose(node)), ret))
		return true;
	d = json_object_get_double(node);
	if (!(fabs(d) < EXACT_WHOLE) || d != floor(d))
		return false;
	*ret = (int64_t)d;
	return true;
}

bool jsonin_bool(const struct json_object *node, bool *ret)
{
	if (jsonin_type(node) != JSONIN_BOOL)
		return false;
	*ret = json_object_get_boolean(node);
	return true;
}

size_t jsonin_count(const struct json_object *array)
{
	return jsonin_type(array) == JSONIN_ARRAY ? json_object_array_length(array) : 0;
}

struct json_object *jsonin_at(const struct json_object *array, size_t i)
{
	return i < jsonin_count(array) ? json_object_array_get_idx(array, i) : NULL;
}

struct str jsonin_text(struct json_object *node)
{
	size_t len = 0;
	const char *text = json_object_to_json_string_length(node, FORM, &len);

	return (struct str){ text, text ? len : 0 };
}

void jsonin_each(const struct json_object *object,
		 bool (*fn)(void *ctx, struct str key, struct json_object *value), void *ctx)
{
	if (jsonin_type(object) != JSONIN_OBJECT)
		return;
	json_object_object_foreach(loose(object), key, member)
	{
		if (!fn(ctx, str_of(key), member))
			return;
	}
}
