/* Who gets which slot of the board, also when several masters share it. */
#include "lib/child.h"
#include "suite.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "app/slots.h"
#include "base/board.h"

static struct board *board;
static char dir[] = "/tmp/sm-app-slots-XXXXXX", path[64], lock[64];

static void open_board(void)
{
	const char *why;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/board", dir);
	snprintf(lock, sizeof(lock), "%s/lock", dir);
	ck_assert_int_eq(board_open(path, NULL, &board, &why), RC_OK);
}

static void close_board(void)
{
	board_close(board);
	unlink(path);
	unlink(lock);
	rmdir(dir);
}

/* The slot that a process which has ended since got. */
static int claimed_by_the_dead(int role)
{
	int status;
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(slots_claim(board, lock, role));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(every_claim_is_another_slot)
{
	bool seen[BOARD_SLOTS] = { false };

	open_board();
	for (int i = 0; i < BOARD_SLOTS; i++) {
		int slot = slots_claim(board, lock, 0);
		ck_assert_int_ge(slot, 0);
		ck_assert(!seen[slot]);
		seen[slot] = true;
	}
	ck_assert_int_eq(slots_claim(board, lock, 0), -1);
	slots_free(board, 7, 1);
	ck_assert_int_eq(slots_claim(board, lock, 1), 7);
	close_board();
}
END_TEST

START_TEST(slots_of_the_dead_are_free)
{
	open_board();
	int dead = claimed_by_the_dead(1);
	for (int i = 0; i < BOARD_SLOTS; i++)
		ck_assert_int_ge(slots_claim(board, lock, 0), 0);
	ck_assert_int_eq(board_slot(board, (size_t)dead)->pid, getpid());
	close_board();
}
END_TEST

START_TEST(counters_go_on_in_a_slot_of_the_same_role)
{
	open_board();
	int other = slots_claim(board, lock, 0);
	int mine = slots_claim(board, lock, 1);
	board_slot(board, (size_t)other)->started_us = 1;
	board_slot(board, (size_t)mine)->started_us = 1;
	slots_free(board, other, 1);
	slots_free(board, mine, 1);
	ck_assert_int_eq(slots_claim(board, lock, 1), mine);
	ck_assert_int_eq(slots_claim(board, lock, 0), other);
	close_board();
}
END_TEST

START_TEST(a_kept_slot_is_nobody_elses)
{
	open_board();
	int slot = slots_claim(board, lock, 0);
	board_slot(board, (size_t)slot)->pid = 0;
	slots_keep(board, slot, 1);
	ck_assert_int_eq(board_slot(board, (size_t)slot)->state, BOARD_DEAD);
	ck_assert_uint_eq(board_slot(board, (size_t)slot)->restarts, 1);
	ck_assert_int_ne(slots_claim(board, lock, 0), slot);
	close_board();
}
END_TEST

SUITE(every_claim_is_another_slot, slots_of_the_dead_are_free,
      counters_go_on_in_a_slot_of_the_same_role, a_kept_slot_is_nobody_elses)
