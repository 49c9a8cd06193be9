#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "lib/fcgi_client.h"

#define CONTENT_MAX 65535

int fcgi_client_open(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

void fcgi_record(struct buf *out, int type, int id, struct str content, int padding)
{
	char head[8] = { 1,
			 (char)type,
			 (char)(id >> 8),
			 (char)id,
			 (char)(content.len >> 8),
			 (char)content.len,
			 (char)padding };
	char zeros[256] = { 0 };

	buf_add(out, head, sizeof(head));
	buf_adds(out, content);
	buf_add(out, zeros, (size_t)padding);
}

void fcgi_begin(struct buf *out, int id, int role, bool keep)
{
	char body[8] = { (char)(role >> 8), (char)role, keep };

	fcgi_record(out, FCGI_TYPE_BEGIN, id, (struct str){ body, sizeof(body) }, 0);
}

void fcgi_stream(struct buf *out, int type, int id, struct str content)
{
	while (content.len) {
		size_t n = content.len < CONTENT_MAX ? content.len : CONTENT_MAX;

		fcgi_record(out, type, id, (struct str){ content.ptr, n }, (int)(-n & 7));
		content = str_from(content, n);
	}
	fcgi_record(out, type, id, STR_NONE, 0);
}

static void add_length(struct buf *out, size_t n)
{
	if (n < 128) {
		buf_addc(out, (char)n);
	} else {
		char wide[4] = { (char)(n >> 24 | 0x80), (char)(n >> 16), (char)(n >> 8),
				 (char)n };

		buf_add(out, wide, sizeof(wide));
	}
}

void fcgi_pair(struct buf *out, struct str name, struct str value)
{
	add_length(out, name.len);
	add_length(out, value.len);
	buf_adds(out, name);
	buf_adds(out, value);
}

void fcgi_request(struct buf *out, int id, bool keep, const struct fcgi_param *params, size_t n,
		  struct str body)
{
	struct buf pairs;

	buf_init(&pairs, NULL, BUF_NO_MAX);
	for (size_t i = 0; i < n; i++)
		fcgi_pair(&pairs, str_of(params[i].name), params[i].value);
	fcgi_begin(out, id, 1, keep);
	fcgi_stream(out, FCGI_TYPE_PARAMS, id, buf_str(&pairs));
	fcgi_stream(out, FCGI_TYPE_STDIN, id, body);
	buf_release(&pairs);
}

void fcgi_get(struct buf *out, const char *uri, bool keep)
{
	const struct fcgi_param params[] = {
		{ "REQUEST_METHOD", STR("GET") },
		{ "REQUEST_URI", str_of(uri) },
	};

	fcgi_request(out, 1, keep, params, 2, STR_NONE);
}

bool fcgi_client_send(int fd, struct str bytes)
{
	while (bytes.len) {
		ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes = str_from(bytes, (size_t)n);
	}
	return true;
}

/* Exactly len bytes before the deadline. */
static bool receive(int fd, int64_t deadline_ns, void *to, size_t len)
{
	char *at = to;

	while (len) {
		int64_t left_ms = (deadline_ns - clock_mono_ns()) / 1000000;
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (left_ms < 0 || poll(&p, 1, (int)left_ms + 1) <= 0)
			return false;
		ssize_t n = recv(fd, at, len, 0);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void split(struct fcgi_reply *reply)
{
	const char *end;

	buf_addc(&reply->out, '\0');
	reply->out.len--;
	end = strstr(reply->out.ptr, "\r\n\r\n");
	if (end) {
		size_t head = (size_t)(end + 2 - reply->out.ptr);

		reply->head = (struct str){ reply->out.ptr, head };
		reply->body = str_from(buf_str(&reply->out), head + 2);
	}
	struct str status = fcgi_reply_header(reply, "Status");
	uint64_t n;

	if (str_u64(str_cut(&status, ' '), 999, &n))
		reply->status = (int)n;
}

bool fcgi_client_reply(int fd, int timeout_ms, struct fcgi_reply *ret)
{
	int64_t deadline_ns = clock_mono_ns() + timeout_ms * INT64_C(1000000);
	struct fcgi_reply reply = { 0 };
	uint8_t head[8], padding[256];

	buf_init(&reply.out, NULL, BUF_NO_MAX);
	while (receive(fd, deadline_ns, head, sizeof(head))) {
		size_t len = (size_t)head[4] << 8 | head[5];
		size_t before = reply.out.len;
		char *to = buf_room(&reply.out, len + 1);

		if (head[0] != 1 || !receive(fd, deadline_ns, to, len) ||
		    !receive(fd, deadline_ns, padding, head[6]))
			break;
		if (head[1] == FCGI_TYPE_STDOUT) {
			reply.out.len = before + len;
			continue;
		}
		if (head[1] != FCGI_TYPE_END || len != 8)
			break;
		reply.app_status = to[3];
		reply.protocol_status = to[4];
		split(&reply);
		*ret = reply;
		return true;
	}
	buf_release(&reply.out);
	return false;
}

bool fcgi_client_ended(int fd, int timeout_ms)
{
	int64_t deadline_ns = clock_mono_ns() + timeout_ms * INT64_C(1000000);
	char bytes[4096];

	for (;;) {
		int64_t left_ms = (deadline_ns - clock_mono_ns()) / 1000000;
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (left_ms < 0 || poll(&p, 1, (int)left_ms + 1) <= 0)
			return false;
		if (recv(fd, bytes, sizeof(bytes), 0) <= 0)
			return true;
	}
}

struct str fcgi_reply_header(const struct fcgi_reply *reply, const char *name)
{
	struct str rest = reply->head;

	while (rest.len) {
		struct str line = str_cut(&rest, '\n');
		struct str key = str_cut(&line, ':');

		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (str_eq_nocase(key, str_of(name)))
			return str_trim(line);
	}
	return STR_NONE;
}

void fcgi_reply_release(struct fcgi_reply *reply)
{
	buf_release(&reply->out);
	*reply = (struct fcgi_reply){ 0 };
}
