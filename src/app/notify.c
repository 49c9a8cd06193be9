#include "app/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/str.h"

static struct sockaddr_un to;
static socklen_t to_len; /* 0: nobody listens */
static int64_t watchdog_ns, told_ns;

void notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	size_t len = path ? strlen(path) : 0;
	uint64_t n;

	if (len < 2 || len >= sizeof(to.sun_path) || (*path != '/' && *path != '@'))
		return;
	to.sun_family = AF_UNIX;
	memcpy(to.sun_path, path, len);
	if (*path == '@') /* an abstract name begins with NUL */
		to.sun_path[0] = '\0';
	to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (usec && (!pid || strtol(pid, NULL, 10) == getpid()) &&
	    str_u64(str_of(usec), INT64_MAX / 1000, &n))
		watchdog_ns = (int64_t)n * 1000;
}

static void send_text(const char *text)
{
	if (to_len == 0)
		return;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Best effort by its nature: a manager that does not read must not stop the master. */
	(void)sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		     (struct sockaddr *)&to, to_len);
	close(fd);
}

void notify_ready(const char *status)
{
	char text[160];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s\n", status);
	send_text(text);
}

void notify_reloading(int64_t mono_ns)
{
	char text[96];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reloading\n",
		 (long long)(mono_ns / 1000));
	send_text(text);
}

void notify_stopping(void)
{
	send_text("STOPPING=1\nSTATUS=stopping\n");
}

void notify_alive(int64_t mono_ns)
{
	if (watchdog_ns == 0 || mono_ns - told_ns < watchdog_ns / 2)
		return;
	told_ns = mono_ns;
	send_text("WATCHDOG=1\n");
}
