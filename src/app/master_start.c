/* From a configuration to a master ready to start its first process. */
#include "app/master.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>
#include "api/routes.h"
#include "app/notify.h"
#include "app/signals.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"

#define refuse(m, ret_error, ...)                                                              \
	(*(ret_error) =                                                                        \
		 arena_strz((m)->boot->arena, arena_printf((m)->boot->arena, __VA_ARGS__)),    \
	 RC_UNAVAILABLE)

/* With a given socket a second copy is a helper (spawn-fcgi -F N); else it is a mistake. */
static enum rc take_places(struct master *m, const char **ret_error)
{
	const struct app_options *app = &m->boot->app;
	bool given = listeners_given(&m->listeners);
	enum rc rc = rundir_open(&m->rundir, app, m->boot->arena, ret_error);

	if (rc != RC_OK)
		return rc;
	m->attached = !m->rundir.master;
	if (m->attached && !given)
		return refuse(m, ret_error, "%s: another such-market runs here (process %d)",
			      app->run_dir, (int)rundir_holder(&m->rundir));
	if (given)
		return RC_OK;
	return listeners_open(&m->listeners, app, m->boot->arena, ret_error);
}

/* Root opened the log; whoever the server becomes opens it again. */
static void give_log(const struct log_options *log, const struct passwd *pw, gid_t gid)
{
	if (*log->file && strcmp(log->file, "-") != 0 && chown(log->file, pw->pw_uid, gid) != 0)
		log_warn("the log keeps its owner", LOG_STR("why", str_of(strerror(errno))));
}

static enum rc drop_privileges(struct master *m, const char **ret_error)
{
	const struct app_options *app = &m->boot->app;

	if (geteuid() != 0)
		return RC_OK;
	if (!*app->user) {
		log_warn("running as root: set user", LOG_STR("setting", STR("user")));
		return RC_OK;
	}
	const struct passwd *pw = getpwnam(app->user);
	gid_t gid = pw->pw_gid;
	if (*app->group)
		gid = getgrnam(app->group)->gr_gid;
	give_log(&m->boot->log, pw, gid);
	if (initgroups(app->user, gid) != 0 || setgid(gid) != 0 || setuid(pw->pw_uid) != 0)
		return refuse(m, ret_error, "cannot become %s: %s", app->user, strerror(errno));
	return RC_OK;
}

static enum rc open_board(struct master *m, const char **ret_error)
{
	struct arena *arena = m->boot->arena;
	const char *dir, *why;
	enum rc rc = rundir_shm(&m->boot->app, arena, &dir, ret_error);

	if (rc != RC_OK)
		return rc;
	const char *path = arena_strz(arena, arena_printf(arena, "%s/board", dir));
	m->map_path = arena_strz(arena, arena_printf(arena, "%s/cache", dir));
	m->slots_lock = arena_strz(arena, arena_printf(arena, "%s/slots.lock", dir));
	if (board_open(path, &counted_names, &m->board, &why) != RC_OK)
		return refuse(m, ret_error, "%s: %s", path, why);
	return RC_OK;
}

static enum rc open_wires(struct master *m, const char **ret_error)
{
	m->signal_fd = signals_master();
	if (m->signal_fd < 0 || pipe2(m->tell_fd, O_CLOEXEC | O_NONBLOCK) != 0)
		return refuse(m, ret_error, "no descriptor: %s", strerror(errno));
	if (m->attached)
		return RC_OK;
	const char *why;
	if (rundir_write_pid(&m->rundir, &why) != RC_OK)
		return refuse(m, ret_error, "%s: cannot write the pid file: %s", m->rundir.path,
			      why);
	return RC_OK;
}

static enum rc check_database(struct master *m, const char **ret_error)
{
	switch (precheck_wait(&m->check, m->config)) {
	case FIT_BAD:
		return refuse(m, ret_error, "%s", m->check.text);
	case FIT_AWAY:
		log_warn("database away; serving without it",
			 LOG_STR("why", str_of(m->check.text)));
		return RC_OK;
	default:
		return RC_OK;
	}
}

enum rc master_start(struct master *m, const struct config_source *source,
		     struct config *config, const char **ret_error)
{
	enum rc (*const steps[])(struct master *, const char **) = {
		take_places,     drop_privileges, open_board,
		master_map_open, open_wires,      check_database,
	};

	*m = (struct master){ .source = source,
			      .boot = config,
			      .config = config,
			      .rundir.lock_fd = -1,
			      .signal_fd = -1,
			      .tell_fd = { -1, -1 },
			      .listeners.fd = { -1, -1 } };
	m->ops = (struct child_ops){ master_spawn, master_signal, master_gone, m };
	children_init(&m->children, &m->ops);
	notify_init();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum rc rc = steps[i](m, ret_error);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void master_close(struct master *m)
{
	precheck_cancel(&m->check);
	listeners_close(&m->listeners);
	rundir_close(&m->rundir);
	master_map_close(m);
	board_close(m->board);
	close_fd(m->signal_fd);
	close_fd(m->tell_fd[0]);
	close_fd(m->tell_fd[1]);
	config_free(m->next);
	if (m->config != m->boot)
		config_free(m->config);
}
