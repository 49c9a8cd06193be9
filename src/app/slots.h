/*
 * Who has which slot of the board.  Several copies of the program may share one board, so a
 * slot is claimed under a lock, and by pid: slots of the dead are free again.
 */
#ifndef APP_SLOTS_H
#define APP_SLOTS_H

#include <stdint.h>

struct board;

/* A slot for a process of this role, marked with this process's pid; -1: the board is full.
 * One whose last owner had the same role is preferred: its counters go on. */
int slots_claim(struct board *board, const char *lock_path, int32_t role);
/* After the process died: kept for its successor, or free. */
void slots_keep(struct board *board, int slot, int64_t mono_ns);
void slots_free(struct board *board, int slot, int64_t mono_ns);

#endif
