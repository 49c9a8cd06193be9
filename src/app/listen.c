#include "app/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "app/config.h"
#include "base/arena.h"

/* A full queue is an instant 502 for nginx: the bound on waiting requests. */
#define BACKLOG          1024
#define LISTEN_FDS_START 3

#define refuse(arena, ret_error, ...)                                                          \
	(*(ret_error) = arena_strz(arena, arena_printf(arena, __VA_ARGS__)), RC_INVALID)

static bool is_listening(int fd)
{
	int yes = 0;
	socklen_t len = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 && yes;
}

static void take(struct listeners *ret, int lane, int fd)
{
	int one = 1;

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* Fails on unix sockets, which need it not; accepted sockets inherit it. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	ret->fd[lane] = fd;
}

/* How many descriptors systemd passed to this very process. */
static int passed_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	uint64_t pid_number, count;

	if (!pid || !n || !str_u64(str_of(pid), INT32_MAX, &pid_number) ||
	    !str_u64(str_of(n), INT32_MAX, &count) || (pid_t)pid_number != getpid())
		return 0;
	return (int)count;
}

bool listeners_given(struct listeners *ret)
{
	struct listeners l = { .given = true };
	int n = passed_fds();

	if (is_listening(STDIN_FILENO)) {
		take(&l, LANE_HOT, STDIN_FILENO);
		take(&l, LANE_SLOW, STDIN_FILENO);
	} else if (n > 0 && is_listening(LISTEN_FDS_START)) {
		bool two = n > 1 && is_listening(LISTEN_FDS_START + 1);
		take(&l, LANE_HOT, LISTEN_FDS_START);
		take(&l, LANE_SLOW, two ? LISTEN_FDS_START + 1 : LISTEN_FDS_START);
	} else {
		return false;
	}
	*ret = l;
	return true;
}

/* A socket file outlives its server; one that answers does not belong to the dead. */
static enum rc clear_stale(const struct sockaddr_un *sun, struct arena *arena,
			   const char **ret_error)
{
	struct stat st;

	if (lstat(sun->sun_path, &st) != 0)
		return RC_OK;
	if (!S_ISSOCK(st.st_mode))
		return refuse(arena, ret_error, "%s is there already and is not a socket",
			      sun->sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	int why = errno;
	close(fd);
	if (rc == 0 || why != ECONNREFUSED)
		return refuse(arena, ret_error, "%s: somebody listens there already",
			      sun->sun_path);
	unlink(sun->sun_path);
	return RC_OK;
}

static enum rc give_away(const char *path, const struct app_options *options,
			 struct arena *arena, const char **ret_error)
{
	const struct passwd *owner =
		*options->listen_owner ? getpwnam(options->listen_owner) : NULL;
	const struct group *group =
		*options->listen_group ? getgrnam(options->listen_group) : NULL;
	uid_t uid = owner ? owner->pw_uid : (uid_t)-1;
	gid_t gid = group ? group->gr_gid : (gid_t)-1;

	if (geteuid() == 0 && !owner && *options->user)
		uid = getpwnam(options->user)->pw_uid;
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && chown(path, uid, gid) != 0)
		return refuse(arena, ret_error, "%s: cannot give it to its owner: %s", path,
			      strerror(errno));
	if (chmod(path, (mode_t)strtoul(options->listen_mode, NULL, 8)) != 0)
		return refuse(arena, ret_error, "%s: cannot set its mode: %s", path,
			      strerror(errno));
	return RC_OK;
}

static int bind_private(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t mask = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	int why = errno;

	umask(mask);
	if (rc == 0)
		return fd;
	close(fd);
	errno = why;
	return -1;
}

static enum rc open_unix(const char *path, const struct app_options *options,
			 struct arena *arena, int *ret, const char **ret_error)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sun.sun_path))
		return refuse(arena, ret_error, "%s: a socket's path has at most %zu bytes",
			      path, sizeof(sun.sun_path) - 1);
	memcpy(sun.sun_path, path, strlen(path));
	enum rc rc = clear_stale(&sun, arena, ret_error);
	if (rc != RC_OK)
		return rc;
	int fd = bind_private(&sun);
	if (fd < 0)
		return refuse(arena, ret_error, "%s: cannot make the socket: %s", path,
			      strerror(errno));
	rc = give_away(path, options, arena, ret_error);
	if (rc != RC_OK || listen(fd, BACKLOG) != 0) {
		close(fd);
		unlink(path);
		return rc != RC_OK ? rc
				   : refuse(arena, ret_error, "%s: %s", path, strerror(errno));
	}
	*ret = fd;
	return RC_OK;
}

static int bind_tcp(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, info->ai_protocol);
	int one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}

static enum rc open_tcp(const char *where, struct arena *arena, int *ret,
			const char **ret_error)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	char *host = arena_strz(arena, str_of(where));
	char *port = strrchr(host, ':');
	struct addrinfo *info;

	*port++ = '\0';
	if (*host == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		host++;
	}
	int bad =
		getaddrinfo(*host && strcmp(host, "*") != 0 ? host : NULL, port, &hints, &info);
	if (bad)
		return refuse(arena, ret_error, "%s: %s", where, gai_strerror(bad));
	*ret = bind_tcp(info);
	freeaddrinfo(info);
	if (*ret < 0)
		return refuse(arena, ret_error, "%s: cannot listen: %s", where,
			      strerror(errno));
	return RC_OK;
}

static enum rc open_lane(struct listeners *l, int lane, const char *where,
			 const struct app_options *options, struct arena *arena,
			 const char **ret_error)
{
	const char *path = strncmp(where, "unix:", 5) == 0 ? where + 5 : where;
	int fd = -1;
	enum rc rc;

	if (path == where && *where != '/' && strchr(where, ':')) {
		rc = open_tcp(where, arena, &fd, ret_error);
	} else {
		if (*path != '/')
			path = arena_strz(arena,
					  arena_printf(arena, "%s/%s", options->run_dir, path));
		rc = open_unix(path, options, arena, &fd, ret_error);
		l->path[lane] = rc == RC_OK ? path : NULL;
	}
	if (rc == RC_OK)
		take(l, lane, fd);
	return rc;
}

enum rc listeners_open(struct listeners *ret, const struct app_options *options,
		       struct arena *arena, const char **ret_error)
{
	struct listeners l = { .fd = { -1, -1 } };
	enum rc rc = open_lane(&l, LANE_HOT, options->listen, options, arena, ret_error);

	if (rc == RC_OK && *options->listen_slow)
		rc = open_lane(&l, LANE_SLOW, options->listen_slow, options, arena, ret_error);
	else if (rc == RC_OK)
		l.fd[LANE_SLOW] = l.fd[LANE_HOT];
	if (rc != RC_OK) {
		listeners_close(&l);
		return rc;
	}
	*ret = l;
	return RC_OK;
}

void listeners_close(struct listeners *l)
{
	for (int lane = 0; lane < LANE_COUNT; lane++) {
		if (l->path[lane])
			unlink(l->path[lane]);
		if (l->fd[lane] >= 0 && (lane == 0 || l->fd[lane] != l->fd[0]))
			close(l->fd[lane]);
		l->path[lane] = NULL;
	}
	l->fd[LANE_HOT] = l->fd[LANE_SLOW] = -1;
}
