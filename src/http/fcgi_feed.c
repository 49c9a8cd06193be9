#include "http/fcgi_feed.h"

#include <fcgiapp.h>
#include <fcgios.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#define FEED_FD INT_MAX /* no file is ever open under it */

static struct str fed;
static bool direct;

/* Weak: a static libfcgi brings its own. */
__attribute__((weak)) int OS_Read(int fd, char *buf, size_t len)
{
	if (fd != FEED_FD)
		return (int)read(fd, buf, len);
	if (len > fed.len)
		len = fed.len;
	if (len)
		memcpy(buf, fed.ptr, len);
	fed = str_from(fed, len);
	return (int)len;
}

/* When it does not take, libfcgi finds a descriptor that is not open. */
void feed_init(void)
{
	static const char request[] = "\1\1\0\1\0\010\0\0\0\1\1\0\0\0\0\0" /* BEGIN_REQUEST */
				      "\1\4\0\1\0\0\0\0"                   /* PARAMS, empty */
				      "\1\5\0\1\0\0\0\0";                  /* STDIN, empty */
	FCGX_Request fcgx;

	fed = (struct str){ request, sizeof(request) - 1 };
	FCGX_InitRequest(&fcgx, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	fcgx.ipcFd = FEED_FD;
	fcgx.keepConnection = fcgx.detached = 1;
	direct = FCGX_Accept_r(&fcgx) == 0;
	fed = STR_NONE;
	FCGX_Free(&fcgx, 0);
}

bool feed_is_direct(void)
{
	return direct;
}

static int memory_file(struct str bytes)
{
	int fd = memfd_create("request", MFD_CLOEXEC);

	while (fd >= 0 && bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		bytes = str_from(bytes, (size_t)n);
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

int feed_open(struct str bytes)
{
	if (!direct)
		return memory_file(bytes);
	fed = bytes;
	return FEED_FD;
}

void feed_close(int fd)
{
	fed = STR_NONE;
	if (fd != FEED_FD)
		close(fd);
}
