/*
 * The supervision table (roles.def): what kinds of processes the master keeps alive.  A process
 * runs one blocking loop and gets what it needs in struct process.
 */
#ifndef APP_PROCESS_H
#define APP_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "http/router.h"

struct board;
struct board_slot;
struct cache_map;
struct config;

enum process_role {
#define PROCESS(name, title, lane, count, run) PROCESS_##name,
#include "app/roles.def"
	PROCESS_ROLES
};

struct process {
	enum process_role role;
	int index; /* 1 … count, for people */
	const struct config *config;
	int listen_fd; /* of the role's lane */
	struct board *board;
	struct board_slot *slot;
	struct cache_map *map; /* NULL: none yet */
	int tell_fd;           /* to the master: struct told */
};

struct process_row {
	const char *name, *title;
	enum lane lane;
	size_t count; /* offset of an int64_t in struct app_options */
	int (*run)(const struct process *process); /* the exit status */
};
extern const struct process_row process_rows[PROCESS_ROLES];
extern const char *const role_names[PROCESS_ROLES];

/* What a process tells its master. */
enum told_what {
	TOLD_READY,
	TOLD_OUTWORN /* it served enough: please start a replacement, then end me */
};

struct told {
	pid_t pid;
	enum told_what what;
};
/* This machine's name among those of one database: a host may run several, each with its run
 * directory. */
#define MACHINE_MAX 512
void process_machine(const struct config *config, char ret[MACHINE_MAX]);

void process_tell(const struct process *process, enum told_what what);

int worker_run(const struct process *process);
int relay_run(const struct process *process);
int ticker_run(const struct process *process);
int runner_run(const struct process *process);

#endif
