#include "base/board.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/scope.h"

#define MAGIC  "SMBOARD\n"
#define LAYOUT 3 /* raise it when a field changes its meaning without changing any size */

/* What the file begins with.  The sizes and counts catch a board of another build, the
 * names one whose cells mean something else: a row was moved in a table. */
struct head {
	char magic[8];
	uint32_t layout, slot_size, slots, counters, histograms, buckets, cells, alerts;
	uint64_t names;
};

struct page {
	struct head head;
	uint64_t id;
	struct limit_table limits;
	struct board_slot slot[BOARD_SLOTS];
	struct ledger ledger;
	struct vitals vitals;
};

struct board {
	struct page *page;
};

static void add_name(struct buf *names, const char *name)
{
	buf_adds(names, str_of(name));
	buf_addc(names, '\n');
}

/* Of all that is counted, in the order of its cells. */
static uint64_t hash_names(const struct tally_names *counted)
{
	struct buf names;

	buf_init(&names, NULL, BUF_NO_MAX);
	for (size_t i = 0; i < COUNTER_COUNT; i++)
		add_name(&names, counter_rows[i].prom);
	for (size_t i = 0; i < HISTOGRAM_COUNT; i++)
		add_name(&names, histogram_rows[i].prom);
	for (size_t i = 0; i < TALLY_OUTCOMES; i++)
		add_name(&names, tally_outcomes[i].name);
	for (size_t i = 0; i < ALERT_COUNT; i++)
		add_name(&names, alert_rows[i].name);
	for (size_t i = 0; counted && i < counted->routes; i++)
		add_name(&names, counted->route[i] ? counted->route[i] : "");
	add_name(&names, "reads");
	for (size_t i = 0; counted && i < counted->reads; i++)
		add_name(&names, counted->read[i] ? counted->read[i] : "");
	uint64_t hash = hash_fast(names.ptr, names.len);
	buf_release(&names);
	return hash;
}

static struct head head_of(const struct tally_names *counted)
{
	return (struct head){
		.magic = MAGIC,
		.layout = LAYOUT,
		.slot_size = sizeof(struct board_slot),
		.slots = BOARD_SLOTS,
		.counters = COUNTER_COUNT,
		.histograms = HISTOGRAM_COUNT,
		.buckets = HISTOGRAM_BUCKETS,
		.cells = TALLY_CELLS,
		.alerts = ALERT_COUNT,
		.names = hash_names(counted),
	};
}

static const char *const state_names[] = {
	[BOARD_FREE] = "free",         [BOARD_STARTING] = "starting",
	[BOARD_IDLE] = "idle",         [BOARD_READING] = "reading",
	[BOARD_WORKING] = "working",   [BOARD_WRITING] = "writing",
	[BOARD_DRAINING] = "draining", [BOARD_DEAD] = "dead",
};

const char *board_state_name(enum board_state state)
{
	return (size_t)state < COUNT_OF(state_names) ? state_names[state] : "unknown";
}

