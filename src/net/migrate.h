/*
 * Schema migrations: sql/migrations/NNNN_name.sql, applied in order, each in its own
 * transaction, under one advisory lock, recorded with its SHA-256 in
 * such_market.schema_migrations.  A recorded file that is missing or changed is refused.
 * sql/migrations/optional/ *.sql run only when named.  In the text, :chain_id, :app_role and
 * :maintenance_role stand for settings.
 */
#ifndef NET_MIGRATE_H
#define NET_MIGRATE_H

#include <stdint.h>
#include "base/rc.h"

struct arena;
struct pg;

struct migrate_options {
	const char *dir;      /* where the files are */
	int64_t chain_id;     /* recorded by the first migration; RC_CONFLICT if another */
	const char *app_role; /* granted what the application may */
	const char *maintenance_role;
	const char *optional; /* name of one optional migration, or NULL */
	int64_t lock_ms;      /* longest wait for a table's lock; 0: 10 s */
};

/* Told for each file as it is applied. */
typedef void migrate_told(void *ctx, const char *name, int64_t ns);

/* *ret_error says what is wrong and what mends it; arena text. */
enum rc migrate_apply(struct pg *pg, struct arena *arena, const struct migrate_options *options,
		      migrate_told *told, void *ctx, int *ret_applied, const char **ret_error);
/* RC_OK: database has exactly the migrations this program knows and the chain fits.
 * RC_CONFLICT: older, newer, changed or of another chain; *ret_error names what mends it. */
enum rc migrate_check(struct pg *pg, struct arena *arena, const struct migrate_options *options,
		      const char **ret_error);

#endif
