/* Labels, rows that stream, and epochs on a real server. */
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include "base/scope.h"
#include "lib/live_pg.h"
#include "net/epoch.h"
#include "net/pg.h"

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 10000 };
static struct pg *pg;

static void up(void)
{
	pg = pg_new(&options, live_pg_url());
}

static void down(void)
{
	pg_free(pg);
}

static uint64_t number_of(struct pg *on, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result row = pg_exec(on, sql);

	ck_assert_msg(row.rc == RC_OK && row.count == 1, "%s: %s", sql, pg_error(on));
	return (uint64_t)pg_i64(&row, 0, 0);
}

static void run(struct pg *on, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(on, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(on));
}

static enum rc ping(void)
{
	SCOPED(pg_result_done) struct pg_result row = pg_run(pg, STMT_ping, PG_NO_ARGS);

	ck_assert(row.rc != RC_OK || (row.count == 1 && !pg_flag(&row, 0, 0)));
	return row.rc;
}

#define NEXT_XID "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

START_TEST(a_read_has_a_label)
{
	ck_assert_uint_eq(pg_label(pg), 0);
	pg_label_begin(pg);
	ck_assert_int_eq(ping(), RC_OK);
	uint64_t label = pg_label(pg);
	ck_assert_uint_gt(label, 0);
	ck_assert_uint_eq(label, number_of(pg, NEXT_XID));
	/* It was for that read. */
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_eq(pg_label(pg), 0);
	/* Nothing was read. */
	pg_label_begin(pg);
	ck_assert_uint_eq(pg_label(pg), 0);
}
END_TEST

START_TEST(later_statements_keep_the_first_label)
{
	pg_label_begin(pg);
	ck_assert_int_eq(ping(), RC_OK);
	run(pg, "SELECT pg_current_xact_id()");
	ck_assert_int_eq(ping(), RC_OK);
	uint64_t label = pg_label(pg);
	ck_assert_uint_eq(label, number_of(pg, NEXT_XID) - 1);
}
END_TEST

START_TEST(a_writer_holds_labels_back)
{
	struct pg *writer = pg_new(&options, live_pg_url());

	run(writer, "BEGIN");
	uint64_t xid = number_of(writer, "SELECT pg_current_xact_id()::text::bigint");
	run(pg, "SELECT pg_current_xact_id()");
	pg_label_begin(pg);
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_eq(pg_label(pg), xid);
	run(writer, "COMMIT");
	pg_label_begin(pg);
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_eq(pg_label(pg), xid + 2);
	pg_free(writer);
}
END_TEST

START_TEST(transactions_and_plain_text_have_none)
{
	run(pg, "BEGIN");
	pg_label_begin(pg);
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_eq(pg_label(pg), 0);
	pg_label_begin(pg);
	run(pg, "COMMIT");
	pg_label_begin(pg);
	run(pg, "SELECT 1");
	/* The first statement was not labelled: nor is the read. */
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_eq(pg_label(pg), 0);
}
END_TEST

START_TEST(a_failure_in_the_pipeline_is_an_ordinary_one)
{
	for (int i = 0; i < 3; i++) {
		pg_label_begin(pg);
		SCOPED(pg_result_done)
		struct pg_result bad =
			pg_exec_args(pg, "SELECT 1 / $1::int", PG_ARGS(pg_text("0")));
		ck_assert_int_eq(bad.rc, RC_INVALID);
		ck_assert_str_eq(pg_sqlstate(pg), "22012");
		ck_assert_uint_eq(pg_label(pg), 0);
		pg_label_begin(pg);
		SCOPED(pg_result_done)
		struct pg_result good =
			pg_exec_args(pg, "SELECT 6 / $1::int", PG_ARGS(pg_text("2")));
		ck_assert_int_eq(good.rc, RC_OK);
		ck_assert_int_eq(pg_i64(&good, 0, 0), 3);
		ck_assert_uint_gt(pg_label(pg), 0);
	}
}
END_TEST

START_TEST(a_timeout_in_the_pipeline_is_an_ordinary_one)
{
	pg_set_deadline(pg, 200);
	pg_label_begin(pg);
	SCOPED(pg_result_done)
	struct pg_result slow =
		pg_exec_args(pg, "SELECT pg_sleep($1::float8)", PG_ARGS(pg_text("20")));
	ck_assert_int_eq(slow.rc, RC_TIMEOUT);
	pg_set_deadline(pg, 0);
	pg_label_begin(pg);
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_gt(pg_label(pg), 0);
}
END_TEST

/* What comes after may be of a server that never heard of the label. */
START_TEST(a_lost_connection_takes_the_label_along)
{
	char sql[128];
	struct pg *super = pg_new(&options, live_pg_super_url());

	uint64_t backend = number_of(pg, "SELECT pg_backend_pid()");
	pg_label_begin(pg);
	ck_assert_int_eq(ping(), RC_OK);
	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lu, 5000)::int",
		 (unsigned long)backend);
	ck_assert_uint_eq(number_of(super, sql), 1);
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_ne(number_of(pg, "SELECT pg_backend_pid()"), backend);
	ck_assert_uint_eq(pg_label(pg), 0);
	/* Lost before the first statement: the new connection's read is labelled. */
	backend = number_of(pg, "SELECT pg_backend_pid()");
	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lu, 5000)::int",
		 (unsigned long)backend);
	pg_label_begin(pg);
	ck_assert_uint_eq(number_of(super, sql), 1);
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_gt(pg_label(pg), 0);
	pg_free(super);
}
END_TEST