/* The descriptor of a file that is a board of this build, else -1. */
static int open_valid(const char *path, const struct head *expected)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct head head;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    st.st_size == (off_t)sizeof(struct page) &&
	    pread(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	    memcmp(&head, expected, sizeof(head)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Every slot of a new board says that it never had a role. */
static int fill(int fd, const struct head *head)
{
	int failed = posix_fallocate(fd, 0, sizeof(struct page));
	struct limit_table limits; /* only its key is written */
	int32_t never = -1;
	uint64_t id;

	hash_random(&id, sizeof(id));
	if (!failed && pwrite(fd, &id, sizeof(id), offsetof(struct page, id)) != sizeof(id))
		failed = errno;

	for (size_t i = 0; !failed && i < BOARD_SLOTS; i++) {
		off_t at = (off_t)(offsetof(struct page, slot) + i * sizeof(struct board_slot) +
				   offsetof(struct board_slot, role));

		if (pwrite(fd, &never, sizeof(never), at) != (ssize_t)sizeof(never))
			failed = errno;
	}
	limit_init(&limits);
	if (!failed && pwrite(fd, &limits.key, sizeof(limits.key),
			      offsetof(struct page, limits.key)) != sizeof(limits.key))
		failed = errno;
	if (!failed && pwrite(fd, head, sizeof(*head), 0) != (ssize_t)sizeof(*head))
		failed = errno;
	return failed;
}

/* Made beside the path and renamed onto it: nobody ever attaches to half a board. */
static int make_new(const char *path, const struct head *head, int *ret_fd)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *beside = mem_alloc(size);
	int fd, failed;

	snprintf(beside, size, "%s.XXXXXX", path);
	fd = mkostemp(beside, O_CLOEXEC); /* mode 0600 */
	failed = fd < 0 ? errno : fill(fd, head);
	if (!failed && rename(beside, path) != 0)
		failed = errno;
	if (failed && fd >= 0) {
		unlink(beside);
		close(fd);
	}
	free(beside);
	if (!failed)
		*ret_fd = fd;
	return failed;
}

enum rc board_open(const char *path, const struct tally_names *counted, struct board **ret,
		   const char **ret_error)
{
	const struct head head = head_of(counted);
	int fd = open_valid(path, &head), failed = 0;
	struct page *page;

	if (fd < 0)
		failed = make_new(path, &head, &fd);
	if (failed) {
		*ret_error = strerror(failed);
		return RC_UNAVAILABLE;
	}
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	failed = errno;
	close(fd);
	if (page == MAP_FAILED) {
		*ret_error = strerror(failed);
		return RC_UNAVAILABLE;
	}
	*ret = mem_alloc(sizeof(**ret));
	(*ret)->page = page;
	return RC_OK;
}

void board_close(struct board *board)
{
	if (!board)
		return;
	munmap(board->page, sizeof(*board->page));
	free(board);
}

struct board_slot *board_slot(struct board *board, size_t i)
{
	assert(i < BOARD_SLOTS);
	return &board->page->slot[i];
}

struct limit_table *board_limits(struct board *board)
{
	return &board->page->limits;
}

void board_state(struct board_slot *slot, enum board_state state, int64_t mono_ns)
{
	__atomic_store_n(&slot->state_since_ns, mono_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->state, state, __ATOMIC_RELAXED);
}

void board_sum(const struct board *board, struct metric_cells *ret)
{
	*ret = (struct metric_cells){ 0 };
	for (size_t i = 0; i < BOARD_SLOTS; i++)
		metric_sum(ret, &board->page->slot[i].cells);
}

/* A slot that no process ever had holds nothing. */
static bool was_used(const struct board_slot *slot)
{
	return slot->started_us != 0;
}

void board_tally(const struct board *board, struct tally *ret)
{
	*ret = (struct tally){ 0 };
	for (size_t i = 0; i < BOARD_SLOTS; i++)
		if (was_used(&board->page->slot[i]))
			tally_sum(ret, &board->page->slot[i].tally);
}

#define TOP_MERGED (8 * TOP_KEYS)

size_t board_top(const struct board *board, struct top_row *ret, size_t n)
{
	struct top_row *all = mem_alloc(TOP_MERGED * sizeof(*all)), rows[TOP_KEYS];
	size_t have = 0;

	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		size_t found = was_used(&board->page->slot[i])
				       ? top_read(&board->page->slot[i].top, rows)
				       : 0;
		for (size_t k = 0; k < found; k++)
			have = top_merge(all, have, TOP_MERGED, &rows[k]);
	}
	top_sort(all, have);
	if (n > have)
		n = have;
	memcpy(ret, all, n * sizeof(*ret));
	free(all);
	return n;
}

uint64_t board_id(const struct board *board)
{
	return board->page->id;
}

struct ledger *board_ledger(struct board *board)
{
	return &board->page->ledger;
}

struct vitals *board_vitals(struct board *board)
{
	return &board->page->vitals;
}
