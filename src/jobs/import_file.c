#include "jobs/import_file.h"
#include <stdlib.h>
#include "base/arena.h"
#include "base/gz.h"

#define READ_SIZE (256 * 1024)

enum rc import_file_open(struct import_file *file, const char *path, bool quotes, size_t max)
{
	*file = (struct import_file){
		.path = path, .quotes = quotes, .max = max, .next_line = 1
	};
	enum rc rc = gz_open(path, &file->in, &file->error);
	if (rc == RC_OK)
		file->hash = hash_stream_new();
	return rc;
}

void import_file_close(struct import_file *file)
{
	uint8_t unused[SHA256_BYTES];
	if (file->hash)
		hash_stream_done(file->hash, unused);
	gz_close(file->in);
	free(file->buf);
	*file = (struct import_file){ .path = file->path };
}

void import_file_hash(struct import_file *file, uint8_t ret[SHA256_BYTES])
{
	hash_stream_done(file->hash, ret);
	file->hash = NULL;
}

/* Room for READ_SIZE more behind what is kept. */
static void make_room(struct import_file *file)
{
	size_t kept = file->end - file->start;
	if (file->start) {
		memmove(file->buf, file->buf + file->start, kept);
		file->start = 0;
		file->end = kept;
	}
	if (file->cap - kept < READ_SIZE) {
		file->cap = file->cap * 2 > kept + READ_SIZE ? file->cap * 2 : kept + READ_SIZE;
		file->buf = mem_grow(file->buf, file->cap);
	}
}

static bool more(struct import_file *file)
{
	make_room(file);
	ssize_t got = gz_read(file->in, file->buf + file->end, READ_SIZE);
	if (got < 0) {
		file->error = gz_error(file->in);
		return false;
	}
	file->ended = got == 0;
	hash_stream_add(file->hash, file->buf + file->end, (size_t)got);
	file->end += (size_t)got;
	return true;
}

/* How a search for the end of a record stands; offsets are from file->start. */
struct search {
	size_t at;          /* looked at so far */
	size_t first_break; /* behind the first line break, quoted or not; 0: none yet */
	bool quoted;
	uint64_t breaks;
};

/* The offset behind the record's line break, or 0 when it is not in the buffer yet. */
static size_t plain_end(const struct import_file *file, struct search *s)
{
	const char *from = file->buf + file->start;
	const char *found = NULL;
	size_t len = file->end - file->start;
	if (s->at < len)
		found = memchr(from + s->at, '\n', len - s->at);
	s->at = len;
	if (!found)
		return 0;
	s->breaks = 1;
	return (size_t)(found - from) + 1;
}

static size_t quoted_end(const struct import_file *file, struct search *s)
{
	const char *from = file->buf + file->start;
	size_t len = file->end - file->start;
	for (; s->at < len; s->at++) {
		if (from[s->at] == '"')
			s->quoted = !s->quoted;
		if (from[s->at] != '\n')
			continue;
		s->breaks++;
		if (!s->first_break)
			s->first_break = s->at + 1;
		if (!s->quoted)
			return ++s->at;
	}
	return 0;
}

static struct str without_break(struct str record)
{
	if (record.len && record.ptr[record.len - 1] == '\n')
		record.len--;
	if (record.len && record.ptr[record.len - 1] == '\r')
		record.len--;
	return record;
}

/* Passes over the rest of the line that was too long. */
static enum import_got pass_over(struct import_file *file)
{
	for (;;) {
		size_t len = file->end - file->start;
		char *found = len ? memchr(file->buf + file->start, '\n', len) : NULL;
		if (found) {
			file->start = (size_t)(found - file->buf) + 1;
			break;
		}
		file->start = file->end;
		if (file->ended)
			break;
		if (!more(file))
			return IMPORT_FILE_FAILED;
	}
	file->next_line = file->line + 1;
	return IMPORT_FILE_LONG;
}

static enum import_got take(struct import_file *file, size_t len, uint64_t breaks,
			    struct str *ret)
{
	*ret = without_break((struct str){ file->buf + file->start, len });
	file->start += len;
	file->next_line = file->line + breaks;
	return IMPORT_FILE_RECORD;
}

/* A quote that is never closed must not swallow the file: the record ends with its first line,
 * which the reader of the record then refuses. */
static enum import_got unclosed(struct import_file *file, const struct search *s,
				struct str *ret)
{
	return take(file, s->first_break ? s->first_break : file->end - file->start, 1, ret);
}

enum import_got import_file_next(struct import_file *file, struct str *ret)
{
	struct search s = { 0 };
	file->line = file->next_line;
	for (;;) {
		size_t len = file->quotes ? quoted_end(file, &s) : plain_end(file, &s);
		size_t have = len ? len : file->end - file->start;
		if (have > file->max + 2)
			return s.first_break ? unclosed(file, &s, ret) : pass_over(file);
		if (len)
			return take(file, len, s.breaks, ret);
		if (file->ended && have == 0)
			return IMPORT_FILE_END;
		if (file->ended)
			return s.quoted ? unclosed(file, &s, ret) : take(file, have, 1, ret);
		if (!more(file))
			return IMPORT_FILE_FAILED;
	}
}
