#include "app/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "app/config.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/hex.h"

#define PID_FILE  "such-market.pid"
#define LOCK_FILE "lock"
#define PATH_SIZE 4096

#define refuse(arena, ret_error, ...)                                                          \
	(*(ret_error) = arena_strz(arena, arena_printf(arena, __VA_ARGS__)), RC_UNAVAILABLE)

static enum rc make_folder(const char *path, mode_t mode, struct arena *arena,
			   const char **ret_error)
{
	struct stat st;

	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return refuse(arena, ret_error, "%s: cannot make the folder: %s", path,
			      strerror(errno));
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return refuse(arena, ret_error, "%s is not a folder", path);
	return RC_OK;
}

/* A folder made by root is used by whoever the server becomes. */
static enum rc give_to_user(const char *path, const struct app_options *options,
			    struct arena *arena, const char **ret_error)
{
	const struct passwd *pw = *options->user ? getpwnam(options->user) : NULL;

	if (geteuid() != 0 || !pw || chown(path, pw->pw_uid, pw->pw_gid) == 0)
		return RC_OK;
	return refuse(arena, ret_error, "%s: cannot give it to %s: %s", path, options->user,
		      strerror(errno));
}

static int open_lock(const char *dir)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/" LOCK_FILE, dir);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

enum rc rundir_open(struct rundir *ret, const struct app_options *options, struct arena *arena,
		    const char **ret_error)
{
	struct rundir r = { .path = options->run_dir, .lock_fd = -1 };
	enum rc rc = make_folder(r.path, 0755, arena, ret_error);

	if (rc == RC_OK)
		rc = give_to_user(r.path, options, arena, ret_error);
	if (rc != RC_OK)
		return rc;
	r.lock_fd = open_lock(r.path);
	if (r.lock_fd < 0)
		return refuse(arena, ret_error, "%s/" LOCK_FILE ": %s", r.path,
			      strerror(errno));
	rc = give_to_user(arena_strz(arena, arena_printf(arena, "%s/" LOCK_FILE, r.path)),
			  options, arena, ret_error);
	if (rc != RC_OK) {
		close(r.lock_fd);
		return rc;
	}
	rundir_take(&r);
	*ret = r;
	return RC_OK;
}

bool rundir_take(struct rundir *r)
{
	if (!r->master)
		r->master = flock(r->lock_fd, LOCK_EX | LOCK_NB) == 0;
	return r->master;
}

pid_t rundir_holder(const struct rundir *r)
{
	char path[PATH_SIZE];
	long pid = 0;

	snprintf(path, sizeof(path), "%s/" PID_FILE, r->path);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%ld", &pid) != 1 || pid < 0 || pid > INT32_MAX)
		pid = 0;
	fclose(f);
	return (pid_t)pid;
}

/* Written beside and moved in place: a reader never sees half a number. */
enum rc rundir_write_pid(const struct rundir *r, const char **ret_error)
{
	char path[PATH_SIZE], fresh[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/" PID_FILE, r->path);
	snprintf(fresh, sizeof(fresh), "%s/" PID_FILE ".new", r->path);
	FILE *f = fopen(fresh, "we");
	bool written = f && fprintf(f, "%ld\n", (long)getpid()) > 0;
	if (f && fclose(f) != 0)
		written = false;
	if (written && rename(fresh, path) == 0)
		return RC_OK;
	*ret_error = strerror(errno);
	return RC_UNAVAILABLE;
}

void rundir_child(struct rundir *r)
{
	if (r->lock_fd >= 0)
		close(r->lock_fd);
	r->lock_fd = -1;
	r->master = false;
}

void rundir_close(struct rundir *r)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/" PID_FILE, r->path);
	if (r->master && rundir_holder(r) == getpid())
		unlink(path);
	rundir_child(r);
}

/* One folder a run directory: two servers of one machine do not meet.  Containers and chroots
 * may have no /dev/shm that we can write: the run directory will do, only slower. */
static const char *shm_default(const char *run_dir, struct arena *arena)
{
	uint8_t digest[SHA256_BYTES];
	char hex[17];

	if (faccessat(AT_FDCWD, "/dev/shm", W_OK | X_OK, AT_EACCESS) != 0)
		return arena_strz(arena, arena_printf(arena, "%s/shm", run_dir));
	hash_sha256(str_of(run_dir), digest);
	hex_write(digest, 8, hex);
	return arena_strz(arena, arena_printf(arena, "/dev/shm/such-market-%s", hex));
}

static const char *shm_path(const struct app_options *options, struct arena *arena)
{
	return *options->shm_dir ? options->shm_dir : shm_default(options->run_dir, arena);
}

const char *rundir_shared(const struct app_options *options, struct arena *arena,
			  const char *name)
{
	return arena_strz(arena, arena_printf(arena, "%s/%s", shm_path(options, arena), name));
}

/* /dev/shm is everybody's: a folder that somebody else made, or may write, is not to be
 * trusted.
 */
static bool ours(const char *path, const struct app_options *options)
{
	const struct passwd *pw = *options->user ? getpwnam(options->user) : NULL;
	struct stat st;

	if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || (st.st_mode & 022))
		return false;
	return st.st_uid == geteuid() || (geteuid() == 0 && pw && st.st_uid == pw->pw_uid);
}

enum rc rundir_shm(const struct app_options *options, struct arena *arena, const char **ret,
		   const char **ret_error)
{
	const char *path = shm_path(options, arena);
	enum rc rc = make_folder(path, 0700, arena, ret_error);

	if (rc == RC_OK && !ours(path, options))
		return refuse(arena, ret_error, "%s belongs to somebody else", path);
	if (rc == RC_OK)
		rc = give_to_user(path, options, arena, ret_error);
	if (rc == RC_OK)
		*ret = path;
	return rc;
}
