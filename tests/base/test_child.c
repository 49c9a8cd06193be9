/* The tests' own children: what they assert does not reach Check's file. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/child.h"
#include "suite.h"

/* Bytes in Check's file; -1 when this process has none open. */
static long checks_file(void)
{
	DIR *folder = opendir("/proc/self/fd");
	long size = -1;
	char link[256];
	struct stat st;

	for (struct dirent *e; folder && (e = readdir(folder));) {
		ssize_t n = readlinkat(dirfd(folder), e->d_name, link, sizeof(link) - 1);

		link[n < 0 ? 0 : n] = '\0';
		if (strstr(link, "/check_") && fstat(atoi(e->d_name), &st) == 0)
			size = st.st_size;
	}
	closedir(folder);
	return size;
}

static int status_of(pid_t child)
{
	int status = -1;

	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(its_asserts_go_nowhere)
{
	fflush(NULL);
	long before = checks_file();
	pid_t pid = child_fork();

	if (pid == 0) {
		for (int i = 0; i < 1000; i++)
			ck_assert_int_ge(i, 0);
		exit(7);
	}
	int status = status_of(pid);
	long after = checks_file();

	ck_assert_int_ge(before, 0);
	ck_assert_int_eq(status, 7);
	ck_assert_int_lt(after - before, 500); /* the parent's own */
}
END_TEST

START_TEST(a_failed_assert_ends_it)
{
	pid_t pid = child_fork();

	if (pid == 0) {
		ck_assert_int_eq(1, 2);
		_exit(0);
	}
	ck_assert_int_eq(status_of(pid), 1);
}
END_TEST

SUITE(its_asserts_go_nowhere, a_failed_assert_ends_it)
