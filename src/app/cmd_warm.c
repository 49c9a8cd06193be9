/*
 * such-market warm: queues a job and looks on.  The runner does it, because a copy in memory
 * can be made only where the mapping and its lease are: the one of this machine when its server
 * runs, else any.  What it puts into Redis serves all machines.
 */
#include <stdlib.h>
#include "app/command.h"
#include "app/job_watch.h"
#include "app/process.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "jobs/warm.h"
#include "model/job.h"

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

static int show(struct arena *arena, const struct job *job)
{
	(void)arena;
	return printf("warmed (job %lld): " STR_FMT "\n", (long long)job->id,
		      STR_ARG(job->result)) < 0
		       ? EXIT_FAILURE
		       : EXIT_SUCCESS;
}

static int run(const struct config *config, const struct warm_request *request,
	       const char *arguments)
{
	const struct job_watch watch = { .word = "warm",
					 .verb = "warming",
					 .no_wait = request->no_wait,
					 .json = request->json,
					 .show = show };
	char machine[MACHINE_MAX];
	struct job_order order = { .kind = JOB_warm, .arguments = arguments };

	process_machine(config, machine);
	order.subject = subject_of(config->arena, request, arguments);
	order.machine = job_server_runs(config) ? machine : NULL;
	return job_watch(config, &order, &watch);
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