static enum rc ping_hook(struct pg *on, void *ctx)
{
	SCOPED(pg_result_done) struct pg_result row = pg_run(on, STMT_ping, PG_NO_ARGS);

	(void)ctx;
	return row.rc;
}

START_TEST(the_hook_is_no_read)
{
	pg_on_connect(pg, ping_hook, NULL);
	pg_label_begin(pg);
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_gt(pg_label(pg), 0);
}
END_TEST

/* --- streams ----------------------------------------------------------------------------- */

struct seen {
	int rows;
};

static void see(void *ctx, const struct pg_result *row)
{
	struct seen *seen = ctx;
	struct str tags = pg_str(row, 0, 0);

	ck_assert_int_eq(row->count, 1);
	seen->rows++;
	if (!pg_is_null(row, 0, 5))
		ck_assert_uint_gt(tags.len, 0);
}

START_TEST(rows_come_one_by_one)
{
	struct seen seen = { 0 };
	char from[64];

	snprintf(from, sizeof(from), "%lu:%lu:", (unsigned long)number_of(pg, NEXT_XID),
		 (unsigned long)number_of(pg, NEXT_XID));
	run(pg, "SELECT such_market.cache_invalidate(ARRAY['u:' || g])"
		" FROM generate_series(1, 20000) AS g");
	ck_assert_int_eq(pg_stream(pg, STMT_event_poll, PG_ARGS(pg_text(from)), see, &seen),
			 RC_OK);
	ck_assert_int_eq(seen.rows, 20001);
	/* Bad input is an ordinary failure. */
	seen.rows = 0;
	ck_assert_int_eq(
		pg_stream(pg, STMT_event_poll, PG_ARGS(pg_text("nonsense")), see, &seen),
		RC_INVALID);
	ck_assert_int_eq(seen.rows, 0);
	ck_assert_int_eq(ping(), RC_OK);
}
END_TEST

START_TEST(a_stream_ends_the_wish_for_a_label)
{
	struct seen seen = { 0 };

	pg_label_begin(pg);
	ck_assert_int_eq(pg_stream(pg, STMT_event_poll, PG_ARGS(pg_text(NULL)), see, &seen),
			 RC_OK);
	ck_assert_int_eq(seen.rows, 1);
	ck_assert_int_eq(ping(), RC_OK);
	ck_assert_uint_eq(pg_label(pg), 0);
}
END_TEST

/* --- epochs ------------------------------------------------------------------------------ */

START_TEST(parts_make_epochs)
{
	struct str history = STR("7/00000001/18028/69e0c051");

	ck_assert_uint_eq(epoch_of(history, 1), epoch_of(history, 1));
	ck_assert_uint_ne(epoch_of(history, 1), epoch_of(history, 2));
	ck_assert_uint_ne(epoch_of(history, 1), epoch_of(STR("8/00000001/18028/69e0c051"), 1));
	ck_assert_uint_eq(epoch_of(STR_NONE, 1), 0);
}
END_TEST

START_TEST(crashes_and_clears_change_the_epoch)
{
	uint64_t first = 0, again = 0;

	ck_assert_int_eq(epoch_read(pg, &first), RC_OK);
	live_pg_restart();
	ck_assert_int_eq(epoch_read(pg, &again), RC_OK);
	ck_assert_uint_eq(first, again);
	run(pg, "SELECT such_market.cache_clear_all()");
	ck_assert_int_eq(epoch_read(pg, &again), RC_OK);
	ck_assert_uint_ne(first, again);
	live_pg_crash();
	live_pg_resume();
	uint64_t cleared = number_of(pg, "SELECT cleared FROM such_market.cache_clear");
	ck_assert_uint_ge(cleared, 1);
	ck_assert_int_eq(epoch_read(pg, &first), RC_OK);
	ck_assert_uint_ne(first, again);
}
END_TEST

static void add_all(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, live_pg_start, live_pg_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_read_has_a_label);
	tcase_add_test(tc, later_statements_keep_the_first_label);
	tcase_add_test(tc, a_writer_holds_labels_back);
	tcase_add_test(tc, transactions_and_plain_text_have_none);
	tcase_add_test(tc, a_failure_in_the_pipeline_is_an_ordinary_one);
	tcase_add_test(tc, a_timeout_in_the_pipeline_is_an_ordinary_one);
	tcase_add_test(tc, a_lost_connection_takes_the_label_along);
	tcase_add_test(tc, the_hook_is_no_read);
	tcase_add_test(tc, rows_come_one_by_one);
	tcase_add_test(tc, a_stream_ends_the_wish_for_a_label);
	tcase_add_test(tc, parts_make_epochs);
	tcase_add_test(tc, crashes_and_clears_change_the_epoch);
}

SUITE_OF(add_all)
