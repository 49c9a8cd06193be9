/*
 * The scoreboard: one shared file a machine, a slot per process: who it is, what it does, its
 * counters.  Counters of a slot survive the process (no resets); a file that is still valid
 * (magic, layout, size, names) is attached again after a master restart, never rebuilt.
 */
#ifndef BASE_BOARD_H
#define BASE_BOARD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/ledger.h"
#include "base/limit.h"
#include "base/metric.h"
#include "base/rc.h"
#include "base/tally.h"
#include "base/top.h"
#include "base/vitals.h"

#define BOARD_SLOTS 160

enum board_state {
	BOARD_FREE,
	BOARD_STARTING,
	BOARD_IDLE,
	BOARD_READING,
	BOARD_WORKING,
	BOARD_WRITING,
	BOARD_DRAINING,
	BOARD_DEAD
};
const char *board_state_name(enum board_state state);

/* A slot has cache lines of its own: its process writes them all day. */
struct board_slot {
	_Alignas(64) pid_t pid;
	int32_t role;           /* the supervision table's row; -1: never used */
	enum board_state state; /* changed by board_state() only */
	int64_t started_us;     /* wall clock */
	int64_t state_since_ns; /* monotonic; reading, working, writing: of the request */
	uint64_t restarts;      /* processes that died in this slot */
	uint64_t requests;
	struct metric_cells cells;
	struct tally tally;
	struct top top;
};

struct board;

/* Creates the file (posix_fallocate: too small a file system is an error now, not a SIGBUS
 * later) or attaches a valid one.  counted: the names of tallies' cells, NULL: none; a board of
 * other names, or of the same in another order, is not valid, for its counts would go to wrong
 * ones.  RC_UNAVAILABLE: *ret_error says why. */
enum rc board_open(const char *path, const struct tally_names *counted, struct board **ret,
		   const char **ret_error);
void board_close(struct board *board); /* unmaps; the file stays */
struct board_slot *board_slot(struct board *board, size_t i);
void board_state(struct board_slot *slot, enum board_state state, int64_t mono_ns);
/* Clients of the whole machine. */
struct limit_table *board_limits(struct board *board);
/* Sum of all slots. */
void board_sum(const struct board *board, struct metric_cells *ret);
void board_tally(const struct board *board, struct tally *ret);
/* The most-read collections of the machine since the board was made, most sure counts first;
 * at most n.  Errors as in base/top.h, for each process. */
size_t board_top(const struct board *board, struct top_row *ret, size_t n);
/* A random number that names this board and no other: batches of a new board are counted anew.
 */
uint64_t board_id(const struct board *board);
/* Written by the ticker only. */
struct ledger *board_ledger(struct board *board);
struct vitals *board_vitals(struct board *board);

#endif
