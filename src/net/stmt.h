/* Named statements, made from sql/queries/ *.sql at build time. */
#ifndef NET_STMT_H
#define NET_STMT_H

enum stmt {
#define STMT(name, ...) STMT_##name,
#include "net/stmt.inc"
	STMT_COUNT
};

const char *stmt_name(enum stmt stmt);
const char *stmt_text(enum stmt stmt);

#endif
