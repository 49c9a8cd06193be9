/* So many a minute: windows, clients, floods, processes. */
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/limit.h"
#include "lib/child.h"

#define MOST 20

static struct limit_table *table;

static void start(void)
{
	table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (table == MAP_FAILED)
		abort();
}

static void renew(void)
{
	memset(table, 0, sizeof(*table));
	limit_init(table);
}

static int64_t count(const char *address, int64_t now_s)
{
	return limit_count(table, limit_client(table, str_of(address)), MOST, now_s);
}

START_TEST(test_window)
{
	renew();
	for (int i = 0; i < MOST; i++)
		ck_assert_int_eq(count("192.0.2.1", 1000 + i), 0);
	ck_assert_int_eq(count("192.0.2.1", 1020), 40);
	ck_assert_int_eq(count("192.0.2.1", 1059), 1);
	ck_assert_int_eq(count("192.0.2.2", 1059), 0);
	for (int i = 0; i < MOST; i++)
		ck_assert_int_eq(count("192.0.2.1", 1060), 0);
	ck_assert_int_eq(count("192.0.2.1", 1060), 60);
	ck_assert_int_eq(count("192.0.2.1", 5), 0); /* the machine was started again */
}
END_TEST

START_TEST(test_clients)
{
	renew();
	const struct {
		const char *a, *b;
		bool same;
	} pairs[] = {
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8::1", "2001:db8::ffff:0:0:2", true },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
		{ "unix:", "unix:", true },
		{ "unix:", "", false },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		ck_assert_msg((limit_client(table, str_of(pairs[i].a)) ==
			       limit_client(table, str_of(pairs[i].b))) == pairs[i].same,
			      "%s %s", pairs[i].a, pairs[i].b);
	char lengthy[300];
	memset(lengthy, '1', sizeof(lengthy));
	ck_assert_int_eq(
		limit_count(table, limit_client(table, (struct str){ lengthy, 300 }), MOST, 0),
		0);
}
END_TEST

/* Whoever is over the limit stays limited while a hundred thousand others come by. */
START_TEST(test_flood)
{
	char address[32];

	renew();
	for (int i = 0; i < MOST; i++)
		count("192.0.2.1", 100);
	ck_assert_int_gt(count("192.0.2.1", 100), 0);
	for (int i = 0; i < 100000; i++) {
		snprintf(address, sizeof(address), "2001:db8:%x:%x::1", i >> 8, i & 0xff);
		ck_assert_int_eq(count(address, 101), 0);
	}
	ck_assert_int_gt(count("192.0.2.1", 101), 0);
}
END_TEST

/* Four processes count 800 events together: each is counted, and once. */
START_TEST(test_processes)
{
	int passed = 0;

	renew();
	for (int i = 0; i < 4; i++) {
		pid_t pid = child_fork();
		int mine = 0;

		if (pid > 0)
			continue;
		for (int n = 0; n < 200; n++)
			mine += limit_count(table, 42, LIMIT_MOST, 7) == 0;
		_exit(mine);
	}
	for (int i = 0; i < 4; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		passed += WEXITSTATUS(status);
	}
	ck_assert_int_eq(passed, LIMIT_MOST);
}
END_TEST

SUITE_WITH(start, NULL, 30, test_window, test_clients, test_flood, test_processes)
