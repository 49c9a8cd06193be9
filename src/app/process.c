#include "app/process.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "app/config.h"

const struct process_row process_rows[PROCESS_ROLES] = {
#define PROCESS(name, title, lane, count, run)                                                 \
	{ #name, title, LANE_##lane, offsetof(struct app_options, count), run },
#include "app/roles.def"
};

const char *const role_names[PROCESS_ROLES] = {
#define PROCESS(name, title, lane, count, run) #name,
#include "app/roles.def"
};

/* A few bytes into a pipe: whole or not at all.  A master that is gone needs no telling. */
void process_tell(const struct process *process, enum told_what what)
{
	const struct told told = { .pid = getpid(), .what = what };

	while (write(process->tell_fd, &told, sizeof(told)) < 0 && errno == EINTR)
		;
}

void process_machine(const struct config *config, char ret[MACHINE_MAX])
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	snprintf(ret, MACHINE_MAX, "%s:%s", host, config->app.run_dir);
}
