/*
 * COMMITs that stand still: PostgreSQL waits for a standby that does not exist.  What waits is
 * committed on disk and visible to nobody; it goes on with commits_release(), and a session
 * that is ended while it waits has committed without telling.
 */
#ifndef LIB_COMMIT_HOLD_H
#define LIB_COMMIT_HOLD_H

#include <stdbool.h>

/* Sessions with synchronous_commit = local do not wait. */
void commits_hold(void);
void commits_release(void);
/* Until a session of the application waits; its server process is ended when `end` says so. */
void commits_await(bool end);

#endif
