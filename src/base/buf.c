#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"

#define FIRST_SIZE 256

void buf_init(struct buf *buf, struct arena *arena, size_t max)
{
	assert(max <= BUF_NO_MAX);
	*buf = (struct buf){ .arena = arena, .max = max };
}

void buf_release(struct buf *buf)
{
	if (!buf)
		return;
	if (!buf->arena)
		free(buf->ptr);
	*buf = (struct buf){ .arena = buf->arena, .max = buf->max };
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

static void move(struct buf *buf, size_t cap)
{
	char *p;

	if (!buf->arena) {
		buf->ptr = mem_grow(buf->ptr, cap);
	} else if (!arena_extend(buf->arena, buf->ptr, buf->cap, cap)) {
		p = arena_alloc(buf->arena, cap);
		if (buf->len)
			memcpy(p, buf->ptr, buf->len);
		buf->ptr = p;
	}
	buf->cap = cap;
}

/* After a failure cap is len, so that the inline functions come here too and stay out. */
static void fail(struct buf *buf)
{
	buf->failed = true;
	buf->cap = buf->len;
}

char *buf_room(struct buf *buf, size_t len)
{
	size_t cap = buf->cap ? buf->cap : FIRST_SIZE;

	if (buf->failed)
		return NULL;
	if (len > buf->max - buf->len) {
		fail(buf);
		return NULL;
	}
	while (cap - buf->len < len)
		cap *= 2;
	if (cap > buf->max)
		cap = buf->max;
	if (cap > buf->cap)
		move(buf, cap);
	return buf->ptr + buf->len;
}

void buf_add_far(struct buf *buf, const void *bytes, size_t len)
{
	char *room;

	if (len == 0)
		return;
	room = buf_room(buf, len);
	if (!room)
		return;
	memcpy(room, bytes, len);
	buf->len += len;
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list args, again;
	char small[256], *room;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	assert(len >= 0);
	if ((size_t)len < sizeof(small)) {
		buf_add(buf, small, (size_t)len);
	} else if ((room = buf_room(buf, (size_t)len + 1))) {
		vsnprintf(room, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

void buf_add_u64(struct buf *buf, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	buf_add(buf, digits + at, sizeof(digits) - at);
}
