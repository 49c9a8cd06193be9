/*
 * One PostgreSQL server of a test program, in a directory of its own, on a unix socket.
 * live_pg.h has the usual one; live_pair.h a second one beside it.  Failures end the program.
 */
#ifndef LIB_PG_SERVER_H
#define LIB_PG_SERVER_H

#include <stdbool.h>
#include "lib/keeper.h"

#define PG_SERVER_PATH (KEEPER_PATH + 32)

struct pg_server {
	struct keeper keeper;
	char program[PG_SERVER_PATH], sockets[PG_SERVER_PATH]; /* what its arguments name */
	char data[PG_SERVER_PATH], log[PG_SERVER_PATH];
};

/* Of the newest PostgreSQL that is installed. */
const char *pg_server_bindir(void);
/* Who runs servers: PostgreSQL refuses to be root. */
void pg_server_user(struct keeper *keeper);
/* A new directory and the arguments; the data directory is yet to be made. */
void pg_server_prepare(struct pg_server *server, const char *what);
void pg_server_resume(struct pg_server *server); /* starts it; waits until it answers */
void pg_server_hang(struct pg_server *server, bool hangs); /* SIGSTOP for all of it; SIGCONT */
/* "postgresql://ROLE@/DATABASE?host=…"; static text. */
const char *pg_server_url(const struct pg_server *server, const char *role,
			  const char *database);
/* Runs SQL; ends the program when it fails. */
void pg_server_sql(const char *url, const char *sql);

#endif
