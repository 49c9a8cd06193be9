/*
 * A second PostgreSQL beside live_pg.h's: a streaming standby, made of it by pg_basebackup.
 * Their parts may be exchanged: "primary" and "standby" are what they are now.  One process of
 * the program deals with them at a time.  Failures end the program.
 */
#ifndef LIB_LIVE_PAIR_H
#define LIB_LIVE_PAIR_H

#include <stdbool.h>

struct pg_server;

void live_pair_start(void); /* after live_pg_start; waits until it streams */
void live_pair_done(void);  /* before live_pg_done */
/* Servers 0 (live_pg.h's) and 1, each by itself, as such_market_app; static texts. */
const char *live_pair_url(int server);
struct pg_server *live_pair_primary(void);
struct pg_server *live_pair_standby(void);
/* Runs one statement as the superuser. */
void live_pair_sql(const struct pg_server *server, const char *sql);

void live_standby_delay(int ms); /* replays commits that much later than they were made */
/* Commits wait (or not) until the standby has them on disk, replayed or not. */
void live_standby_wait_for(bool on);
void live_standby_catch_up(void); /* waits until it streams and has all that was written */
void live_standby_replayed(void); /* and has replayed it; there must be no delay */
void live_standby_end(void);      /* at once */
void live_standby_resume(void);
void live_standby_stop(bool stopped); /* SIGSTOP for all of it; SIGCONT */
void live_standby_promote(void);      /* the primary knows nothing of it */
void live_standby_rebuild(void);      /* from a new copy of the primary, and without a delay */
/* The primary ends at once, the standby becomes the primary; what was the primary is gone until
 * live_standby_rebuild. */
void live_pair_fail_over(void);

#endif
