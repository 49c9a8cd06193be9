/*
 * redis://[[user]:password@]host[:port][/db], unix:///path?db=n, or a bare path.  The query of
 * a redis:// URL knows db only; other words are refused, since they would be meant for
 * something.
 */
#include <stdlib.h>
#include "base/arena.h"
#include "base/hex.h"
#include "base/scope.h"
#include "base/str.h"
#include "net/redis.h"
#include "net/redis_url.h"

#define WHY_TLS                                                                                \
	"rediss:// (TLS) is not spoken: let stunnel or haproxy speak TLS to the server, and "  \
	"give redis://127.0.0.1:PORT of that (docs/operations.md, Redis over TLS)"
#define WHY_REST                                                                               \
	"this is the HTTP (REST) address of a Redis service, which is not spoken: use the "    \
	"redis:// address of the same database, by way of stunnel or haproxy if it has TLS "   \
	"only (docs/operations.md, Redis over TLS)"
#define WHY_SCHEME "a Redis URL begins with redis://, unix:// or /"
#define WHY_HOST   "the host is missing or malformed"
#define WHY_PORT   "the port is not in 1 ... 65535"
#define WHY_DB     "the database is not a number in 0 ... 65535"
#define WHY_ESCAPE "a percent sign is not followed by two hexadecimal digits, or means a NUL"
#define WHY_QUERY  "only ?db=N may follow"
#define WHY_PATH   "the path of the socket is empty or longer than 107 bytes"

static const struct {
	struct str prefix;
	const char *why;
} refused[] = {
	{ { "rediss://", 9 }, WHY_TLS },
	{ { "http://", 7 }, WHY_REST },
	{ { "https://", 8 }, WHY_REST },
};

static char *dup(struct str s)
{
	char *z = mem_alloc(s.len + 1);
	if (s.len > 0)
		memcpy(z, s.ptr, s.len);
	return z;
}

/* NULL when malformed. */
static char *unescape(struct str s)
{
	char *out = mem_alloc(s.len + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '%') {
			out[n++] = s.ptr[i];
			continue;
		}
		uint8_t high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : HEX_BAD;
		uint8_t low = i + 2 < s.len ? hex_digit(s.ptr[i + 2]) : HEX_BAD;
		if (high == HEX_BAD || low == HEX_BAD || high + low == 0) {
			free(out);
			return NULL;
		}
		out[n++] = (char)(high * 16 + low);
		i += 2;
	}
	return out;
}

static enum rc refuse(const char *why, const char **ret_why)
{
	*ret_why = why;
	return RC_INVALID;
}

static enum rc read_db(struct str text, struct redis_where *where, const char **ret_why)
{
	uint64_t db = 0;
	if (text.len > 0 && !str_u64(text, 65535, &db))
		return refuse(WHY_DB, ret_why);
	where->db = (int)db;
	return RC_OK;
}

static enum rc read_query(struct str query, struct redis_where *where, const char **ret_why)
{
	if (query.len == 0)
		return RC_OK;
	if (!str_starts(query, STR("db=")))
		return refuse(WHY_QUERY, ret_why);
	return read_db(str_from(query, 3), where, ret_why);
}

static enum rc read_socket(struct str path, struct redis_where *where, const char **ret_why)
{
	if (path.len == 0 || path.len > 107)
		return refuse(WHY_PATH, ret_why);
	where->path = dup(path);
	return RC_OK;
}

/* [user][:password] */
static enum rc read_user(struct str text, struct redis_where *where, const char **ret_why)
{
	struct str password = text, user = str_cut(&password, ':');
	if (user.len > 0 && !(where->user = unescape(user)))
		return refuse(WHY_ESCAPE, ret_why);
	if (password.len > 0 && !(where->password = unescape(password)))
		return refuse(WHY_ESCAPE, ret_why);
	return RC_OK;
}

/* host, host:port, [v6] or [v6]:port */
static enum rc read_host(struct str text, struct redis_where *where, const char **ret_why)
{
	struct str port = text, host;
	uint64_t n = 6379;
	if (str_starts(text, STR("["))) {
		port = str_from(text, 1);
		host = str_cut(&port, ']');
		if (port.len > 0 && port.ptr[0] != ':')
			return refuse(WHY_HOST, ret_why);
		port = str_from(port, 1);
	} else {
		host = str_cut(&port, ':');
	}
	if (host.len == 0)
		return refuse(WHY_HOST, ret_why);
	if (port.len > 0 && (!str_u64(port, 65535, &n) || n == 0))
		return refuse(WHY_PORT, ret_why);
	where->host = dup(host);
	where->port = (int)n;
	return RC_OK;
}

static enum rc read_tcp(struct str rest, struct redis_where *where, const char **ret_why)
{
	struct str query = rest;
	struct str db = str_cut(&query, '?');
	struct str host = str_cut(&db, '/'), user = STR_NONE;
	for (size_t i = host.len; i-- > 0;) {
		if (host.ptr[i] != '@')
			continue;
		user = (struct str){ host.ptr, i };
		host = str_from(host, i + 1);
		break;
	}
	enum rc rc = read_user(user, where, ret_why);
	if (rc == RC_OK)
		rc = read_host(host, where, ret_why);
	if (rc == RC_OK)
		rc = read_db(db, where, ret_why);
	return rc == RC_OK ? read_query(query, where, ret_why) : rc;
}

static enum rc read_url(struct str url, struct redis_where *where, const char **ret_why)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (str_starts(url, refused[i].prefix))
			return refuse(refused[i].why, ret_why);
	if (str_starts(url, STR("/")))
		return read_socket(url, where, ret_why);
	if (str_starts(url, STR("redis://")))
		return read_tcp(str_from(url, 8), where, ret_why);
	if (!str_starts(url, STR("unix://")))
		return refuse(WHY_SCHEME, ret_why);
	struct str query = str_from(url, 7), path = str_cut(&query, '?');
	enum rc rc = read_socket(path, where, ret_why);
	return rc == RC_OK ? read_query(query, where, ret_why) : rc;
}

enum rc redis_url_read(const char *url, struct redis_where *ret, const char **ret_why)
{
	struct redis_where where = { 0 };
	enum rc rc = read_url(str_of(url), &where, ret_why);
	if (rc == RC_OK)
		*ret = where;
	else
		redis_where_release(&where);
	return rc;
}

enum rc redis_url_check(const char *url, const char **ret_why)
{
	struct redis_where where;
	enum rc rc = redis_url_read(url, &where, ret_why);
	if (rc == RC_OK)
		redis_where_release(&where);
	return rc;
}

void redis_where_release(struct redis_where *where)
{
	free(where->path);
	free(where->host);
	free(where->user);
	free(where->password);
	*where = (struct redis_where){ 0 };
}
