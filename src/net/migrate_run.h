/* One run of the migrations: what migrate.c applies and migrate_record.c remembers. */
#ifndef NET_MIGRATE_RUN_H
#define NET_MIGRATE_RUN_H

#include "net/internal.h"
#include "net/migrate.h"
#include "net/migrate_files.h"

struct run {
	struct pg *pg;
	struct arena *arena;
	const struct migrate_options *options;
	struct migrations files;
	migrate_told *told;
	void *ctx;
	int applied;
	const char *error;
};

#define SAY(run, ...) ((run)->error = arena_printf((run)->arena, __VA_ARGS__).ptr)

/* Keeps "what: the server's words"; returns rc. */
enum rc migrate_failed(struct run *run, enum rc rc, const char *what);
/* The last failure: the role lacks a right that only a superuser can give. */
bool migrate_denied(const struct run *run);

/* Makes the schema and the table when they are missing. */
enum rc record_make(struct run *run);
/* *ret_next is the index of the first file that is not applied; RC_CONFLICT: they do not fit.
 */
enum rc record_compare(struct run *run, size_t *ret_next);
/* RC_CONFLICT: the database serves another chain. */
enum rc record_chain(struct run *run);
enum rc record_add(struct run *run, const struct migration *file, int64_t ns);

#endif
