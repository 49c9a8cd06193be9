/* The migration files: found, read, hashed, and their placeholders put in. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "net/migrate_files.h"

#define FILE_MAX (16 << 20)

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", s.ptr[i]))
			return false;
	return s.len > 0;
}

/* NNNN_name.sql; version 0 is none. */
static bool parse_name(struct str file, int *ret_version)
{
	uint64_t version;
	struct str digits = { file.ptr, 4 };
	if (file.len < sizeof("0001_x.sql") - 1 || file.ptr[4] != '_' ||
	    !str_u64(digits, 9999, &version) || version == 0 ||
	    !str_eq(str_from(file, file.len - 4), STR(".sql")) ||
	    !is_word((struct str){ file.ptr + 5, file.len - 9 }))
		return false;
	*ret_version = (int)version;
	return true;
}

static enum rc read_fd(struct arena *arena, int fd, struct str *ret)
{
	struct stat st;
	size_t have = 0;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return RC_INVALID;
	char *text = arena_alloc(arena, (size_t)st.st_size + 1);
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, text + have, (size_t)st.st_size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return RC_INVALID;
		have += (size_t)n;
	}
	text[have] = '\0';
	*ret = (struct str){ text, have };
	return memchr(text, '\0', have) ? RC_INVALID : RC_OK;
}

static enum rc load(struct arena *arena, struct str path, struct migration *ret,
		    const char **ret_error)
{
	int fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		*ret_error = arena_printf(arena, "%s: %s", path.ptr, strerror(errno)).ptr;
		return RC_NOT_FOUND;
	}
	enum rc rc = read_fd(arena, fd, &ret->text);
	close(fd);
	if (rc != RC_OK) {
		*ret_error = arena_printf(arena, "%s: not readable as a text of at most 16 MB",
					  path.ptr)
				     .ptr;
		return rc;
	}
	hash_sha256(ret->text, ret->sha256);
	return RC_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct migration *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static size_t list(struct arena *arena, DIR *dir, struct migration *rows, size_t cap)
{
	struct dirent *entry;
	size_t n = 0;
	int version;
	while (n < cap && (entry = readdir(dir)))
		if (parse_name(str_of(entry->d_name), &version))
			rows[n++] = (struct migration){
				.version = version,
				.name = arena_strz(arena, str_of(entry->d_name)),
			};
	return n;
}

enum rc migrations_load(struct arena *arena, const char *dir, struct migrations *ret,
			const char **ret_error)
{
	DIR *open_dir = opendir(dir);
	if (!open_dir) {
		*ret_error = arena_printf(arena, "%s: %s", dir, strerror(errno)).ptr;
		return RC_NOT_FOUND;
	}
	struct migration *rows = arena_zalloc(arena, MIGRATIONS_MAX * sizeof(*rows));
	size_t count = list(arena, open_dir, rows, MIGRATIONS_MAX);
	closedir(open_dir);
	qsort(rows, count, sizeof(*rows), by_name);
	for (size_t i = 0; i < count; i++) {
		struct str path = arena_printf(arena, "%s/%s", dir, rows[i].name);
		enum rc rc = load(arena, path, &rows[i], ret_error);
		if (rc != RC_OK)
			return rc;
		if (i > 0 && rows[i].version == rows[i - 1].version) {
			*ret_error = arena_printf(arena, "%s and %s have the same number",
						  rows[i - 1].name, rows[i].name)
					     .ptr;
			return RC_INVALID;
		}
	}
	if (count == 0) {
		*ret_error = arena_printf(arena, "%s: no migrations there", dir).ptr;
		return RC_NOT_FOUND;
	}
	*ret = (struct migrations){ rows, count };
	return RC_OK;
}

enum rc migration_optional(struct arena *arena, const char *dir, const char *name,
			   struct migration *ret, const char **ret_error)
{
	struct migration row = { .version = 0 };
	if (!is_word(str_of(name))) {
		*ret_error = "the name of an optional migration has a-z, 0-9 and _ only";
		return RC_INVALID;
	}
	struct str path = arena_printf(arena, "%s/optional/%s.sql", dir, name);
	row.name = arena_printf(arena, "optional/%s.sql", name).ptr;
	enum rc rc = load(arena, path, &row, ret_error);
	if (rc == RC_OK)
		*ret = row;
	return rc;
}

/* Words after a colon; "::word" is a cast. */
static bool word_at(struct str text, size_t at, const char *word)
{
	size_t len = strlen(word), end = at + 1 + len;
	if (text.ptr[at] != ':' || (at > 0 && text.ptr[at - 1] == ':') || end > text.len ||
	    memcmp(text.ptr + at + 1, word, len) != 0)
		return false;
	return end == text.len || !is_word((struct str){ text.ptr + end, 1 });
}

const char *migration_fill(struct arena *arena, struct str text,
			   const struct placeholder *placeholders, size_t count)
{
	struct buf out;
	buf_init(&out, arena, BUF_NO_MAX);
	for (size_t i = 0; i < text.len; i++) {
		const struct placeholder *p = placeholders;
		while (p < placeholders + count && !word_at(text, i, p->word))
			p++;
		if (p == placeholders + count) {
			buf_addc(&out, text.ptr[i]);
			continue;
		}
		buf_adds(&out, str_of(p->value));
		i += strlen(p->word);
	}
	buf_addc(&out, '\0');
	return out.ptr;
}

const char *identifier_quote(struct arena *arena, const char *name)
{
	struct buf out;
	buf_init(&out, arena, BUF_NO_MAX);
	buf_addc(&out, '"');
	for (const char *c = name; *c; c++) {
		if (*c == '"')
			buf_addc(&out, '"');
		buf_addc(&out, *c);
	}
	buf_add(&out, "\"", sizeof("\""));
	return out.ptr;
}
