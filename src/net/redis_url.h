/* The parts of a Redis URL; texts live on the heap until redis_where_release. */
#ifndef NET_REDIS_URL_H
#define NET_REDIS_URL_H

#include "base/rc.h"

struct redis_where {
	char *path; /* unix socket, or NULL: host and port */
	char *host;
	int port;
	char *user;     /* NULL: the default user */
	char *password; /* NULL: none */
	int db;
};

enum rc redis_url_read(const char *url, struct redis_where *ret, const char **ret_why);
void redis_where_release(struct redis_where *where);

#endif
