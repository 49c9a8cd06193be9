#include "net/epoch.h"

#include <stdio.h>
#include <string.h>
#include "base/hash.h"
#include "net/pg.h"

#define HISTORY_MAX 256

uint64_t epoch_of(struct str history, int64_t cleared)
{
	char text[HISTORY_MAX];
	uint8_t digest[SHA256_BYTES];
	uint64_t epoch;
	int n = snprintf(text, sizeof(text), STR_FMT "/%lld", STR_ARG(history),
			 (long long)cleared);
	if (history.len == 0 || n >= (int)sizeof(text))
		return 0;
	hash_sha256((struct str){ text, (size_t)n }, digest);
	memcpy(&epoch, digest, sizeof(epoch));
	return epoch ? epoch : 1;
}

uint64_t epoch_line(struct str history)
{
	struct str left = history, system = str_cut(&left, '/'), timeline = str_cut(&left, '/');

	if (system.len == 0 || timeline.len == 0)
		return 0;
	return epoch_of((struct str){ history.ptr, system.len + 1 + timeline.len }, 0);
}

enum rc epoch_place(struct pg *pg, struct standby_place *ret)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_event_place, PG_NO_ARGS);

	if (row.rc != RC_OK)
		return row.rc;
	if (row.count != 1)
		return RC_INTERNAL;
	*ret = (struct standby_place){ .line = epoch_line(pg_str(&row, 0, 0)),
				       .lsn = (uint64_t)pg_i64(&row, 0, 1) };
	return RC_OK;
}

enum rc epoch_read(struct pg *pg, uint64_t *ret)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_event_epoch, PG_NO_ARGS);
	if (row.rc != RC_OK)
		return row.rc;
	uint64_t epoch = row.count == 1 ? epoch_of(pg_str(&row, 0, 0), pg_i64(&row, 0, 1)) : 0;
	if (!epoch)
		return RC_INTERNAL;
	*ret = epoch;
	return RC_OK;
}
