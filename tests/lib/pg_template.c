#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/hash.h"
#include "base/hex.h"
#include "lib/pg_template.h"

static const char *tree(void)
{
	const char *dir = getenv("top_builddir");
	return dir && *dir ? dir : "/";
}

static void hash_file(struct hash_stream *hash, const char *path)
{
	char bytes[8192];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		keeper_panic("%s: %s", path, strerror(errno));
	hash_stream_add(hash, path, strlen(path) + 1);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		hash_stream_add(hash, bytes, (size_t)n);
	close(fd);
}

static void content_key(const char *migrations, const char *bindir, char ret[17])
{
	char pattern[512];
	uint8_t digest[SHA256_BYTES];
	glob_t found;
	struct hash_stream *hash = hash_stream_new();
	snprintf(pattern, sizeof(pattern), "%s/*.sql", migrations);
	hash_stream_add(hash, bindir, strlen(bindir) + 1);
	if (glob(pattern, 0, NULL, &found) != 0)
		keeper_panic("%s: no migrations", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++)
		hash_file(hash, found.gl_pathv[i]);
	globfree(&found);
	hash_stream_done(hash, digest);
	hex_write(digest, 8, ret);
}

/* In /tmp anybody may have made it first. */
static void own_dir(const struct keeper *keeper, const char *dir)
{
	struct stat st;
	if (mkdir(dir, 0700) == 0 && chown(dir, keeper->uid, keeper->gid) != 0)
		keeper_panic("%s: %s", dir, strerror(errno));
	if (lstat(dir, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != keeper->uid)
		keeper_panic("%s is somebody else's", dir);
}

void pg_template_find(const struct keeper *keeper, const char *migrations, const char *bindir,
		      struct pg_template *ret)
{
	char root[48], key[17], path[sizeof(ret->home) + 8];
	uint8_t digest[SHA256_BYTES];
	char tree_key[17];
	hash_sha256(str_of(tree()), digest);
	hex_write(digest, 8, tree_key);
	content_key(migrations, bindir, key);
	snprintf(root, sizeof(root), "/tmp/such-market-test-%u", (unsigned)keeper->uid);
	own_dir(keeper, root);
	snprintf(ret->home, sizeof(ret->home), "%s/%s", root, tree_key);
	own_dir(keeper, ret->home);
	snprintf(ret->place, sizeof(ret->place), "%s/%s", ret->home, key);
	snprintf(path, sizeof(path), "%s/tree", ret->home);
	if (symlink(tree(), path) != 0 && errno != EEXIST)
		keeper_panic("%s: %s", path, strerror(errno));
}

static void remove_tree(const struct keeper *keeper, const char *path)
{
	const char *args[] = { "rm", "-rf", path, NULL };
	keeper_command(keeper, args, "/dev/null");
}

/* Templates of other migrations, and of build trees that are gone. */
static void prune(const struct pg_template *template, const struct keeper *keeper)
{
	char pattern[sizeof(template->home) + 24];
	glob_t found;
	snprintf(pattern, sizeof(pattern), "%s/????????????????", template->home);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			remove_tree(keeper, found.gl_pathv[i]);
	globfree(&found);
	snprintf(pattern, sizeof(pattern), "%.*s/*/tree",
		 (int)(strrchr(template->home, '/') - template->home), template->home);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			struct stat st;
			if (stat(found.gl_pathv[i], &st) == 0 || errno != ENOENT)
				continue;
			*strrchr(found.gl_pathv[i], '/') = '\0';
			remove_tree(keeper, found.gl_pathv[i]);
		}
	globfree(&found);
}

static void lock(const struct pg_template *template, int how)
{
	while (flock(template->lock, how) != 0)
		if (errno != EINTR)
			keeper_panic("%s: %s", template->home, strerror(errno));
}

static void make_once(const struct pg_template *template, const struct keeper *keeper,
		      void (*make)(const char *path))
{
	char half[sizeof(template->place) + 8];
	if (access(template->place, F_OK) == 0)
		return; /* another program made it while we waited for the lock */
	prune(template, keeper);
	snprintf(half, sizeof(half), "%s.half", template->place);
	remove_tree(keeper, half);
	make(half);
	if (rename(half, template->place) != 0)
		keeper_panic("%s: %s", template->place, strerror(errno));
}

void pg_template_enter(struct pg_template *template, const struct keeper *keeper,
		       void (*make)(const char *path))
{
	char path[sizeof(template->home) + 8];
	snprintf(path, sizeof(path), "%s/lock", template->home);
	template->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (template->lock < 0 || fchown(template->lock, keeper->uid, keeper->gid) != 0)
		keeper_panic("%s: %s", path, strerror(errno));
	lock(template, LOCK_SH);
	while (access(template->place, F_OK) != 0) {
		lock(template, LOCK_EX);
		make_once(template, keeper, make);
		lock(template, LOCK_SH);
	}
}

void pg_template_leave(struct pg_template *template)
{
	close(template->lock);
}
