/*
 * Keyset cursors: opaque, bound to the listing they were made for.  A cursor is base64url of
 * version, fields and a check value: HMAC-SHA-256 over route, filters and fields with the
 * installation's secret, cut to 12 bytes.  Another filter, another route or a changed byte is
 * refused.
 */
#ifndef HTTP_CURSOR_H
#define HTTP_CURSOR_H

#include <stddef.h>
#include "base/rc.h"
#include "base/str.h"

struct arena;

#define CURSOR_FIELDS   6
#define CURSOR_TEXT_MAX 2048

/* STR_NONE when the fields together are longer than about 1,500 bytes: a statement that sorts
 * by free text must cut the key it sorts by.  An absent field (NULL of a column) stays absent.
 * scope: everything the listing depends on, canonical ("nfts|0xabc…|rarity|desc|owner=…"). */
struct str cursor_write(struct arena *arena, struct str secret, struct str scope,
			const struct str *fields, size_t n);
/* RC_INVALID for anything that cursor_write did not make with this secret and scope, or when
 * the number of fields is another.  Fields are terminated copies in the arena. */
enum rc cursor_read(struct arena *arena, struct str secret, struct str scope, struct str text,
		    struct str *ret_fields, size_t n);

#endif
