/*
 * Growable bytes with sticky failure: past max bytes further writes are swallowed and
 * buf_failed() says so; check once at the end.  Memory comes from the arena when one is given
 * (never freed by the buffer), else from the heap (buf_release frees).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;

struct buf {
	struct arena *arena; /* or NULL: heap */
	char *ptr;
	size_t len, cap, max;
	bool failed;
};

#define BUF_NO_MAX ((size_t)1 << 30)

void buf_init(struct buf *buf, struct arena *arena, size_t max);
void buf_release(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */

void buf_add_far(struct buf *buf, const void *bytes, size_t len); /* buf_add, out of line */
void buf_addf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_add_u64(struct buf *buf, uint64_t n);
/* At least len writable bytes behind the end (add to len what is used), or NULL: failed. */
char *buf_room(struct buf *buf, size_t len);

static inline void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (len && len <= buf->cap - buf->len) {
		memcpy(buf->ptr + buf->len, bytes, len);
		buf->len += len;
	} else {
		buf_add_far(buf, bytes, len);
	}
}

static inline void buf_adds(struct buf *buf, struct str s)
{
	buf_add(buf, s.ptr, s.len);
}

static inline void buf_addc(struct buf *buf, char c)
{
	if (buf->len < buf->cap)
		buf->ptr[buf->len++] = c;
	else
		buf_add_far(buf, &c, 1);
}

static inline struct str buf_str(const struct buf *buf)
{
	return (struct str){ buf->ptr, buf->len };
}

static inline bool buf_failed(const struct buf *buf)
{
	return buf->failed;
}

#endif
