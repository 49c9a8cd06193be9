/*
 * The hosts of a URL, one by one.  libpq would try them itself, but without a clock for each
 * when it is not allowed to block: one host that swallows packets, or answers in another
 * protocol, would hide the others.
 */
#include <stdio.h>
#include <string.h>
#include "base/str.h"
#include "net/internal.h"

static struct str value_of(const PQconninfoOption *parts, const char *keyword)
{
	while (parts->keyword && strcmp(parts->keyword, keyword) != 0)
		parts++;
	return str_of(parts->keyword ? parts->val : NULL);
}

/* False when the list is more than we take apart: libpq gets it whole. */
static bool split(struct str hosts, struct str ports, struct pg_hosts *ret)
{
	bool one_port = !ports.ptr || !memchr(ports.ptr, ',', ports.len);
	int count = 0;
	do {
		struct str host = str_cut(&hosts, ',');
		struct str port = one_port ? ports : str_cut(&ports, ',');
		if (count == PG_HOSTS_MAX || host.len == 0 || host.len >= PG_HOST_TEXT ||
		    port.len >= PG_PORT_TEXT)
			return false;
		snprintf(ret->host[count], PG_HOST_TEXT, STR_FMT, STR_ARG(host));
		snprintf(ret->port[count], PG_PORT_TEXT, STR_FMT, STR_ARG(port));
		count++;
	} while (hosts.len > 0);
	ret->count = count;
	return true;
}

void pg_hosts_read(const char *url, struct pg_hosts *ret)
{
	char *error = NULL;
	PQconninfoOption *parts = PQconninfoParse(url, &error);
	bool own = false;
	if (parts) {
		struct str hosts = value_of(parts, "host");
		struct str prefer = value_of(parts, "target_session_attrs");
		own = hosts.len > 0 && value_of(parts, "hostaddr").len == 0 &&
		      !str_eqz(prefer, "prefer-standby") &&
		      split(hosts, value_of(parts, "port"), ret);
	}
	if (!own) {
		ret->count = 1;
		ret->host[0][0] = ret->port[0][0] = '\0';
	}
	PQconninfoFree(parts);
	PQfreemem(error);
}
