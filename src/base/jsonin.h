/*
 * Reading JSON: the only user of json-c.  The tree belongs to the arena (freed at its reset);
 * slices borrow from it.  Text must be RFC 8259 to the letter (jsonin_check.h): valid UTF-8,
 * one value, arrays and objects at most max_depth deep.  U+0000 in a string is kept (slices
 * have a length), in a member's name refused; half a surrogate pair becomes U+FFFD.
 */
#ifndef BASE_JSONIN_H
#define BASE_JSONIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct arena;
struct json_object; /* json-c's node; a JSON null is a NULL pointer */

enum jsonin_type {
	JSONIN_NULL,
	JSONIN_BOOL,
	JSONIN_NUMBER,
	JSONIN_STRING,
	JSONIN_ARRAY,
	JSONIN_OBJECT
};

/* RC_INVALID: *ret_error says why and where ("unexpected character at byte 12");
 * in the arena.  max_depth is at most JSONIN_DEPTH_MAX: the reader is recursive. */
#define JSONIN_DEPTH_MAX 500
enum rc jsonin_parse(struct arena *arena, struct str text, int max_depth,
		     struct json_object **ret, const char **ret_error);
enum jsonin_type jsonin_type(const struct json_object *node);

/* Member of an object; NULL when absent, null, or node is no object.  Last one wins. */
struct json_object *jsonin_get(const struct json_object *node, const char *key);
bool jsonin_has(const struct json_object *node, const char *key);
struct str jsonin_str(const struct json_object *node); /* STR_NONE unless a string */
/* A whole number in range; 1e3 and 5.0 are whole. */
bool jsonin_i64(const struct json_object *node, int64_t *ret);
bool jsonin_bool(const struct json_object *node, bool *ret);
size_t jsonin_count(const struct json_object *array); /* 0 unless an array */
struct json_object *jsonin_at(const struct json_object *array, size_t i);
/* The value as compact JSON text ("null" for NULL); borrows from the node until its next use.
 * A number's text is as it was written: all digits of a 256-bit id. */
struct str jsonin_text(struct json_object *node);
/* Calls fn for each member in order until it returns false. */
void jsonin_each(const struct json_object *object,
		 bool (*fn)(void *ctx, struct str key, struct json_object *value), void *ctx);

#endif
