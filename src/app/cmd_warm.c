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
#include "model/warm_order.h"

struct warm_request {
	const char *collections, *top, *rate;
	bool no_wait, json;
};

/* Absent is as the settings say. */
static bool read_number(const char *text, uint64_t most, int64_t *ret)
{
	uint64_t n;

	if (!text)
		return true;
	if (!str_u64(str_of(text), most, &n) || n == 0)
		return false;
	*ret = (int64_t)n;
	return true;
}

static bool read_addresses(const char *list, struct arena *arena, struct warm_order *ret)
{
	struct str rest = str_of(list);

	if (!list)
		return true;
	ret->contract = arena_zalloc(arena, WARM_TOP_MAX * sizeof(*ret->contract));
	while (rest.ptr) {
		if (ret->count == WARM_TOP_MAX ||
		    address_read(str_trim(str_cut(&rest, ',')), &ret->contract[ret->count++]) !=
			    RC_OK)
			return false;
	}
	return true;
}

/* NULL: it is good. */
static const char *read_order(const struct warm_request *request, struct arena *arena,
			      struct warm_order *ret)
{
	if (!read_addresses(request->collections, arena, ret))
		return "--collection wants addresses, with commas between them";
	if (!read_number(request->top, WARM_TOP_MAX, &ret->top))
		return "--top is out of range";
	if (!read_number(request->rate, WARM_RATE_MAX, &ret->rate))
		return "--rate is out of range";
	return NULL;
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
	       const struct warm_order *order)
{
	const struct job_watch watch = { .word = "warm",
					 .verb = "warming",
					 .no_wait = request->no_wait,
					 .json = request->json,
					 .show = show };
	char machine[MACHINE_MAX];
	struct job_order job;

	process_machine(config, machine);
	warm_order_job(order, config->arena, &job);
	job.machine = job_server_runs(config) ? machine : NULL;
	return job_watch(config, &job, &watch);
}

int cmd_warm(int argc, char **argv)
{
	struct warm_request request = { .collections = NULL };
	struct warm_order order = { .count = 0 };
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
	why = read_order(&request, config->arena, &order);
	if (why)
		return command_fail("warm", EXIT_USAGE, "%s", why);
	return run(config, &request, &order);
}
