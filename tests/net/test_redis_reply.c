/* Replies from bytes: what they mean, in how many pieces they may come, and what is refused. */
#include "suite.h"
#include "base/arena.h"
#include "base/scope.h"
#include "net/redis_reply.h"

static struct arena *arena;

static void up(void)
{
	arena = arena_new(4096);
}

static void down(void)
{
	arena_free(arena);
}

/* In pieces of some bytes each. */
static enum rc read_pieces(struct str bytes, size_t piece, struct redis_reply *ret)
{
	struct redis_reader *reader = redis_reader_new();
	enum rc rc = RC_NOT_FOUND;

	ck_assert(redis_reader_begin(reader, arena));
	while (bytes.len && rc == RC_NOT_FOUND) {
		size_t n = bytes.len < piece ? bytes.len : piece;

		rc = redis_reader_feed(reader, bytes.ptr, n);
		if (rc == RC_OK)
			rc = redis_reader_next(reader, ret);
		bytes = str_from(bytes, n);
	}
	redis_reader_free(reader);
	return rc;
}

START_TEST(kinds)
{
	static const struct {
		const char *bytes;
		enum redis_kind kind;
		int64_t integer;
		const char *text;
		size_t items;
	} rows[] = {
		{ "+OK\r\n", REDIS_STATUS, 0, "OK", 0 },
		{ "-ERR no\r\n", REDIS_ERROR, 0, "ERR no", 0 },
		{ ":-7\r\n", REDIS_INTEGER, -7, "", 0 },
		{ "$5\r\nhe\r\no\r\n", REDIS_BULK, 0, "he\r\no", 0 },
		{ "$0\r\n\r\n", REDIS_BULK, 0, "", 0 },
		{ "$-1\r\n", REDIS_NIL, 0, "", 0 },
		{ "*-1\r\n", REDIS_NIL, 0, "", 0 },
		{ "*0\r\n", REDIS_ARRAY, 0, "", 0 },
		{ "*2\r\n$1\r\na\r\n*1\r\n:5\r\n", REDIS_ARRAY, 0, "", 2 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t piece = 1; piece < 30; piece += 7) {
			struct redis_reply r;

			ck_assert_int_eq(read_pieces(str_of(rows[i].bytes), piece, &r), RC_OK);
			ck_assert_int_eq(r.kind, rows[i].kind);
			ck_assert_int_eq(r.integer, rows[i].integer);
			ck_assert(str_eqz(r.text, rows[i].text));
			ck_assert_uint_eq(r.items, rows[i].items);
			if (r.items) {
				ck_assert(str_eqz(r.item[0].text, "a"));
				ck_assert_int_eq(r.item[1].kind, REDIS_ARRAY);
				ck_assert_int_eq(r.item[1].item[0].integer, 5);
			}
		}
}
END_TEST

START_TEST(bulks_are_aligned)
{
	struct redis_reply r;

	ck_assert_int_eq(
		read_pieces(STR("*3\r\n$1\r\na\r\n$3\r\nabc\r\n$5\r\nabcde\r\n"), 99, &r),
		RC_OK);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq((uintptr_t)r.item[i].text.ptr % 16, 0);
}
END_TEST

START_TEST(several_in_one_piece)
{
	struct redis_reader *reader = redis_reader_new();
	struct redis_reply r;

	ck_assert(redis_reader_begin(reader, arena));
	ck_assert_int_eq(redis_reader_feed(reader, "+a\r\n+b\r\n+c", 10), RC_OK);
	ck_assert_int_eq(redis_reader_next(reader, &r), RC_OK);
	ck_assert(str_eqz(r.text, "a"));
	ck_assert_int_eq(redis_reader_next(reader, &r), RC_OK);
	ck_assert(str_eqz(r.text, "b"));
	ck_assert_int_eq(redis_reader_next(reader, &r), RC_NOT_FOUND);
	ck_assert(!redis_reader_begin(reader, arena)); /* "+c" would answer the next question */
	redis_reader_free(reader);
}
END_TEST

START_TEST(a_half_array_is_left_over)
{
	struct redis_reader *reader = redis_reader_new();
	struct redis_reply r;

	ck_assert(redis_reader_begin(reader, arena));
	ck_assert_int_eq(redis_reader_feed(reader, "*2\r\n+a\r\n", 8), RC_OK);
	ck_assert_int_eq(redis_reader_next(reader, &r), RC_NOT_FOUND);
	ck_assert(!redis_reader_begin(reader, arena));
	redis_reader_free(reader);
}
END_TEST

START_TEST(refused)
{
	static const struct {
		const char *bytes;
		enum rc rc;
	} rows[] = {
		{ "HTTP/1.1 400 Bad Request\r\n", RC_INVALID },
		{ "$-2\r\n", RC_INVALID },
		{ "$x\r\n", RC_INVALID },
		{ "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
		  RC_INVALID },
		{ "*20001\r\n", RC_TOO_LARGE },
		{ "*2147483647\r\n", RC_TOO_LARGE },
		{ "*99999999999\r\n", RC_INVALID },
		{ "*3\r\n*9000\r\n", RC_NOT_FOUND },
		{ "*2\r\n*0\r\n*19999\r\n", RC_TOO_LARGE },
		{ "$4000000000\r\nx", RC_NOT_FOUND },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct redis_reply r;
		enum rc rc = read_pieces(str_of(rows[i].bytes), 100, &r);

		ck_assert_msg(rc == rows[i].rc, "%s: %d", rows[i].bytes, rc);
	}
}
END_TEST

START_TEST(bytes_are_bounded)
{
	struct redis_reader *reader = redis_reader_new();
	struct redis_reply r;
	size_t size = REDIS_BYTES_MAX / 4;
	char *zeros = arena_zalloc(arena, size);

	ck_assert(redis_reader_begin(reader, arena));
	ck_assert_int_eq(redis_reader_feed(reader, "$4194290\r\n", 10), RC_OK);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(redis_reader_feed(reader, zeros, size), RC_OK);
	ck_assert_int_eq(redis_reader_next(reader, &r), RC_NOT_FOUND);
	ck_assert_int_eq(redis_reader_feed(reader, zeros, size), RC_TOO_LARGE);
	redis_reader_free(reader);
}
END_TEST

START_TEST(error_classes)
{
	static const struct {
		const char *text;
		enum redis_class class;
	} rows[] = {
		{ "NOSCRIPT No matching script", REDIS_CLASS_NOSCRIPT },
		{ "MOVED 3999 127.0.0.1:6381", REDIS_CLASS_CLUSTER },
		{ "ASK 3999 127.0.0.1:6381", REDIS_CLASS_CLUSTER },
		{ "CROSSSLOT Keys in request", REDIS_CLASS_CLUSTER },
		{ "CLUSTERDOWN Hash slot not served", REDIS_CLASS_CLUSTER },
		{ "TRYAGAIN", REDIS_CLASS_CLUSTER },
		{ "READONLY You can't write", REDIS_CLASS_STATE },
		{ "LOADING Redis is loading", REDIS_CLASS_STATE },
		{ "BUSY Redis is busy", REDIS_CLASS_STATE },
		{ "OOM command not allowed", REDIS_CLASS_STATE },
		{ "NOREPLICAS Not enough", REDIS_CLASS_STATE },
		{ "MASTERDOWN Link", REDIS_CLASS_STATE },
		{ "MISCONF Errors writing", REDIS_CLASS_STATE },
		{ "NOAUTH Authentication required.", REDIS_CLASS_RIGHTS },
		{ "WRONGPASS invalid", REDIS_CLASS_RIGHTS },
		{ "NOPERM this user", REDIS_CLASS_RIGHTS },
		{ "WRONGTYPE Operation", REDIS_CLASS_TYPE },
		{ "ERR unknown command", REDIS_CLASS_OTHER },
		{ "", REDIS_CLASS_OTHER },
		{ "BUSYGROUP x", REDIS_CLASS_OTHER },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		ck_assert_msg(redis_class_of(str_of(rows[i].text)) == rows[i].class, "%s",
			      rows[i].text);
}
END_TEST

SUITE_WITH(up, down, 0, kinds, bulks_are_aligned, several_in_one_piece,
	   a_half_array_is_left_over, refused, bytes_are_bounded, error_classes)
