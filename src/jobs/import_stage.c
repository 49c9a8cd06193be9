/* Files into the stage tables: read, judge each line, COPY.  Nothing else changes. */
#include <string.h>
#include "base/arena.h"
#include "base/gz.h"
#include "base/scope.h"
#include "jobs/import_file.h"
#include "jobs/import_mark.h"
#include "jobs/import_run.h"
#include "net/pg.h"

#define BATCH_BYTES (32 * 1024) /* the server reads while the next is made */

/* How a kind of file is read. */
struct reader {
	enum import_kind kind;
	size_t path; /* in struct import_options */
	bool csv;
	size_t max;       /* bytes of a record */
	const char *copy; /* NULL: holders, which the program sorts itself (import_fill.c) */
	enum import_sql staged;
	enum line_fate (*json)(struct line *line, struct str text);
	bool (*header)(struct line *line, const struct csv_row *row);
	enum line_fate (*row)(struct line *line, const struct csv_row *row);
};

static const struct reader readers[] = {
	{ IMPORT_NFTS, offsetof(struct import_options, nfts), false, IMPORT_LINE_MAX,
	  "COPY stage_nft FROM STDIN", SQL_import_nft_staged, import_nft_line, NULL, NULL },
	{ IMPORT_OWNERS, offsetof(struct import_options, owners), true, IMPORT_CSV_MAX, NULL,
	  SQL_COUNT, NULL, import_owner_header, import_owner_row },
	{ IMPORT_TRANSFERS, offsetof(struct import_options, transfers), true, IMPORT_CSV_MAX,
	  "COPY stage_transfer FROM STDIN", SQL_import_transfer_staged, NULL,
	  import_transfer_header, import_transfer_row },
	{ IMPORT_USERS, offsetof(struct import_options, users), false, IMPORT_LINE_MAX,
	  "COPY stage_user FROM STDIN", SQL_import_user_staged, import_user_line, NULL, NULL },
};

/* One file on its way. */
struct staging {
	struct import *im;
	const struct reader *reader;
	struct import_file file;
	struct line line;
	struct buf out;
	size_t bytes; /* of records judged since the last flush */
	bool has_header;
	bool hopeless; /* more rejects than are worth reading on for */
};

static bool is_blank(struct str record)
{
	return str_trim(record).len == 0;
}

static enum line_fate judge_csv(struct staging *s, struct str record)
{
	struct csv_row row;
	if (!csv_split(s->line.arena, record, &row, &s->line.reason))
		return LINE_BAD;
	if (s->has_header)
		return s->reader->row(&s->line, &row);
	s->has_header = true;
	s->hopeless = !s->reader->header(&s->line, &row);
	return s->hopeless ? LINE_BAD : LINE_TAKEN;
}

/* A byte order mark may stand before the first line. */
static struct str without_mark(const struct staging *s, struct str record)
{
	struct str mark = STR("\xef\xbb\xbf");
	return s->file.line == 1 && str_starts(record, mark) ? str_from(record, mark.len)
							     : record;
}

static void judge(struct staging *s, struct str record)
{
	struct import_count *count = &s->im->summary->of[s->reader->kind];
	size_t before = s->out.len;
	bool is_header = s->reader->csv && !s->has_header;
	record = without_mark(s, record);
	if (is_blank(record))
		return;
	s->line.number = s->file.line;
	enum line_fate fate =
		s->reader->csv ? judge_csv(s, record) : s->reader->json(&s->line, record);
	if (fate != LINE_TAKEN)
		s->out.len = before;
	if (fate == LINE_BAD &&
	    !import_reject(s->im, s->file.path, s->file.line, s->line.reason))
		s->hopeless = true;
	if (fate == LINE_IGNORED)
		count->ignored++;
	if (fate == LINE_TAKEN && !is_header) {
		count->read++;
		if (!s->reader->copy)
			import_holder_add(s->im, buf_str(&s->out));
	}
	if (!s->reader->copy)
		buf_clear(&s->out);
	s->bytes += record.len;
	arena_reset(s->line.arena);
}

static enum rc flush(struct staging *s)
{
	enum rc rc = s->reader->copy ? pg_copy_put(s->im->pg, buf_str(&s->out)) : RC_OK;
	buf_clear(&s->out);
	s->bytes = 0;
	import_tell(s->im, "reading", s->file.path, gz_consumed(s->file.in),
		    gz_size(s->file.in));
	return rc == RC_OK ? RC_OK : import_broken(s->im, rc);
}

/* What the marks of the rows before mean. */
static enum rc copy_marks(struct staging *s)
{
	int64_t rows;
	enum rc rc = pg_copy_begin(s->im->pg, "COPY stage_attribute FROM STDIN");
	if (rc != RC_OK)
		return import_broken(s->im, rc);
	marks_write(s->line.marks, &s->out);
	rc = pg_copy_put(s->im->pg, buf_str(&s->out));
	buf_clear(&s->out);
	if (rc == RC_OK)
		rc = pg_copy_end(s->im->pg, NULL, &rows);
	return rc == RC_OK ? RC_OK : import_broken(s->im, rc);
}

