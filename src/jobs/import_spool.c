#include "jobs/import_spool.h"
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"

#define MEMORY_MIN (64u << 10)
#define FIRST_CAP  (32u << 10)
#define PATH_SIZE  4096
#define AHEAD      16

/* Most comparisons end at the first eight bytes, which are therefore kept beside. */
struct entry {
	uint64_t head;
	uint32_t at; /* of the length byte that the record stands behind */
};

/* A sorted part of the file, read through a window of its own. */
struct run {
	off_t first, at, end; /* in the file; at: behind the window */
	uint8_t *window;
	size_t start, filled;
};

struct spool {
	size_t memory, used, cap; /* bytes of records */
	uint8_t *bytes;
	struct entry *entries;
	size_t count, entry_cap;
	uint64_t added;
	int fd; /* -1: all fits into memory */
	off_t written;
	struct run *runs;
	size_t run_count;
	size_t *heap; /* of runs, the least record on top */
	size_t heap_count;
	size_t window; /* bytes of a run's window */
	size_t next;   /* of entries, when all is in memory */
	bool sorted, moved;
	const char *error;
};

struct spool *spool_new(size_t memory)
{
	struct spool *s = mem_alloc(sizeof(*s));
	s->memory = memory < MEMORY_MIN ? MEMORY_MIN : memory;
	s->fd = -1;
	return s;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->run_count; i++)
		free(s->runs[i].window);
	if (s->fd >= 0)
		close(s->fd);
	free(s->runs);
	free(s->heap);
	free(s->bytes);
	free(s->entries);
	free(s);
}

uint64_t spool_count(const struct spool *s)
{
	return s->added;
}

const char *spool_error(const struct spool *s)
{
	return s->error;
}

static void failed(struct spool *s)
{
	if (!s->error)
		s->error = errno == ENOSPC ? "no room left for temporary files"
					   : "a temporary file cannot be made, written or read";
}

static uint64_t head_of(const uint8_t *record, size_t len)
{
	uint64_t head = 0;
	memcpy(&head, record, len < sizeof(head) ? len : sizeof(head));
	return be64toh(head);
}

/* Both begin with their length byte. */
static int compare(const uint8_t *a, const uint8_t *b)
{
	size_t shorter = a[0] < b[0] ? a[0] : b[0];
	int order = memcmp(a + 1, b + 1, shorter);
	return order ? order : (a[0] > b[0]) - (a[0] < b[0]);
}

static int compare_entries(const void *left, const void *right, void *bytes)
{
	const struct entry *a = left, *b = right;
	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	return compare((const uint8_t *)bytes + a->at, (const uint8_t *)bytes + b->at);
}

static void sort_entries(struct spool *s)
{
	qsort_r(s->entries, s->count, sizeof(*s->entries), compare_entries, s->bytes);
}

static void open_file(struct spool *s)
{
	char path[PATH_SIZE];
	const char *dir = getenv("TMPDIR");
	int n = snprintf(path, sizeof(path), "%s/such-market-XXXXXX",
			 dir && *dir ? dir : "/tmp");
	s->fd = n < (int)sizeof(path) ? mkostemp(path, O_CLOEXEC) : -1;
	if (s->fd < 0)
		failed(s);
	else
		unlink(path);
}

static void write_all(struct spool *s, const uint8_t *bytes, size_t len)
{
	while (len > 0 && !s->error) {
		ssize_t n = pwrite(s->fd, bytes, len, s->written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			failed(s);
			return;
		}
		bytes += n;
		len -= (size_t)n;
		s->written += n;
	}
}

/* What is in memory becomes a run of the file. */
static void spill(struct spool *s)
{
	uint8_t out[64 * 1024];
	size_t len = 0;
	off_t first = s->written;
	if (s->fd < 0 && !s->error)
		open_file(s);
	sort_entries(s);
	for (size_t i = 0; i < s->count && !s->error; i++) {
		const uint8_t *record = s->bytes + s->entries[i].at;
		if (sizeof(out) - len < (size_t)record[0] + 1) {
			write_all(s, out, len);
			len = 0;
		}
		memcpy(out + len, record, (size_t)record[0] + 1);
		len += (size_t)record[0] + 1;
	}
	write_all(s, out, len);
	s->runs = mem_grow(s->runs, (s->run_count + 1) * sizeof(*s->runs));
	s->runs[s->run_count++] = (struct run){ .first = first, .end = s->written };
	s->used = 0;
	s->count = 0;
}

static size_t grown(size_t cap, size_t first)
{
	return cap ? 2 * cap : first;
}

