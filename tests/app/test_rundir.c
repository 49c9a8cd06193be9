/* Where the shared files live. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "app/config.h"
#include "app/rundir.h"
#include "base/arena.h"
#include "lib/child.h"
#include "suite.h"

static struct arena *arena;
static char dir[64];
static struct app_options options;

static void start(void)
{
	snprintf(dir, sizeof(dir), "/tmp/sm-app-rundir-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	arena = arena_new(4096);
	options = (struct app_options){ .run_dir = dir, .shm_dir = "", .user = "" };
}

static void stop(void)
{
	arena_free(arena);
	ck_assert_int_eq(rmdir(dir), 0);
}

static char *in_dir(const char *name)
{
	return arena_strz(arena, arena_printf(arena, "%s/%s", dir, name));
}

/* Without a /dev/shm to write in: 0 when the shared files go into the run directory, 77 when
 * this system lets nobody try. */
static int without_shm(void)
{
	const char *path = "", *error = "";

	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return 77;
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount("none", "/dev/shm", "tmpfs", MS_RDONLY, NULL) != 0)
		return 77;
	if (rundir_shm(&options, arena, &path, &error) != RC_OK)
		return 1;
	return strcmp(path, in_dir("shm")) == 0 ? 0 : 2;
}

START_TEST(the_run_directory_will_do)
{
	int status = -1;
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(without_shm());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	rmdir(in_dir("shm"));
	if (WEXITSTATUS(status) != 77)
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(each_run_directory_has_its_own)
{
	const char *path, *again, *error;

	ck_assert_int_eq(rundir_shm(&options, arena, &path, &error), RC_OK);
	ck_assert_int_eq(rundir_shm(&options, arena, &again, &error), RC_OK);
	ck_assert_str_eq(path, again);
	options.run_dir = in_dir("other");
	ck_assert_int_eq(rundir_shm(&options, arena, &again, &error), RC_OK);
	ck_assert_str_ne(path, again);
	rmdir(path);
	rmdir(again);
}
END_TEST

START_TEST(what_others_may_write_is_refused)
{
	const char *path, *error;

	options.shm_dir = in_dir("open");
	ck_assert_int_eq(mkdir(options.shm_dir, 0700), 0);
	ck_assert_int_eq(chmod(options.shm_dir, 0777), 0);
	ck_assert_int_ne(rundir_shm(&options, arena, &path, &error), RC_OK);
	ck_assert_ptr_nonnull(strstr(error, "belongs to somebody else"));
	ck_assert_int_eq(chmod(options.shm_dir, 0700), 0);
	ck_assert_int_eq(rundir_shm(&options, arena, &path, &error), RC_OK);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(options.shm_dir, 65534, 65534), 0);
		ck_assert_int_ne(rundir_shm(&options, arena, &path, &error), RC_OK);
	}
	rmdir(options.shm_dir);
}
END_TEST

SUITE_WITH(start, stop, 10, the_run_directory_will_do, each_run_directory_has_its_own,
	   what_others_may_write_is_refused)
