/*
 * such-market warm: queues a job and looks on.  The runner does it, because a copy in memory
 * can be made only where the mapping and its lease are: the one of this machine when its server
 * runs, else any.  What it puts into Redis serves all machines.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "app/command.h"
#include "app/process.h"
#include "app/rundir.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "jobs/import.h"
#include "jobs/warm.h"
#include "model/job.h"

#define LOOK_MS     100
#define PATIENCE_NS INT64_C(60000000000) /* for a runner to take it */

struct warm_request {
	const char *collections, *top, *rate;
	bool no_wait, json;
};

/* --- the order --------------------------------------------------------------------------- */

static bool write_number(struct json *j, const char *name, const char *text, uint64_t most)
{
	uint64_t n;

	if (!text)
		return true;
	if (!str_u64(str_of(text), most, &n) || n == 0)
		return false;
	json_int(j, name, (int64_t)n);
	return true;
}

static bool write_addresses(struct json *j, const char *list)
{
	struct str rest = str_of(list);
	size_t n = 0;

	if (!list)
		return true;
	json_array(j, "collections");
	while (rest.ptr) {
		struct address address;
		char text[ADDRESS_TEXT];

		if (address_read(str_trim(str_cut(&rest, ',')), &address) != RC_OK ||
		    ++n > WARM_TOP_MAX)
			return false;
		address_write(&address, text);
		json_strz(j, NULL, text);
	}
	json_end(j);
	return true;
}

/* NULL: *ret_why says which option is wrong. */
static const char *arguments_of(const struct warm_request *request, struct arena *arena,
				const char **ret_why)
{
	struct buf text;
	struct json j;

	*ret_why = NULL;
	buf_init(&text, arena, JOB_ARGUMENTS_MAX);
	json_init(&j, &text);
	json_object(&j, NULL);
	if (!write_addresses(&j, request->collections))
		*ret_why = "--collection wants addresses, with commas between them";
	else if (!write_number(&j, "top", request->top, WARM_TOP_MAX))
		*ret_why = "--top is out of range";
	else if (!write_number(&j, "rate", request->rate, WARM_RATE_MAX))
		*ret_why = "--rate is out of range";
	if (*ret_why)
		return NULL;
	json_end(&j);
	buf_addc(&text, '\0');
	return text.ptr;
}

static bool server_runs(const struct config *config)
{
	const struct rundir rundir = { .path = config->app.run_dir };
	pid_t pid = rundir_holder(&rundir);

	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

/* --- looking on -------------------------------------------------------------------------- */

static void draw(struct import_bar *bar, struct arena *arena, const struct job *job)
{
	struct import_progress progress = { .what = "waiting for the runner" };
	struct json_object *tree;
	const char *why;
	int64_t done = 0, total = 0;

	if (job->state == JOB_RUNNING)
		progress.what = "warming";
	if (job->progress.ptr && jsonin_parse(arena, job->progress, 8, &tree, &why) == RC_OK) {
		jsonin_i64(jsonin_get(tree, "done"), &done);
		jsonin_i64(jsonin_get(tree, "total"), &total);
		progress.what = arena_strz(arena, jsonin_str(jsonin_get(tree, "what")));
	}
	if (done >= 0 && total >= 0) {
		progress.done = (uint64_t)done;
		progress.total = (uint64_t)total;
	}
	import_bar_draw(bar, &progress);
}

static int conclude(const struct job *job, bool json)
{
	long long id = job->id;

	if (json && job->result.ptr)
		printf(STR_FMT "\n", STR_ARG(job->result));
	else if (job->state == JOB_DONE)
		printf("warmed (job %lld): " STR_FMT "\n", id, STR_ARG(job->result));
	if (job->state == JOB_DONE)
		return EXIT_SUCCESS;
	return command_fail("warm", EXIT_FAILURE, "job %lld %s: " STR_FMT, id,
			    job_state_name(job->state), STR_ARG(job->error));
}

static bool has_ended(const struct job *job)
{
	return job->state != JOB_QUEUED && job->state != JOB_RUNNING;
}

/* A database that is away for a moment is asked again. */
static int look_on(struct pg *pg, struct arena *arena, int64_t id, bool json)
{
	struct import_bar bar = { .out = stderr };
	bool draws = !json && isatty(STDERR_FILENO);
	int64_t patience_ns = clock_mono_ns() + PATIENCE_NS;

	for (;;) {
		struct job job;
		enum rc rc;

		arena_reset(arena);
		rc = job_read(pg, arena, id, &job);
		if (rc == RC_OK && draws)
			draw(&bar, arena, &job);
		if (rc == RC_OK && has_ended(&job)) {
			import_bar_done(&bar);
			return conclude(&job, json);
		}
		if (rc == RC_OK && job.state == JOB_RUNNING)
			patience_ns = clock_mono_ns() + PATIENCE_NS;
		if (rc == RC_NOT_FOUND || clock_mono_ns() > patience_ns)
			break;
		poll(NULL, 0, LOOK_MS);
	}
	import_bar_done(&bar);
	return command_fail("warm", EXIT_FAILURE, "no runner took job %lld; it waits for one",
			    (long long)id);
}

/* The same order waits once. */
static const char *subject_of(struct arena *arena, const struct warm_request *request,
			      const char *arguments)
{
	uint8_t digest[SHA256_BYTES];
	char hex[33];

	if (!request->collections && !request->top && !request->rate)
		return "";
	if (strlen(arguments) <= JOB_SUBJECT_MAX)
		return arguments;
	hash_sha256(str_of(arguments), digest);
	hex_write(digest, 16, hex);
	return arena_strz(arena, arena_printf(arena, "list %s", hex));
}

static int run(const struct config *config, const struct warm_request *request,
	       const char *arguments)
{
	char machine[MACHINE_MAX];
	struct job_order order = { .kind = JOB_warm, .arguments = arguments };
	struct pg *pg = pg_new(&config->pg, config->pg.url);
	struct arena *arena = arena_new(4096);
	int64_t id;
	int status;

	process_machine(config, machine);
	order.subject = subject_of(config->arena, request, arguments);
	order.machine = server_runs(config) ? machine : NULL;
	if (job_enqueue(pg, &order, &id, NULL) != RC_OK)
		status = command_fail("warm", EXIT_FAILURE, "%s", pg_error(pg));
	else if (request->no_wait)
		status = printf("%lld\n", (long long)id) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	else
		status = look_on(pg, arena, id, request->json);
	arena_free(arena);
	pg_free(pg);
	return status;
}

int cmd_warm(int argc, char **argv)
{
	struct warm_request request = { .collections = NULL };
	const struct arg_option own[] = { { "collection", &request.collections, NULL },
					  { "top", &request.top, NULL },
					  { "rate", &request.rate, NULL },
					  { "no-wait", NULL, &request.no_wait },
					  { "json", NULL, &request.json },
					  { 0 } };
	struct args args;
	const char *why;
	int status;

	if (!command_args("warm", argc, argv, own, 0, &args, &status))
		return status;
	SCOPED(config_done) struct config *config = command_database("warm", &args);
	if (!config)
		return EXIT_FAILURE;
	const char *arguments = arguments_of(&request, config->arena, &why);
	if (!arguments)
		return command_fail("warm", EXIT_USAGE, "%s", why);
	return run(config, &request, arguments);
}
