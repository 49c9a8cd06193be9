/*
 * A streaming JSON writer.  Commas and escapes are its business; the caller's code reads like
 * the JSON.  Inside an object every call names its key; inside an array the key is NULL.
 *
 *	struct json j;
 *	json_init(&j, &buf);
 *	json_object(&j, NULL);
 *		json_str(&j, "name", name);          absent (ptr NULL) is written as null
 *		json_array(&j, "ids"); json_int(&j, NULL, 7); json_end(&j);
 *	json_end(&j);
 *
 * Strings must be UTF-8; each malformed byte is written as U+FFFD.  Failure is the buffer's.
 * `</` needs no care: answers are application/json with nosniff.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct buf;

/* The text with JSON's escapes and quotes around it, outside any structure. */
void json_quote(struct buf *out, struct str text);

#define JSON_DEPTH 16

struct json {
	struct buf *out;
	int depth;
	char close[JSON_DEPTH];  /* '}' or ']' per level */
	bool filled[JSON_DEPTH]; /* this level has a member already */
};

void json_init(struct json *j, struct buf *out);
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j);

void json_str(struct json *j, const char *key, struct str s);
void json_strz(struct json *j, const char *key, const char *z); /* NULL is null */
void json_int(struct json *j, const char *key, int64_t n);
/* Shortest form that reads back the same; infinities and NaN are null. */
void json_double(struct json *j, const char *key, double n);
void json_bool(struct json *j, const char *key, bool b);
void json_null(struct json *j, const char *key);
/* Text that is JSON already (from PostgreSQL), or a number's digits; absent is null. */
void json_raw(struct json *j, const char *key, struct str text);
/* RFC 3339 time in UTC from microseconds since 1970. */
void json_time(struct json *j, const char *key, int64_t wall_us);

#endif