/* The marks are full: they go between two COPYs of rows. */
static enum rc make_room(struct staging *s)
{
	int64_t rows;
	enum rc rc = flush(s);
	if (rc != RC_OK)
		return rc;
	rc = pg_copy_end(s->im->pg, NULL, &rows);
	if (rc != RC_OK)
		return import_broken(s->im, rc);
	rc = copy_marks(s);
	if (rc != RC_OK)
		return rc;
	rc = pg_copy_begin(s->im->pg, s->reader->copy);
	return rc == RC_OK ? RC_OK : import_broken(s->im, rc);
}

/* The whole file through COPY.  RC_INVALID: it could not be read on. */
static enum rc pump(struct staging *s)
{
	struct str record;
	enum import_got got;
	while (!s->hopeless && (got = import_file_next(&s->file, &record)) != IMPORT_FILE_END) {
		enum rc rc = RC_OK;
		if (got == IMPORT_FILE_FAILED)
			return import_refuse(s->im, "%s: line %llu: %s", s->file.path,
					     (unsigned long long)s->file.line, s->file.error);
		if (got == IMPORT_FILE_LONG)
			s->hopeless = !import_reject(s->im, s->file.path, s->file.line,
						     "the line is too long");
		else
			judge(s, record);
		if (s->line.marks && marks_full(s->line.marks))
			rc = make_room(s);
		else if (s->bytes >= BATCH_BYTES)
			rc = flush(s);
		if (rc != RC_OK)
			return rc;
	}
	return flush(s);
}

static enum rc copy_file(struct staging *s)
{
	int64_t rows;
	enum rc rc = pg_copy_begin(s->im->pg, s->reader->copy);
	if (rc != RC_OK)
		return import_broken(s->im, rc);
	rc = pump(s);
	if (rc != RC_OK) {
		pg_copy_end(s->im->pg, "the file cannot be read", &rows);
		return rc;
	}
	rc = pg_copy_end(s->im->pg, NULL, &rows);
	return rc == RC_OK ? RC_OK : import_broken(s->im, rc);
}

static enum rc read_file(struct staging *s)
{
	enum rc rc = s->reader->copy ? copy_file(s) : pump(s);
	if (rc == RC_OK && s->line.marks)
		rc = copy_marks(s);
	if (rc != RC_OK)
		return rc;
	if (s->reader->kind == IMPORT_TRANSFERS && !s->hopeless)
		import_file_hash(&s->file, s->im->transfers_hash);
	if (s->reader->csv && !s->has_header)
		import_reject(s->im, s->file.path, 0,
			      "the file is empty: a header line is needed");
	return RC_OK;
}

static enum rc run_staged(struct import *im, const struct reader *reader)
{
	SCOPED(pg_result_done)
	struct pg_result r = pg_exec(im->pg, import_sql_text(reader->staged));
	return r.rc == RC_OK ? RC_OK : import_broken(im, r.rc);
}

static enum rc stage_file(struct import *im, const struct reader *reader, const char *path)
{
	struct staging s = { .im = im, .reader = reader };
	enum rc rc = import_file_open(&s.file, path, reader->csv, reader->max);
	if (rc != RC_OK)
		return import_refuse(im, "%s: %s", path, s.file.error);
	s.line = (struct line){ .arena = im->line_arena,
				.out = &s.out,
				.has_contract = im->has_meta,
				.contract = im->meta.contract };
	if (reader->kind == IMPORT_NFTS)
		s.line.marks = marks_new();
	buf_init(&s.out, NULL, BUF_NO_MAX);
	rc = read_file(&s);
	buf_release(&s.out);
	marks_free(s.line.marks);
	im->several = im->several || s.line.several;
	import_file_close(&s.file);
	return rc == RC_OK && reader->copy ? run_staged(im, reader) : rc;
}

enum rc import_stage(struct import *im)
{
	enum rc rc = RC_OK;
	for (size_t i = 0; i < COUNT_OF(readers) && rc == RC_OK; i++) {
		const char *path;
		memcpy(&path, (const char *)im->options + readers[i].path, sizeof(path));
		if (path)
			rc = stage_file(im, &readers[i], path);
	}
	return rc == RC_OK && im->options->owners ? import_holders_judge(im) : rc;
}

enum rc import_read_meta(struct import *im)
{
	struct import_file file;
	struct str record, object = STR_NONE;
	const char *why = NULL;
	const char *path = im->options->collection;
	if (import_file_open(&file, path, false, IMPORT_LINE_MAX) != RC_OK)
		return import_refuse(im, "%s: %s", path, file.error);
	struct buf text;
	buf_init(&text, im->arena, IMPORT_LINE_MAX);
	enum import_got got;
	while ((got = import_file_next(&file, &record)) == IMPORT_FILE_RECORD) {
		buf_adds(&text, record);
		buf_addc(&text, '\n');
	}
	object = buf_str(&text);
	if (got == IMPORT_FILE_FAILED)
		why = file.error;
	else if (got == IMPORT_FILE_LONG || buf_failed(&text))
		why = "too long";
	else
		im->has_meta = import_meta_read(im->arena, object, &im->meta, &why);
	import_file_close(&file);
	return im->has_meta ? RC_OK : import_refuse(im, "%s: %s", path, why);
}
