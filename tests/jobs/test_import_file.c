/* Files cut into records, and records into fields. */
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/hex.h"
#include "jobs/import_csv.h"
#include "jobs/import_file.h"

static char path[] = "/tmp/such-market-file-XXXXXX";

static void make(struct import_file *file, const char *text, size_t len, bool quotes,
		 size_t max)
{
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(import_file_open(file, path, quotes, max), RC_OK);
	ck_assert_int_eq(close(fd) | unlink(path), 0);
}

static void next_is(struct import_file *file, uint64_t line, const char *expected)
{
	struct str record;
	ck_assert_int_eq(import_file_next(file, &record), IMPORT_FILE_RECORD);
	ck_assert_msg(str_eqz(record, expected), STR_FMT, STR_ARG(record));
	ck_assert_uint_eq(file->line, line);
}

static void ends(struct import_file *file)
{
	struct str record;
	ck_assert_int_eq(import_file_next(file, &record), IMPORT_FILE_END);
	import_file_close(file);
}

START_TEST(lines)
{
	struct import_file f;
	make(&f, "a\r\n\nb \"\nc", 9, false, 100);
	next_is(&f, 1, "a");
	next_is(&f, 2, "");
	next_is(&f, 3, "b \"");
	next_is(&f, 4, "c");
	ends(&f);
}
END_TEST

START_TEST(quoted_line_breaks)
{
	struct import_file f;
	const char *text = "a,\"x\ny\"\nb\n";
	make(&f, text, strlen(text), true, 100);
	next_is(&f, 1, "a,\"x\ny\"");
	next_is(&f, 3, "b");
	ends(&f);
}
END_TEST

/* A stray quote costs its line, not the file. */
START_TEST(unclosed_quote)
{
	struct import_file f;
	const char *text = "a,\"x\nb\nc,\"\n\nd\n";
	make(&f, "a,\"x\nb\nc\n", 9, true, 100);
	next_is(&f, 1, "a,\"x");
	next_is(&f, 2, "b");
	next_is(&f, 3, "c");
	ends(&f);
	make(&f, text, strlen(text), true, 4);
	next_is(&f, 1, "a,\"x");
	next_is(&f, 2, "b");
	ck_assert_ptr_null(f.error);
	import_file_close(&f);
}
END_TEST

START_TEST(long_line_is_passed_over)
{
	struct import_file f;
	struct str record;
	size_t len = 3 << 20;
	char *text = malloc(len);
	memset(text, 'x', len);
	memcpy(text, "a\n", 2);
	memcpy(text + len - 3, "\nb\n", 3);
	make(&f, text, len, false, 1 << 20);
	next_is(&f, 1, "a");
	ck_assert_int_eq(import_file_next(&f, &record), IMPORT_FILE_LONG);
	ck_assert_uint_eq(f.line, 2);
	ck_assert_uint_lt(f.cap, 3 << 20);
	next_is(&f, 3, "b");
	ends(&f);
	free(text);
}
END_TEST

START_TEST(digest_of_the_text)
{
	struct import_file f;
	struct str record;
	uint8_t hash[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];
	make(&f, "abc", 3, false, 10);
	next_is(&f, 1, "abc");
	ck_assert_int_eq(import_file_next(&f, &record), IMPORT_FILE_END);
	import_file_hash(&f, hash);
	hex_write(hash, sizeof(hash), hex);
	/* FIPS 180-2, appendix B.1 */
	ck_assert_str_eq(hex,
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	import_file_close(&f);
}
END_TEST

START_TEST(fields)
{
	struct arena *arena = arena_new(1024);
	struct csv_row row;
	const char *why = NULL;
	ck_assert(csv_split(arena, STR("a,\"b \"\"q\"\", c\",,"), &row, &why));
	ck_assert_uint_eq(row.count, 4);
	ck_assert(str_eqz(row.field[1], "b \"q\", c"));
	ck_assert(str_eqz(row.field[3], ""));
	ck_assert(!csv_split(arena, STR("\"a"), &row, &why));
	ck_assert_str_eq(why, "a quote is not closed");
	ck_assert(!csv_split(arena, STR("\"a\"b"), &row, &why));
	ck_assert(!csv_split(arena, STR("a\"b"), &row, &why));
	arena_free(arena);
}
END_TEST

SUITE(lines, quoted_line_breaks, unclosed_quote, long_line_is_passed_over, digest_of_the_text,
      fields)
