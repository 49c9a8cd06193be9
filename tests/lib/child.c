#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "child.h"

/* Check keeps its file as /tmp/check_XXXXXX, or in TEMP's folder, and unlinks it at once. */
static bool is_checks(const char *link)
{
	const char *name = strrchr(link, '/');

	return name && strncmp(name, "/check_", 7) == 0 && strstr(name, " (deleted)");
}

static void leave_check(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct dirent *entry;
	char link[256];

	if (!folder || null < 0)
		_exit(125);
	while ((entry = readdir(folder))) {
		ssize_t n = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);

		link[n < 0 ? 0 : n] = '\0';
		if (is_checks(link))
			dup2(null, atoi(entry->d_name));
	}
	close(null);
	closedir(folder);
}

pid_t child_fork(void)
{
	fflush(NULL); /* or what is buffered is written twice */
	pid_t pid = fork();

	if (pid == 0)
		leave_check();
	else
		ck_assert_int_ge(pid, 0);
	return pid;
}
