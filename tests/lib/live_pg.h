/*
 * A private PostgreSQL for one test program: unix socket only, in a directory of its own, gone
 * when the program is gone.  It is a copy of a migrated template, made once a build tree and
 * again when sql/migrations changes.
 *
 *	SUITE_WITH(live_pg_start, live_pg_done, 60, test_a, test_b)
 *
 * What tests write stays for the next test of the same program.  Failures end the program.
 */
#ifndef LIB_LIVE_PG_H
#define LIB_LIVE_PG_H

#include <stdbool.h>
#include <sys/types.h>

struct pg_server;

#define LIVE_PG_CHAIN 1 /* chain_id of the template */

void live_pg_start(void);
void live_pg_done(void);

/* URLs of the migrated database; static texts. */
const char *live_pg_url(void);             /* such_market_app */
const char *live_pg_maintenance_url(void); /* such_market_maintenance */
const char *live_pg_owner_url(void); /* such_market_owner: owns the database and all in it */
const char *live_pg_super_url(void); /* postgres */
/* A new, empty database, owned by such_market_owner; the owner's URL (good until the
 * next call). */
const char *live_pg_empty_database(const char *name);
/* Runs SQL as the superuser in the migrated database; the test fails when it does. */
void live_pg_sql(const char *sql);

/* The server itself, for live_pair.h. */
struct pg_server *live_pg_server(void);
/* From now on the URLs name two servers, of which the one that takes writes is meant. */
void live_pg_follow(const char *dir);
/* Another one, from nothing: a system of its own, migrated. */
void live_pg_build(struct pg_server *made, const char *what);

pid_t live_pg_pid(void);       /* of the postmaster */
void live_pg_stop(void);       /* fast shutdown; sessions are told */
void live_pg_crash(void);      /* immediate: as after a power cut, but for fsync */
void live_pg_resume(void);     /* after stop or crash; waits until it answers */
void live_pg_restart(void);    /* stop and resume */
void live_pg_hang(bool hangs); /* it is there and says nothing; goes on */

const char *live_pg_migrations(void); /* the directory sql/migrations */

#endif
