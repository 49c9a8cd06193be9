/*
 * The lines of an import.  The first byte chooses the reader, the rest is its text.  Whatever
 * it is, a reader judges it without a crash, and a row that it takes is one line of COPY or the
 * record of a holder.
 * Rooms: base net jobs.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "jobs/import_holder.h"
#include "jobs/import_line.h"
#include "jobs/import_mark.h"
#include "jobs/import_spool.h"

static void check_row(const struct buf *out)
{
	if (out->len == 0 || out->ptr[out->len - 1] != '\n')
		abort();
	if (memchr(out->ptr, '\n', out->len - 1) || memchr(out->ptr, '\0', out->len))
		abort();
}

/* A holder's record: numbers that are what they were, and one row of COPY. */
static void check_holder(const struct buf *out)
{
	uint8_t packed[PACKED_MAX];
	struct holder h = holder_read(buf_str(out));
	struct u256 n;
	u256_unpack(h.token, &n);
	if (u256_pack(&n, packed) != packed_size(h.token) ||
	    memcmp(packed, h.token, packed_size(h.token)) != 0)
		abort();
	if (out->len > SPOOL_RECORD_MAX)
		abort();
}

static void feed_csv(struct line *line, struct str text,
		     bool (*header)(struct line *, const struct csv_row *),
		     enum line_fate (*judge)(struct line *, const struct csv_row *),
		     void (*check)(const struct buf *out))
{
	struct csv_row row;
	struct str record = str_cut(&text, '\n');
	if (!csv_split(line->arena, record, &row, &line->reason) || !header(line, &row))
		return;
	if (!csv_split(line->arena, text, &row, &line->reason))
		return;
	if (judge(line, &row) == LINE_TAKEN)
		check(line->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct arena *arena = arena_new(4096);
	struct buf out;
	struct import_meta meta;
	buf_init(&out, arena, BUF_NO_MAX);
	struct line line = { .arena = arena, .number = 1, .out = &out, .has_contract = true };
	struct str text = { (const char *)data + 1, size - 1 };
	switch (data[0] % 5) {
	case 0:
		line.has_contract = false;
		line.marks = marks_new();
		if (import_nft_line(&line, text) == LINE_TAKEN)
			check_row(&out);
		marks_free(line.marks);
		break;
	case 1:
		if (import_user_line(&line, text) == LINE_TAKEN)
			check_row(&out);
		break;
	case 2:
		feed_csv(&line, text, import_owner_header, import_owner_row, check_holder);
		break;
	case 3:
		feed_csv(&line, text, import_transfer_header, import_transfer_row, check_row);
		break;
	default:
		import_meta_read(arena, text, &meta, &line.reason);
	}
	arena_free(arena);
	return 0;
}
