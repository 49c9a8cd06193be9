#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "base/arena.h"
#include "http/fcgi_send.h"
#include "http/problem.h"
#include "http/response.h"

/* FastCGI 1.0, section 8. */
enum {
	FCGI_VERSION = 1,
	END_REQUEST = 3,
	STDOUT = 6,
	HEADER_BYTES = 8,
	END_BYTES = 3 * HEADER_BYTES,
	CONTENT_MAX = 65528 /* of 65535: whole eights need no padding */
};

#define JOIN_MAX 8192

#define FALLBACK_HEAD "Content-Length: 0\r\nCache-Control: no-store\r\n\r\n"

struct pieces {
	struct iovec *iov;
	int count;
};

static void put(struct pieces *p, const void *bytes, size_t len)
{
	p->iov[p->count++] =
		(struct iovec){ .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
}

static void header(uint8_t *to, int type, int id, size_t size)
{
	to[0] = FCGI_VERSION;
	to[1] = (uint8_t)type;
	to[2] = (uint8_t)(id >> 8);
	to[3] = (uint8_t)id;
	to[4] = (uint8_t)(size >> 8);
	to[5] = (uint8_t)size;
	to[6] = to[7] = 0;
}

static void write_end(uint8_t *to, int id)
{
	header(to, STDOUT, id, 0);
	header(to + HEADER_BYTES, END_REQUEST, id, HEADER_BYTES);
	memset(to + 2 * HEADER_BYTES, 0, HEADER_BYTES); /* status 0, complete */
}

static void put_end(struct pieces *p, struct arena *arena, int id)
{
	uint8_t *end = arena_alloc(arena, END_BYTES);

	write_end(end, id);
	put(p, end, END_BYTES);
}

/* The parts one after the other, cut into records. */
static void put_records(struct pieces *p, struct arena *arena, int id, const struct str *parts,
			size_t n)
{
	size_t left = 0, room = 0;

	for (size_t i = 0; i < n; i++)
		left += parts[i].len;
	for (size_t i = 0; i < n; i++) {
		struct str part = parts[i];

		while (part.len) {
			if (room == 0) {
				uint8_t *head = arena_alloc(arena, HEADER_BYTES);

				room = left < CONTENT_MAX ? left : CONTENT_MAX;
				header(head, STDOUT, id, room);
				put(p, head, HEADER_BYTES);
				left -= room;
			}
			size_t take = part.len < room ? part.len : room;

			put(p, part.ptr, take);
			part = str_from(part, take);
			room -= take;
		}
	}
}

static struct str status_line(struct arena *arena, int status)
{
	struct buf line;

	buf_init(&line, arena, BUF_NO_MAX);
	buf_adds(&line, STR("Status: "));
	buf_add_u64(&line, (uint64_t)status);
	buf_addc(&line, ' ');
	buf_adds(&line, str_of(status_title(status)));
	buf_adds(&line, STR("\r\n"));
	return buf_str(&line);
}

/* A short answer in one piece: copying it costs less than telling the system of six. */
static void put_joined(struct pieces *p, struct arena *arena, int id, const struct str *parts,
		       size_t n, size_t len)
{
	uint8_t *block = arena_alloc(arena, HEADER_BYTES + len + END_BYTES);
	uint8_t *at = block + HEADER_BYTES;

	header(block, STDOUT, id, len);
	for (size_t i = 0; i < n; i++) {
		if (parts[i].len)
			memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	write_end(at, id);
	put(p, block, HEADER_BYTES + len + END_BYTES);
}

static void frame(struct pieces *p, int id, struct response *res)
{
	struct arena *arena = res->arena;
	struct str parts[3];
	size_t len, records;

	buf_add(&res->head, "\r\n", 2);
	if (buf_failed(&res->head)) { /* headers beyond all measure: our own fault */
		res->status = 500;
		res->bodyless = true;
	}
	parts[0] = status_line(arena, res->status);
	parts[1] = buf_failed(&res->head) ? STR(FALLBACK_HEAD) : buf_str(&res->head);
	parts[2] = res->bodyless ? STR_NONE : res->body;
	len = parts[0].len + parts[1].len + parts[2].len;
	records = len / CONTENT_MAX + 1;
	/* A header a record, each part once, and once more for each cut; the end. */
	p->iov = arena_alloc(arena, (2 * records + 4) * sizeof(*p->iov));
	p->count = 0;
	if (len <= JOIN_MAX) {
		put_joined(p, arena, id, parts, 3, len);
		return;
	}
	put_records(p, arena, id, parts, 3);
	put_end(p, arena, id);
}

/* One system call. */
static ssize_t send_pieces(int fd, const struct pieces *p)
{
	struct msghdr message = {
		.msg_iov = p->iov,
		.msg_iovlen = (size_t)(p->count < IOV_MAX ? p->count : IOV_MAX),
	};

	if (p->count == 1)
		return send(fd, p->iov->iov_base, p->iov->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Sends what the socket takes; p is moved forward. */
static enum fcgi_sent push(int fd, struct pieces *p)
{
	while (p->count) {
		ssize_t n = send_pieces(fd, p);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? FCGI_UNSENT : FCGI_LOST;
		while (p->count && (size_t)n >= p->iov->iov_len) {
			n -= (ssize_t)p->iov->iov_len;
			p->iov++;
			p->count--;
		}
		if (p->count) {
			p->iov->iov_base = (char *)p->iov->iov_base + n;
			p->iov->iov_len -= (size_t)n;
		}
	}
	return FCGI_SENT;
}

static void keep(const struct pieces *p, struct fcgi_rest *rest)
{
	size_t len = 0;

	for (int i = 0; i < p->count; i++)
		len += p->iov[i].iov_len;
	*rest = (struct fcgi_rest){ .ptr = mem_alloc(len) };
	for (int i = 0; i < p->count; i++) {
		memcpy(rest->ptr + rest->len, p->iov[i].iov_base, p->iov[i].iov_len);
		rest->len += p->iov[i].iov_len;
	}
}

enum fcgi_sent fcgi_send(int fd, int request_id, struct response *res, struct fcgi_rest *rest)
{
	struct pieces p;
	enum fcgi_sent sent;

	frame(&p, request_id, res);
	sent = push(fd, &p);
	if (sent == FCGI_UNSENT)
		keep(&p, rest);
	return sent;
}

enum fcgi_sent fcgi_send_rest(int fd, struct fcgi_rest *rest)
{
	struct iovec iov = { .iov_base = rest->ptr + rest->done,
			     .iov_len = rest->len - rest->done };
	struct pieces p = { .iov = &iov, .count = 1 };
	enum fcgi_sent sent = push(fd, &p);

	rest->done = rest->len - iov.iov_len;
	if (sent == FCGI_SENT)
		fcgi_rest_release(rest);
	return sent;
}

void fcgi_rest_release(struct fcgi_rest *rest)
{
	free(rest->ptr);
	*rest = (struct fcgi_rest){ 0 };
}
