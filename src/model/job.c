#include "model/job.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/scope.h"
#include "net/pg.h"

#define NUMBER     24
#define PRUNE_MOST "1000"

#define AT_ONCE_ONE true
#define AT_ONCE_ANY false

const struct job_kind_row job_kinds[JOB_KINDS] = {
#define JOB(name, at_once, attempts, seconds, function, help)                                  \
	{ #name, AT_ONCE_##at_once, attempts, INT64_C(1000) * (seconds), help },
#include "model/jobs.def"
};

/* All kinds, as an array: a runner leaves alone what a newer program put there. */
static const char known[] = "{\"\""
#define JOB(name, at_once, attempts, seconds, function, help) "," #name
#include "model/jobs.def"
			    "}";

static const char *const states[JOB_STATES] = {
	[JOB_QUEUED] = "queued", [JOB_RUNNING] = "running",     [JOB_DONE] = "done",
	[JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled",
};

const char *job_state_name(enum job_state state)
{
	return states[state];
}

bool job_kind_read(struct str name, enum job_kind *ret)
{
	for (int kind = 0; kind < JOB_KINDS; kind++) {
		if (str_eqz(name, job_kinds[kind].name)) {
			*ret = (enum job_kind)kind;
			return true;
		}
	}
	return false;
}

static const char *number(char text[NUMBER], int64_t n)
{
	snprintf(text, NUMBER, "%" PRId64, n);
	return text;
}

/* --- rows -------------------------------------------------------------------------------- */

/* Columns of job_list, job_read and job_claim. */
enum {
	ROW_ID,
	ROW_KIND,
	ROW_SUBJECT,
	ROW_ARGUMENTS,
	ROW_MACHINE,
	ROW_STATE,
	ROW_ATTEMPTS,
	ROW_MOST,
	ROW_CANCELLING,
	ROW_PROGRESS,
	ROW_RESULT,
	ROW_ERROR,
	ROW_CREATED,
	ROW_STARTED,
	ROW_FINISHED
};

static struct str text(const struct pg_result *rows, int i, int col, struct arena *arena)
{
	return pg_is_null(rows, i, col) ? STR_NONE : arena_dup(arena, pg_str(rows, i, col));
}

static enum job_state state_of(struct str name)
{
	for (int state = 0; state < JOB_STATES; state++)
		if (str_eqz(name, states[state]))
			return (enum job_state)state;
	return JOB_FAILED;
}

/* False: of a kind that this program does not know. */
static bool row_read(const struct pg_result *rows, int i, struct arena *arena, struct job *ret)
{
	struct job job = {
		.id = pg_i64(rows, i, ROW_ID),
		.state = state_of(pg_str(rows, i, ROW_STATE)),
		.cancelling = pg_flag(rows, i, ROW_CANCELLING),
		.attempts = pg_i64(rows, i, ROW_ATTEMPTS),
		.most_attempts = pg_i64(rows, i, ROW_MOST),
		.subject = text(rows, i, ROW_SUBJECT, arena),
		.arguments = text(rows, i, ROW_ARGUMENTS, arena),
		.machine = text(rows, i, ROW_MACHINE, arena),
		.progress = text(rows, i, ROW_PROGRESS, arena),
		.result = text(rows, i, ROW_RESULT, arena),
		.error = text(rows, i, ROW_ERROR, arena),
		.created_us = pg_i64(rows, i, ROW_CREATED),
		.started_us = pg_i64(rows, i, ROW_STARTED),
		.finished_us = pg_i64(rows, i, ROW_FINISHED),
	};

	if (!job_kind_read(pg_str(rows, i, ROW_KIND), &job.kind))
		return false;
	*ret = job;
	return true;
}

static enum rc one(const struct pg_result *rows, struct arena *arena, struct job *ret)
{
	if (rows->rc != RC_OK)
		return rows->rc;
	return rows->count == 1 && row_read(rows, 0, arena, ret) ? RC_OK : RC_NOT_FOUND;
}

static void render_time(struct json *j, const char *key, int64_t wall_us)
{
	if (wall_us)
		json_time(j, key, wall_us);
	else
		json_null(j, key);
}

void job_render(struct json *j, const struct job *job)
{
	json_int(j, "id", job->id);
	json_strz(j, "kind", job_kinds[job->kind].name);
	json_str(j, "subject", job->subject);
	json_strz(j, "status", job_state_name(job->state));
	json_bool(j, "cancelling", job->cancelling && job->state == JOB_RUNNING);
	if (job->progress.ptr)
		json_raw(j, "progress", job->progress);
	else
		json_null(j, "progress");
	json_int(j, "attempt", job->attempts);
	json_str(j, "error", job->error);
	render_time(j, "createdAt", job->created_us);
	render_time(j, "startedAt", job->started_us);
	render_time(j, "finishedAt", job->finished_us);
}

/* --- queueing ---------------------------------------------------------------------------- */

static enum rc enqueue(struct pg *pg, const struct job_order *order, int64_t *ret_id,
		       bool *ret_new)
{
	const struct job_kind_row *kind = &job_kinds[order->kind];
	const char *arguments = order->arguments ? order->arguments : "{}";
	char attempts[NUMBER];
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_job_enqueue,
				      PG_ARGS(pg_text(kind->name),
					      pg_text(order->subject ? order->subject : ""),
					      pg_text(arguments), pg_text(order->machine),
					      pg_text(kind->exclusive ? "true" : "false"),
					      pg_text(number(attempts, kind->attempts))));

	if (row.rc != RC_OK)
		return row.rc;
	if (row.count != 1)
		return RC_CONFLICT;
	*ret_id = pg_i64(&row, 0, 0);
	if (ret_new)
		*ret_new = pg_flag(&row, 0, 1);
	return RC_OK;
}

/* The one that waited may be taken just between looking and writing. */
enum rc job_enqueue(struct pg *pg, const struct job_order *order, int64_t *ret_id,
		    bool *ret_new)
{
	enum rc rc = RC_CONFLICT;

	for (int i = 0; i < 3 && rc == RC_CONFLICT; i++)
		rc = enqueue(pg, order, ret_id, ret_new);
	return rc;
}

enum rc job_read(struct pg *pg, struct arena *arena, int64_t id, struct job *ret)
{
	char text_id[NUMBER];
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_job_read, PG_ARGS(pg_text(number(text_id, id))));

	return one(&row, arena, ret);
}

