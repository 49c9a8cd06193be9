/* What a hit costs: nothing from the heap but libfcgi's own, and no system call but the read,
 * the write and epoll. */
#include "suite.h"
#include <errno.h>
#include <fcgiapp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "api/ask.h"
#include "base/arena.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "cache/mapped.h"
#include "http/fcgi.h"
#include "http/fcgi_feed.h"
#include "lib/child.h"
#include "lib/fcgi_client.h"
#include "lib/live_pg.h"
#include "net/epoch.h"
#include "net/pg.h"

#define HITS 1000

static unsigned long allocations;

/* The sanitizers have an allocator of their own. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTED 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}
#else
#define COUNTED 0
#endif

static const struct cache_options options = {
	.memory_on = true,
	.ttl_ms = { 0, 600000, 600000, 600000 },
	.negative_ttl_ms = 600000,
	.pack_above = 256,
};
static struct env *env;

static void up(void)
{
	cache_epoch epoch;

	map_up();
	env = new_env();
	cache_free(env->cache);
	env->cache = cache_new(&options, map, env->pg);
	ck_assert_int_eq(epoch_read(env->pg, &epoch), RC_OK);
	map_set_epoch(map, epoch);
	cache_connected(env->cache, epoch);
	map_extend_lease(map, clock_boot_ns() + INT64_C(600000000000));
}

static void down(void)
{
	free_env(env);
	map_down();
}

static bool from_memory(const struct ask *what)
{
	struct reply r = ask(env, what);
	struct str where = header(&r, "Cache-Status");
	bool yes = str_eqz(where, "such-market; hit; detail=memory");

	arena_reset(env->arena);
	return yes;
}

/* The first one reads the database, and what libpq takes shows that the counter counts. */
static void ck_no_heap(const struct ask *what, int status)
{
	unsigned long before = allocations;

	ask(env, what);
	arena_reset(env->arena); /* now it is kept */
	ck_assert_uint_gt(allocations, before);
	ask(env, what);
	arena_reset(env->arena);
	before = allocations;
	for (int i = 0; i < HITS; i++) {
		struct reply r = ask(env, what);

		if (r.status != status)
			ck_abort_msg("%s: %d", what->path, r.status);
		arena_reset(env->arena);
	}
	ck_assert_uint_eq(allocations, before);
}

START_TEST(test_hits_take_nothing_from_the_heap)
{
	struct ask token = { .path = ALPHA_PATH "/nfts/7" };
	struct ask page = { .path = ALPHA_PATH "/nfts", .query = "pageSize=100" };
	struct ask owner = { .path = ALPHA_PATH "/nfts/7/owner" };
	struct ask traits = { .path = ALPHA_PATH "/traits" };
	struct ask absent = { .path = ALPHA_PATH "/nfts/999999" };

	ck_no_heap(&token, 200);
	ck_no_heap(&page, 200);
	ck_no_heap(&owner, 200);
	ck_no_heap(&traits, 200);
	ck_no_heap(&absent, 404);
	ck_assert(from_memory(&token));
	ck_assert(from_memory(&page));
	ck_assert(from_memory(&owner));
	ck_assert(from_memory(&traits));
}
END_TEST

/* --- through the FastCGI loop ------------------------------------------------------------- */

#define WARM  10
#define LOOPS 200

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct buf request;

static void serve(void *ctx, struct request *req, const struct problem *bad,
		  struct response *res)
{
	static const struct http_options http = { .cors_origin = "*" };
	struct gate gate = { .env = ctx, .http = &http };

	gate.env->arena = req->arena;
	gate_serve(&gate, req, bad, res);
}

/* From here on every other system call ends the process by SIGSYS. */
static bool only_a_hits_calls(void)
{
#define ALLOW(name)                                                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),                                 \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	struct sock_filter rows[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(recvfrom),
		ALLOW(sendto),
		ALLOW(sendmsg),
		ALLOW(epoll_wait),
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = { sizeof(rows) / sizeof(*rows), rows };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* What libfcgi alone takes from the heap for this request. */
static unsigned long librarys_own(void)
{
	unsigned long before = allocations;
	FCGX_Request fcgx;

	FCGX_InitRequest(&fcgx, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	fcgx.ipcFd = feed_open(buf_str(&request));
	fcgx.keepConnection = fcgx.detached = 1;
	if (FCGX_Accept_r(&fcgx) != 0)
		_exit(10);
	FCGX_Free(&fcgx, 0);
	return allocations - before;
}

/* The worker; its status says what was wrong. */
static void serve_hits(int listen_fd)
{
	struct fcgi_options fcgi = { .listen_fd = listen_fd,
				     .read_ms = 1000,
				     .write_ms = 1000,
				     .body_max = 1024,
				     .connections_max = 8 };
	struct fcgi *f = fcgi_new(&fcgi, serve, env);
	unsigned long own, before;

	if (!f || !feed_is_direct())
		_exit(11);
	own = librarys_own();
	while (fcgi_served(f) < WARM)
		fcgi_poll(f, -1, NULL);
	if (!only_a_hits_calls())
		_exit(12);
	before = allocations;
	while (fcgi_served(f) < WARM + LOOPS)
		fcgi_poll(f, -1, NULL);
	_exit(allocations - before == LOOPS * own ? 0 : 13);
}

static int listen_on_a_name(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/such-market-hit.%d",
		 (int)getpid());
	unlink(address.sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	return fd;
}

static void ask_for_hits(void)
{
	int fd = fcgi_client_open(address.sun_path);

	for (int i = 0; i < WARM + LOOPS; i++) {
		struct fcgi_reply reply;

		if (!fcgi_client_send(fd, buf_str(&request)) ||
		    !fcgi_client_reply(fd, 5000, &reply))
			break; /* the status tells why */
		ck_assert_int_eq(reply.status, 200);
		if (i == WARM)
			ck_assert(str_eqz(fcgi_reply_header(&reply, "Cache-Status"),
					  "such-market; hit; detail=memory"));
		fcgi_reply_release(&reply);
	}
	close(fd);
}

/* The copy is made here: the child has no connection of its own. */
static void ck_lean(const char *path, const char *query)
{
	int listen_fd = listen_on_a_name(), status;
	char uri[256];
	pid_t pid;

	get(env, path, query);
	arena_reset(env->arena);
	snprintf(uri, sizeof(uri), "%s?%s", path, query ? query : "");
	buf_init(&request, NULL, BUF_NO_MAX);
	fcgi_get(&request, uri, true);
	pid = child_fork();
	if (pid == 0)
		serve_hits(listen_fd);
	ask_for_hits();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "%s: %#x", uri, (unsigned)status);
	buf_release(&request);
	unlink(address.sun_path);
	close(listen_fd);
}

START_TEST(test_a_hit_reads_once_and_writes_once)
{
	ck_lean(ALPHA_PATH "/nfts/7", NULL);
	ck_lean(ALPHA_PATH "/nfts", "pageSize=100");
	ck_lean(ALPHA_PATH "/nfts/7/owner", NULL);
}
END_TEST

START_TEST(test_another_call_is_seen)
{
	int status;
	pid_t pid = child_fork();

	if (pid == 0) {
		if (only_a_hits_calls())
			(void)getppid();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}
END_TEST

static void suite_add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, world_start, world_done);
	tcase_add_checked_fixture(tc, up, down);
	if (!COUNTED)
		return;
	tcase_add_test(tc, test_hits_take_nothing_from_the_heap);
	tcase_add_test(tc, test_a_hit_reads_once_and_writes_once);
	tcase_add_test(tc, test_another_call_is_seen);
}

SUITE_OF(suite_add)
