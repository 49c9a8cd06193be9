#include "net/redis_wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include "base/buf.h"
#include "base/clock.h"

#define NS_PER_S INT64_C(1000000000)
#define CHUNK    ((size_t)64 << 10)

static void add_count(struct buf *buf, char sign, size_t n)
{
	buf_addc(buf, sign);
	buf_add_u64(buf, n);
	buf_adds(buf, STR("\r\n"));
}

static void add_word(struct buf *buf, struct str word)
{
	add_count(buf, '$', word.len);
	buf_adds(buf, word);
	buf_adds(buf, STR("\r\n"));
}

static void add_number(struct buf *buf, size_t n)
{
	size_t digits = 1;

	for (size_t rest = n; rest >= 10; rest /= 10)
		digits++;
	add_count(buf, '$', digits);
	buf_add_u64(buf, n);
	buf_adds(buf, STR("\r\n"));
}

/* Words with their lengths, never a format: nothing in a value can become a command. */
void redis_wire_write(struct buf *buf, const struct redis_command *command, bool whole)
{
	const struct redis_script *script = command->script;

	add_count(buf, '*', command->words + (script ? 3 : 0));
	if (script) {
		add_word(buf, whole ? STR("EVAL") : STR("EVALSHA"));
		add_word(buf, whole ? script->text : str_of(script->sha));
		add_number(buf, command->keys);
	}
	for (size_t i = 0; i < command->words; i++)
		add_word(buf, command->word[i]);
}

/* Sends what the socket takes now. */
static enum rc push(int fd, struct str *out)
{
	while (out->len) {
		ssize_t n = send(fd, out->ptr, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			*out = str_from(*out, (size_t)n);
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			return RC_UNAVAILABLE;
	}
	return RC_OK;
}

static enum rc await(int fd, bool sending, int64_t until_ns)
{
	struct pollfd p = { .fd = fd, .events = (short)(POLLIN | (sending ? POLLOUT : 0)) };
	int64_t ns = until_ns - clock_mono_ns();
	struct timespec left = { ns / NS_PER_S, ns % NS_PER_S };

	if (ns <= 0)
		return RC_TIMEOUT;
	if (ppoll(&p, 1, &left, NULL) < 0 && errno != EINTR)
		return RC_UNAVAILABLE;
	return RC_OK;
}

static enum rc pull(int fd, struct redis_reader *reader, int flags)
{
	char bytes[CHUNK];
	ssize_t n = recv(fd, bytes, sizeof(bytes), flags);

	if (n > 0)
		return redis_reader_feed(reader, bytes, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? RC_OK : RC_UNAVAILABLE;
}

static enum rc more(int fd, struct redis_reader *reader, struct str *out, int64_t until_ns,
		    bool bounded)
{
	enum rc rc = push(fd, out);

	if (rc == RC_OK && bounded && out->len == 0)
		return pull(fd, reader, 0);
	if (rc == RC_OK)
		rc = await(fd, out->len > 0, until_ns);
	return rc == RC_OK ? pull(fd, reader, MSG_DONTWAIT) : rc;
}

enum rc redis_wire_exchange(int fd, struct redis_reader *reader, struct str out,
			    int64_t until_ns, bool bounded, struct redis_reply *ret, size_t n)
{
	size_t got = 0;

	while (got < n) {
		enum rc rc = redis_reader_next(reader, &ret[got]);

		if (rc == RC_OK) {
			got++;
			continue;
		}
		if (rc == RC_NOT_FOUND)
			rc = more(fd, reader, &out, until_ns, bounded);
		bounded = false; /* of what has passed the timeout knows nothing */
		if (rc != RC_OK)
			return rc;
	}
	return out.len ? RC_INVALID : RC_OK; /* answers to what was not asked yet */
}
