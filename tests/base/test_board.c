#include "lib/child.h"
#include "suite.h"
#include "base/board.h"
#include "base/scope.h"
#include "base/tmp.h"
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>

static struct board *open_board(void)
{
	struct board *b = NULL;
	const char *error = "";

	ck_assert_msg(board_open(tmp_path("board"), NULL, &b, &error) == RC_OK, "%s", error);
	return b;
}

START_TEST(a_new_board_is_empty_and_private)
{
	struct board *b = open_board();
	struct stat st;

	ck_assert_int_eq(stat(tmp_path("board"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_ge(st.st_blocks * 512, st.st_size);
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		ck_assert_int_eq(board_slot(b, i)->role, -1);
		ck_assert_int_eq(board_slot(b, i)->state, BOARD_FREE);
		ck_assert_uint_eq(board_slot(b, i)->requests, 0);
		ck_assert_uint_eq((uintptr_t)board_slot(b, i) % 64, 0);
	}
	board_close(b);
	board_close(NULL);
}
END_TEST

START_TEST(counters_survive_their_master)
{
	struct board *b = open_board();

	board_slot(b, 3)->role = 1;
	board_slot(b, 3)->cells.counter[COUNTER_requests] = 12;
	board_close(b);
	b = open_board();
	ck_assert_int_eq(board_slot(b, 3)->role, 1);
	ck_assert_uint_eq(board_slot(b, 3)->cells.counter[COUNTER_requests], 12);
	board_close(b);
}
END_TEST

START_TEST(processes_see_each_other)
{
	struct board *b = open_board();
	struct metric_cells sum;
	pid_t pid;

	for (size_t i = 0; i < 3; i++) {
		pid = child_fork();
		if (pid == 0) {
			metric_attach(&board_slot(b, i)->cells);
			metric_add(COUNTER_requests, i + 1);
			metric_time(HISTOGRAM_pg_seconds, 10);
			board_state(board_slot(b, i), BOARD_WORKING, 77);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	board_sum(b, &sum);
	ck_assert_uint_eq(sum.counter[COUNTER_requests], 6);
	ck_assert_uint_eq(sum.histogram[HISTOGRAM_pg_seconds].bucket[0], 3);
	ck_assert_int_eq(board_slot(b, 2)->state, BOARD_WORKING);
	ck_assert_int_eq(board_slot(b, 2)->state_since_ns, 77);
	ck_assert_int_eq(board_slot(b, 3)->state, BOARD_FREE);
	board_close(b);
}
END_TEST

static void spoil(size_t at)
{
	FILE *f = fopen(tmp_path("board"), "r+");

	fseek(f, (long)at, SEEK_SET);
	fputc(0xee, f);
	fclose(f);
}

START_TEST(a_board_of_another_build_is_made_anew)
{
	struct board *old = open_board(), *b;

	board_slot(old, 0)->requests = 9;
	spoil(_i ? 8 : 0); /* the layout number; the magic */
	b = open_board();
	ck_assert_uint_eq(board_slot(b, 0)->requests, 0);
	ck_assert_uint_eq(board_slot(old, 0)->requests, 9); /* whoever has it keeps it */
	board_close(b);
	board_close(old);
}
END_TEST

/* An upgrade that moves a row of a table: what was counted is not given to another's name. */
START_TEST(a_board_of_other_names_is_made_anew)
{
	static const char *const one[] = { "GET /a", "GET /b" }, *const moved[] = { "GET /b",
										    "GET /a" };
	const struct {
		struct tally_names names;
		uint64_t requests;
	} next[] = {
		{ { one, 2, moved, 2 }, 9 },
		{ { moved, 2, moved, 2 }, 0 },
		{ { one, 2, one, 2 }, 0 },
		{ { one, 1, moved, 2 }, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(next); i++) {
		struct board *b;
		const char *error;

		unlink(tmp_path("board"));
		ck_assert(board_open(tmp_path("board"), &next[0].names, &b, &error) == RC_OK);
		board_slot(b, 0)->requests = 9;
		board_close(b);
		ck_assert(board_open(tmp_path("board"), &next[i].names, &b, &error) == RC_OK);
		ck_assert_uint_eq(board_slot(b, 0)->requests, next[i].requests);
		board_close(b);
	}
}
END_TEST

START_TEST(a_cut_board_is_made_anew)
{
	struct board *b = open_board();

	board_slot(b, 0)->requests = 9;
	board_close(b);
	ck_assert_int_eq(truncate(tmp_path("board"), 5000), 0);
	b = open_board();
	ck_assert_uint_eq(board_slot(b, 0)->requests, 0);
	board_slot(b, BOARD_SLOTS - 1)->requests = 1;
	board_close(b);
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	struct board *b;
	struct stat st;

	tmp_write("precious", "keep", 4);
	ck_assert_int_eq(symlink("precious", tmp_path("board")), 0);
	b = open_board();
	ck_assert_int_eq(lstat(tmp_path("board"), &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_int_eq(stat(tmp_path("precious"), &st), 0);
	ck_assert_int_eq(st.st_size, 4);
	board_close(b);
}
END_TEST

START_TEST(no_room_is_an_error_now)
{
	struct rlimit limit = { 4096, 4096 };
	struct board *b = NULL;
	const char *error = NULL;
	struct stat st;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(board_open(tmp_path("board"), NULL, &b, &error), RC_UNAVAILABLE);
	ck_assert_str_eq(error, "File too large");
	ck_assert_ptr_null(b);
	ck_assert_int_ne(stat(tmp_path("board"), &st), 0);
	ck_assert_int_eq(rmdir(tmp_dir), 0); /* nothing half-made is left */
	ck_assert_int_eq(board_open(tmp_path("board"), NULL, &b, &error), RC_UNAVAILABLE);
	ck_assert_str_eq(error, "No such file or directory");
}
END_TEST

START_TEST(states_have_names)
{
	ck_assert_str_eq(board_state_name(BOARD_DRAINING), "draining");
	ck_assert_str_eq(board_state_name(BOARD_DEAD), "dead");
	ck_assert_str_eq(board_state_name((enum board_state)99), "unknown");
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_checked_fixture(tc, tmp_make, tmp_remove);
	tcase_add_test(tc, a_new_board_is_empty_and_private);
	tcase_add_test(tc, counters_survive_their_master);
	tcase_add_test(tc, processes_see_each_other);
	tcase_add_loop_test(tc, a_board_of_another_build_is_made_anew, 0, 2);
	tcase_add_test(tc, a_board_of_other_names_is_made_anew);
	tcase_add_test(tc, a_cut_board_is_made_anew);
	tcase_add_test(tc, a_link_is_not_followed);
	tcase_add_test(tc, no_room_is_an_error_now);
	tcase_add_test(tc, states_have_names);
}

SUITE_OF(all)