void spool_add(struct spool *s, const void *bytes, size_t len)
{
	assert(len <= SPOOL_RECORD_MAX && !s->sorted);
	if (s->used + len + 1 + (s->count + 1) * sizeof(*s->entries) > s->memory)
		spill(s);
	if (s->used + len + 1 > s->cap) {
		s->cap = grown(s->cap, FIRST_CAP);
		s->bytes = mem_grow(s->bytes, s->cap);
	}
	if (s->count == s->entry_cap) {
		s->entry_cap = grown(s->entry_cap, FIRST_CAP / sizeof(*s->entries));
		s->entries = mem_grow(s->entries, s->entry_cap * sizeof(*s->entries));
	}
	s->entries[s->count++] = (struct entry){ head_of(bytes, len), (uint32_t)s->used };
	s->bytes[s->used] = (uint8_t)len;
	memcpy(s->bytes + s->used + 1, bytes, len);
	s->used += len + 1;
	s->added++;
}

/* More of a run into its window, behind what is left there. */
static void fill(struct spool *s, struct run *run)
{
	size_t left = run->filled - run->start;
	memmove(run->window, run->window + run->start, left);
	run->start = 0;
	run->filled = left;
	while (run->filled < s->window && run->at < run->end && !s->error) {
		size_t room = s->window - run->filled;
		size_t rest = (size_t)(run->end - run->at);
		ssize_t n = pread(s->fd, run->window + run->filled, room < rest ? room : rest,
				  run->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			failed(s);
			return;
		}
		run->filled += (size_t)n;
		run->at += n;
	}
}

/* The run's record, whole; NULL: there is none left. */
static const uint8_t *peek(struct spool *s, size_t number)
{
	struct run *run = &s->runs[number];
	size_t left = run->filled - run->start;
	if (left == 0 || left < (size_t)run->window[run->start] + 1) {
		fill(s, run);
		left = run->filled;
	}
	if (s->error || left == 0 || left < (size_t)run->window[run->start] + 1)
		return NULL;
	return run->window + run->start;
}

static bool before(const struct spool *s, size_t a, size_t b)
{
	const struct run *left = &s->runs[a], *right = &s->runs[b];
	return compare(left->window + left->start, right->window + right->start) < 0;
}

static void sift_down(struct spool *s, size_t at)
{
	for (;;) {
		size_t least = at, child = 2 * at + 1;
		for (size_t i = child; i < child + 2 && i < s->heap_count; i++) {
			if (before(s, s->heap[i], s->heap[least]))
				least = i;
		}
		if (least == at)
			return;
		size_t kept = s->heap[at];
		s->heap[at] = s->heap[least];
		s->heap[least] = kept;
		at = least;
	}
}

void spool_rewind(struct spool *s)
{
	assert(s->sorted);
	s->next = 0;
	s->moved = false;
	s->heap_count = 0;
	for (size_t i = 0; i < s->run_count; i++) {
		s->runs[i].at = s->runs[i].first;
		s->runs[i].start = s->runs[i].filled = 0;
		if (peek(s, i))
			s->heap[s->heap_count++] = i;
	}
	for (size_t i = s->heap_count; i-- > 0;)
		sift_down(s, i);
}

/* The memory of the records becomes that of the windows. */
static void open_runs(struct spool *s)
{
	if (s->count)
		spill(s);
	free(s->bytes);
	free(s->entries);
	s->bytes = NULL;
	s->entries = NULL;
	s->heap = mem_alloc(s->run_count * sizeof(*s->heap));
	s->window = s->memory / s->run_count;
	if (s->window < 4096)
		s->window = 4096;
	for (size_t i = 0; i < s->run_count; i++)
		s->runs[i].window = mem_alloc(s->window);
}

enum rc spool_sort(struct spool *s)
{
	assert(!s->sorted);
	if (s->run_count)
		open_runs(s);
	else
		sort_entries(s);
	s->sorted = true;
	spool_rewind(s);
	return s->error ? RC_INTERNAL : RC_OK;
}

static bool next_of_runs(struct spool *s, struct str *ret)
{
	if (s->moved && s->heap_count) { /* behind the record of the last call */
		struct run *top = &s->runs[s->heap[0]];
		top->start += (size_t)top->window[top->start] + 1;
		if (!peek(s, s->heap[0]))
			s->heap[0] = s->heap[--s->heap_count];
		sift_down(s, 0);
	}
	s->moved = true;
	if (s->error || s->heap_count == 0)
		return false;
	const struct run *top = &s->runs[s->heap[0]];
	const uint8_t *record = top->window + top->start;
	*ret = (struct str){ (const char *)record + 1, record[0] };
	return true;
}

bool spool_next(struct spool *s, struct str *ret)
{
	assert(s->sorted);
	if (s->run_count)
		return next_of_runs(s, ret);
	if (s->next == s->count)
		return false;
	if (s->next + AHEAD < s->count) /* they lie in the order in which they came */
		__builtin_prefetch(s->bytes + s->entries[s->next + AHEAD].at);
	const uint8_t *record = s->bytes + s->entries[s->next++].at;
	*ret = (struct str){ (const char *)record + 1, record[0] };
	return true;
}