enum rc job_list(struct pg *pg, struct arena *arena, enum job_kind kind, int64_t before,
		 int most, struct job **ret, int *ret_count)
{
	char text_before[NUMBER], text_most[NUMBER];
	const char *below = before ? number(text_before, before) : NULL;
	SCOPED(pg_result_done)
	struct pg_result rows = pg_run(pg, STMT_job_list,
				       PG_ARGS(pg_text(job_kinds[kind].name), pg_text(below),
					       pg_text(number(text_most, most))));

	if (rows.rc != RC_OK)
		return rows.rc;
	struct job *jobs = arena_zalloc(arena, ((size_t)rows.count + 1) * sizeof(*jobs));
	for (int i = 0; i < rows.count; i++)
		(void)row_read(&rows, i, arena, &jobs[i]);
	*ret = jobs;
	*ret_count = rows.count;
	return RC_OK;
}

enum rc job_cancel(struct pg *pg, int64_t id)
{
	char text_id[NUMBER];
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_job_cancel, PG_ARGS(pg_text(number(text_id, id))));

	return row.rc == RC_OK && row.count == 0 ? RC_NOT_FOUND : row.rc;
}

enum rc job_forget(struct pg *pg, enum job_kind kind)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_job_forget, PG_ARGS(pg_text(job_kinds[kind].name)));

	return row.rc;
}

/* --- running ----------------------------------------------------------------------------- */

/* Two runners may see the same gap for a kind that is to be alone; the index lets one through.
 */
