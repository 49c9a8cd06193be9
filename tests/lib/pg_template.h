/*
 * Where the template of a build tree is: /tmp/such-market-test-UID/TREE/KEY, owned by the user
 * who runs the server.  KEY is a digest of the migrations, TREE one of the build tree's path.
 */
#ifndef LIB_PG_TEMPLATE_H
#define LIB_PG_TEMPLATE_H

#include "lib/keeper.h"

struct pg_template {
	char home[96];   /* of this build tree */
	char place[128]; /* the data directory; complete when it exists */
	int lock;
};

/* The directory of migrations, then the directory of the server's programs. */
void pg_template_find(const struct keeper *keeper, const char *migrations, const char *bindir,
		      struct pg_template *ret);
/* Holds the template until pg_template_leave; make is called once, when it is missing, and
 * leaves a data directory at the path it is given. */
void pg_template_enter(struct pg_template *template, const struct keeper *keeper,
		       void (*make)(const char *path));
void pg_template_leave(struct pg_template *template);

#endif
