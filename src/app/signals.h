/*
 * Signals.  The master keeps them blocked and reads them from a descriptor; a worker lets them
 * in only while it waits, so that none interrupts a request.
 */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Blocks what the master handles; returns a non-blocking signalfd, -1 with errno. */
int signals_master(void);
/* In a new child: TERM leaves, USR1 reopens logs, the terminal's signals are the master's
 * business.  Installed before FCGX_Init, which takes TERM, USR1 and PIPE when nobody has them.
 */
void signals_worker(void);
/* For processes that only run to an end: the usual effects again. */
void signals_plain(void);
/* The mask to wait with. */
const sigset_t *signals_open(void);
bool signals_leaving(void);
bool signals_reopen(void); /* since the last call */

#endif