enum rc job_claim(struct pg *pg, struct arena *arena, const char *machine, struct job *ret)
{
	char pid[NUMBER], lease[NUMBER];
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_job_claim,
		       PG_ARGS(pg_text(known), pg_text(machine), pg_text(number(pid, getpid())),
			       pg_text(number(lease, JOB_LEASE_MS))));

	return row.rc == RC_CONFLICT ? RC_NOT_FOUND : one(&row, arena, ret);
}

/* A row says that the job was still the holder's. */
static enum rc held(const struct pg_result *row)
{
	return row->rc == RC_OK && row->count == 0 ? RC_CONFLICT : row->rc;
}

enum rc job_hold(struct pg *pg, const struct job *job, const char *machine,
		 const char *progress, bool *ret_cancelling)
{
	char id[NUMBER], attempt[NUMBER], lease[NUMBER];
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_job_hold,
		       PG_ARGS(pg_text(number(id, job->id)), pg_text(machine),
			       pg_text(number(attempt, job->attempts)),
			       pg_text(number(lease, JOB_LEASE_MS)), pg_text(progress)));
	enum rc rc = held(&row);

	if (rc == RC_OK)
		*ret_cancelling = pg_flag(&row, 0, 0);
	return rc;
}

enum rc job_finish(struct pg *pg, const struct job *job, const char *machine,
		   enum job_state state, const char *result, const char *error)
{
	char id[NUMBER], attempt[NUMBER];
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_job_finish,
		       PG_ARGS(pg_text(number(id, job->id)), pg_text(machine),
			       pg_text(number(attempt, job->attempts)), pg_text(states[state]),
			       pg_text(result), pg_text(error)));

	return held(&row);
}

enum rc job_put_back(struct pg *pg, const struct job *job, const char *machine, int64_t wait_ms,
		     const char *error, bool counts)
{
	char id[NUMBER], attempt[NUMBER], wait[NUMBER];
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_job_put_back,
				      PG_ARGS(pg_text(number(id, job->id)), pg_text(machine),
					      pg_text(number(attempt, job->attempts)),
					      pg_text(number(wait, wait_ms)), pg_text(error),
					      pg_text(counts ? "true" : "false")));

	return held(&row);
}

/* Processes of this machine that have jobs and do not exist: "{12,34}". */
static enum rc find_dead(struct pg *pg, const char *machine, struct buf *ret)
{
	SCOPED(pg_result_done)
	struct pg_result rows = pg_run(pg, STMT_job_holders, PG_ARGS(pg_text(machine)));
	const char *comma = "";

	buf_addc(ret, '{');
	for (int i = 0; i < rows.count; i++) {
		int64_t pid = pg_i64(&rows, i, 0);

		if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
			continue;
		buf_addf(ret, "%s%" PRId64, comma, pid);
		comma = ",";
	}
	buf_add(ret, "}", 2);
	return rows.rc;
}

enum rc job_recover(struct pg *pg, struct arena *arena, const char *machine,
		    void (*found)(void *ctx, const struct job *job), void *ctx)
{
	struct buf dead;

	buf_init(&dead, arena, 4096);
	enum rc rc = find_dead(pg, machine, &dead);
	if (rc != RC_OK)
		return rc;
	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(pg, STMT_job_recover,
		       PG_ARGS(pg_text(buf_failed(&dead) ? "{}" : dead.ptr), pg_text(machine)));
	for (int i = 0; found && i < rows.count; i++) {
		struct job job = { .id = pg_i64(&rows, i, 0),
				   .state = state_of(pg_str(&rows, i, 2)) };

		if (job_kind_read(pg_str(&rows, i, 1), &job.kind))
			found(ctx, &job);
	}
	return rows.rc;
}

enum rc job_prune(struct pg *pg, int64_t keep_ms)
{
	char keep[NUMBER];
	SCOPED(pg_result_done)
	struct pg_result gone =
		pg_run(pg, STMT_job_prune,
		       PG_ARGS(pg_text(number(keep, keep_ms)), pg_text(PRUNE_MOST)));

	return gone.rc;
}
