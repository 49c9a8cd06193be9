#include "base/gz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "base/arena.h"

#define INPUT_SIZE  (128 * 1024)
#define GZIP_FORMAT (15 + 16) /* inflateInit2: the largest window, a gzip header is a must */

struct gz_in {
	int fd;
	bool is_gzip, ended, in_member; /* ended: of the file */
	uint64_t consumed, size;
	const char *error;
	z_stream z; /* next_in, avail_in: what is read and not yet used, plain files too */
	unsigned char input[INPUT_SIZE];
};

static bool failed(struct gz_in *in, const char *why)
{
	in->error = why;
	return false;
}

/* Adds what the file gives next to the input that is left. */
static bool more(struct gz_in *in)
{
	ssize_t n;

	if (in->z.avail_in)
		memmove(in->input, in->z.next_in, in->z.avail_in);
	in->z.next_in = in->input;
	do
		n = read(in->fd, in->input + in->z.avail_in, INPUT_SIZE - in->z.avail_in);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return failed(in, strerror(errno));
	in->ended = n == 0;
	in->consumed += (uint64_t)n;
	in->z.avail_in += (unsigned)n;
	return true;
}

/* A pipe may give the magic in two pieces. */
static bool look_at_magic(struct gz_in *in)
{
	while (in->z.avail_in < 2 && !in->ended) {
		if (!more(in))
			return false;
	}
	in->is_gzip = in->z.avail_in >= 2 && in->input[0] == 0x1f && in->input[1] == 0x8b;
	if (in->is_gzip && inflateInit2(&in->z, GZIP_FORMAT) != Z_OK)
		return failed(in, "no memory for zlib");
	return true;
}

static bool open_file(struct gz_in *in, const char *path)
{
	struct stat st;

	in->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0 || fstat(in->fd, &st) != 0)
		return failed(in, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return failed(in, strerror(EISDIR));
	if (S_ISREG(st.st_mode))
		in->size = (uint64_t)st.st_size;
	return look_at_magic(in);
}

enum rc gz_open(const char *path, struct gz_in **ret, const char **ret_error)
{
	struct gz_in *in = mem_alloc(sizeof(*in));
	bool absent;

	errno = 0;
	if (open_file(in, path)) {
		*ret = in;
		return RC_OK;
	}
	absent = in->fd < 0 && errno == ENOENT;
	*ret_error = in->error;
	gz_close(in);
	return absent ? RC_NOT_FOUND : RC_INVALID;
}

void gz_close(struct gz_in *in)
{
	if (!in)
		return;
	if (in->is_gzip)
		inflateEnd(&in->z);
	if (in->fd > STDERR_FILENO)
		close(in->fd);
	free(in);
}

static ssize_t read_plain(struct gz_in *in, void *ret, size_t len)
{
	if (!in->z.avail_in && !in->ended && !more(in))
		return -1;
	if (len > in->z.avail_in)
		len = in->z.avail_in;
	memcpy(ret, in->z.next_in, len);
	in->z.next_in += len;
	in->z.avail_in -= (unsigned)len;
	return (ssize_t)len;
}

/* Between members: zero bytes are a tape's padding, anything else must be a member. */
static bool next_member(struct gz_in *in, bool *ret_end)
{
	*ret_end = false;
	for (;;) {
		while (in->z.avail_in && *in->z.next_in == 0) {
			in->z.next_in++;
			in->z.avail_in--;
		}
		if (in->z.avail_in || in->ended)
			break;
		if (!more(in))
			return false;
	}
	if (!in->z.avail_in)
		*ret_end = true;
	else if (inflateReset(&in->z) != Z_OK)
		return failed(in, "no memory for zlib");
	else
		in->in_member = true;
	return true;
}

/* One call of inflate; *ret_end: the stream ended between two members, as it should. */
static bool step(struct gz_in *in, bool *ret_end)
{
	int rc;

	*ret_end = false;
	if (!in->in_member && (!next_member(in, ret_end) || *ret_end))
		return !in->error;
	if (!in->z.avail_in && !in->ended && !more(in))
		return false;
	rc = inflate(&in->z, Z_NO_FLUSH);
	if (rc == Z_STREAM_END)
		in->in_member = false;
	else if (rc == Z_BUF_ERROR && in->ended)
		return failed(in, "the gzip data is cut short");
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		return failed(in, "the gzip data is damaged");
	return true;
}

static ssize_t read_gzip(struct gz_in *in, void *ret, size_t len)
{
	bool end = false;

	in->z.next_out = ret;
	in->z.avail_out = len < INT32_MAX ? (unsigned)len : INT32_MAX;
	len = in->z.avail_out;
	while (in->z.avail_out == len && !end) {
		if (!step(in, &end))
			return -1;
	}
	return (ssize_t)(len - in->z.avail_out);
}

ssize_t gz_read(struct gz_in *in, void *ret, size_t len)
{
	if (in->error)
		return -1;
	if (len == 0)
		return 0;
	return in->is_gzip ? read_gzip(in, ret, len) : read_plain(in, ret, len);
}

const char *gz_error(const struct gz_in *in)
{
	return in->error;
}

uint64_t gz_consumed(const struct gz_in *in)
{
	return in->consumed - in->z.avail_in;
}

uint64_t gz_size(const struct gz_in *in)
{
	return in->size;
}
