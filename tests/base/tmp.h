/* A folder of this test's own, removed with what it holds by tmp_remove(). */
#ifndef TESTS_BASE_TMP_H
#define TESTS_BASE_TMP_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char tmp_dir[64];

static inline void tmp_make(void)
{
	snprintf(tmp_dir, sizeof(tmp_dir), "/tmp/such-market-test.XXXXXX");
	if (!mkdtemp(tmp_dir))
		abort();
}

static inline const char *tmp_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", tmp_dir, name);
	return path;
}

static inline void tmp_write(const char *name, const void *bytes, size_t len)
{
	FILE *f = fopen(tmp_path(name), "we");

	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		abort();
}

static inline size_t tmp_read(const char *name, char *ret, size_t cap)
{
	FILE *f = fopen(tmp_path(name), "re");
	size_t len;

	if (!f)
		abort();
	len = fread(ret, 1, cap - 1, f);
	ret[len] = '\0';
	fclose(f);
	return len;
}

static inline void tmp_remove(void)
{
	DIR *dir = opendir(tmp_dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			unlink(tmp_path(entry->d_name));
	}
	if (dir)
		closedir(dir);
	rmdir(tmp_dir);
}

#endif
