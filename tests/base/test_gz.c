#include "lib/child.h"
#include "suite.h"
#include "base/gz.h"
#include "base/tmp.h"
#include <string.h>
#include <sys/wait.h>
#include <zlib.h>

#define BIG 1000000

static unsigned char plain[BIG], packed[BIG + 1000], got[3 * BIG];

static void start(void)
{
	uint32_t seed = 1;

	tmp_make();
	for (size_t i = 0; i < BIG; i++) {
		seed = seed * 1664525 + 1013904223;
		plain[i] = (unsigned char)(seed >> 28 | 'a');
	}
}

static size_t pack(const void *bytes, size_t len, unsigned char *ret)
{
	z_stream z = { 0 };

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (unsigned char *)(uintptr_t)bytes;
	z.avail_in = (unsigned)len;
	z.next_out = ret;
	z.avail_out = sizeof(packed);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

/* All of the file in reads of that size; -1 on an error, which *ret_error keeps. */
static ssize_t read_all(const char *path, size_t step, const char **ret_error)
{
	struct gz_in *in;
	ssize_t n, total = 0;

	if (gz_open(path, &in, ret_error) != RC_OK)
		return -1;
	while ((n = gz_read(in, got + total, step)) > 0) {
		total += n;
		ck_assert_uint_le(gz_consumed(in), gz_size(in) ? gz_size(in) : SIZE_MAX);
	}
	if (n == 0) {
		ck_assert_ptr_null(gz_error(in));
		ck_assert_int_eq(gz_read(in, got, step), 0);
		if (gz_size(in))
			ck_assert_uint_eq(gz_consumed(in), gz_size(in));
	} else {
		*ret_error = gz_error(in);
		ck_assert_int_eq(gz_read(in, got, step), -1);
	}
	gz_close(in);
	return n < 0 ? -1 : total;
}

static const size_t steps[] = { 1000, 65536, 3 * BIG - BIG };

START_TEST(plain_files_pass_through)
{
	const char *error;

	tmp_write("f", plain, BIG);
	ck_assert_int_eq(read_all(tmp_path("f"), steps[_i], &error), BIG);
	ck_assert_mem_eq(got, plain, BIG);
	tmp_write("f", "", 0);
	ck_assert_int_eq(read_all(tmp_path("f"), steps[_i], &error), 0);
	tmp_write("f", "\x1f", 1);
	ck_assert_int_eq(read_all(tmp_path("f"), steps[_i], &error), 1);
}
END_TEST

START_TEST(gzip_is_unpacked)
{
	size_t len = pack(plain, BIG, packed);
	const char *error;

	tmp_write("f", packed, len);
	ck_assert_int_eq(read_all(tmp_path("f"), steps[_i], &error), BIG);
	ck_assert_mem_eq(got, plain, BIG);
}
END_TEST

START_TEST(members_are_one_stream)
{
	size_t len = pack(plain, 500000, packed);
	const char *error;

	len += pack("", 0, packed + len);
	len += pack(plain + 500000, 400000, packed + len);
	memset(packed + len, 0, 512); /* a tape's padding */
	tmp_write("f", packed, len + 512);
	ck_assert_int_eq(read_all(tmp_path("f"), steps[_i], &error), 900000);
	ck_assert_mem_eq(got, plain, 900000);
}
END_TEST

START_TEST(every_cut_is_an_error)
{
	size_t len = pack(plain, 200, packed);
	const char *error;

	for (size_t cut = 2; cut < len; cut++) {
		tmp_write("f", packed, cut);
		ck_assert_int_eq(read_all(tmp_path("f"), 65536, &error), -1);
		ck_assert_str_eq(error, "the gzip data is cut short");
	}
}
END_TEST

START_TEST(damage_is_an_error)
{
	size_t len = pack(plain, BIG, packed);
	const char *error;

	packed[len - 6] ^= 1; /* the checksum */
	tmp_write("f", packed, len);
	ck_assert_int_eq(read_all(tmp_path("f"), 65536, &error), -1);
	ck_assert_str_eq(error, "the gzip data is damaged");
	packed[len - 6] ^= 1;
	memcpy(packed + len, "garbage", 7);
	tmp_write("f", packed, len + 7);
	ck_assert_int_eq(read_all(tmp_path("f"), 65536, &error), -1);
	ck_assert_str_eq(error, "the gzip data is damaged");
}
END_TEST

START_TEST(what_cannot_be_opened_says_why)
{
	struct gz_in *in = NULL;
	const char *error = "";
	int fd;

	ck_assert_int_eq(gz_open(tmp_path("absent"), &in, &error), RC_NOT_FOUND);
	ck_assert_str_eq(error, "No such file or directory");
	ck_assert_int_eq(gz_open(tmp_dir, &in, &error), RC_INVALID);
	ck_assert_str_eq(error, "Is a directory");
	fd = open(tmp_path("f"), O_WRONLY | O_CREAT, 0600);
	dup2(fd, STDIN_FILENO);
	close(fd);
	ck_assert_int_eq(gz_open("-", &in, &error), RC_INVALID);
	ck_assert_str_eq(error, "Bad file descriptor");
	ck_assert_ptr_null(in);
	gz_close(NULL);
}
END_TEST

/* A pipe that gives its first bytes one by one, as standard input. */
static pid_t feed(const unsigned char *bytes, size_t len)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = child_fork();
	if (pid == 0) {
		size_t done = 0;
		ssize_t n;

		while (done < len) {
			n = write(ends[1], bytes + done, done < 20 ? 1 : len - done);
			if (n < 0)
				_exit(1);
			done += (size_t)n;
		}
		_exit(0);
	}
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

START_TEST(standard_input_may_be_either)
{
	size_t len = pack(plain, BIG, packed);
	const char *error;
	pid_t pid = feed(packed, len);

	ck_assert_int_eq(read_all("-", 65536, &error), BIG);
	ck_assert_mem_eq(got, plain, BIG);
	waitpid(pid, NULL, 0);
	pid = feed(plain, BIG);
	ck_assert_int_eq(read_all("-", 65536, &error), BIG);
	ck_assert_mem_eq(got, plain, BIG);
	waitpid(pid, NULL, 0);
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_checked_fixture(tc, start, tmp_remove);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, plain_files_pass_through, 0, 3);
	tcase_add_loop_test(tc, gzip_is_unpacked, 0, 3);
	tcase_add_loop_test(tc, members_are_one_stream, 0, 3);
	tcase_add_test(tc, every_cut_is_an_error);
	tcase_add_test(tc, damage_is_an_error);
	tcase_add_test(tc, what_cannot_be_opened_says_why);
	tcase_add_test(tc, standard_input_may_be_either);
}

SUITE_OF(all)
