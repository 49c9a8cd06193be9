/* hiredis reads the protocol; what it reads is made in our arena and counted (hiredis 0.14). */
#include "net/redis_reply.h"

#include <hiredis/read.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/metric.h"
#include "base/scope.h"

#define KEEP_BYTES ((size_t)128 << 10) /* of the reader's buffer between replies */

struct redis_reader {
	redisReader *parser;
	struct arena *arena;
	size_t bytes, items;
	bool too_large;
};

static struct redis_reader *reader_of(const redisReadTask *task)
{
	return task->privdata;
}

/* A reply at its place: alone, or in the array that is being read. */
static struct redis_reply *place(const redisReadTask *task, struct redis_reply reply)
{
	struct redis_reply *at;

	if (task->parent) {
		const struct redis_reply *array = task->parent->obj;

		at = &array->item[task->idx];
	} else {
		at = arena_alloc(reader_of(task)->arena, sizeof(*at));
	}
	*at = reply;
	return at;
}

static void *make_text(const redisReadTask *task, char *bytes, size_t len)
{
	struct redis_reply reply = { .kind = REDIS_BULK };

	if (task->type == REDIS_REPLY_STATUS)
		reply.kind = REDIS_STATUS;
	else if (task->type == REDIS_REPLY_ERROR)
		reply.kind = REDIS_ERROR;
	reply.text = arena_dup(reader_of(task)->arena, (struct str){ bytes, len });
	return place(task, reply);
}

static void *make_array(const redisReadTask *task, int items)
{
	struct redis_reader *reader = reader_of(task);
	struct redis_reply reply = { .kind = REDIS_ARRAY, .items = (size_t)items };

	if (reply.items > REDIS_ITEMS_MAX - reader->items) {
		reader->too_large = true;
		return NULL;
	}
	reader->items += reply.items;
	reply.item = arena_zalloc(reader->arena, (reply.items + 1) * sizeof(*reply.item));
	return place(task, reply);
}

static void *make_integer(const redisReadTask *task, long long integer)
{
	return place(task, (struct redis_reply){ .kind = REDIS_INTEGER, .integer = integer });
}

static void *make_nil(const redisReadTask *task)
{
	return place(task, (struct redis_reply){ .kind = REDIS_NIL });
}

static void forget(void *reply)
{
	(void)reply; /* the arena's */
}

struct redis_reader *redis_reader_new(void)
{
	static redisReplyObjectFunctions makers = { make_text, make_array, make_integer,
						    make_nil, forget };
	struct redis_reader *reader = mem_alloc(sizeof(*reader));

	reader->parser = redisReaderCreateWithFunctions(&makers);
	if (!reader->parser)
		abort();
	reader->parser->maxbuf = KEEP_BYTES;
	reader->parser->privdata = reader;
	return reader;
}

void redis_reader_free(struct redis_reader *reader)
{
	if (!reader)
		return;
	redisReaderFree(reader->parser);
	free(reader);
}

bool redis_reader_begin(struct redis_reader *reader, struct arena *arena)
{
	const redisReader *parser = reader->parser;

	reader->arena = arena;
	reader->bytes = reader->items = 0;
	reader->too_large = false;
	return parser->err == 0 && parser->ridx < 0 && parser->pos >= parser->len;
}

enum rc redis_reader_feed(struct redis_reader *reader, const void *bytes, size_t len)
{
	if (len > REDIS_BYTES_MAX - reader->bytes)
		return RC_TOO_LARGE;
	reader->bytes += len;
	return redisReaderFeed(reader->parser, bytes, len) == REDIS_OK ? RC_OK : RC_INVALID;
}

enum rc redis_reader_next(struct redis_reader *reader, struct redis_reply *ret)
{
	void *reply = NULL;

	if (redisReaderGetReply(reader->parser, &reply) != REDIS_OK)
		return reader->too_large ? RC_TOO_LARGE : RC_INVALID;
	if (!reply)
		return RC_NOT_FOUND;
	*ret = *(struct redis_reply *)reply;
	return RC_OK;
}

/* --- errors ------------------------------------------------------------------------------- */

static const struct {
	struct str word;
	enum redis_class class;
} words[] = {
	{ { "NOSCRIPT", 8 }, REDIS_CLASS_NOSCRIPT },
	{ { "MOVED", 5 }, REDIS_CLASS_CLUSTER },
	{ { "ASK", 3 }, REDIS_CLASS_CLUSTER },
	{ { "CLUSTERDOWN", 11 }, REDIS_CLASS_CLUSTER },
	{ { "TRYAGAIN", 8 }, REDIS_CLASS_CLUSTER },
	{ { "CROSSSLOT", 9 }, REDIS_CLASS_CLUSTER },
	{ { "READONLY", 8 }, REDIS_CLASS_STATE },
	{ { "LOADING", 7 }, REDIS_CLASS_STATE },
	{ { "BUSY", 4 }, REDIS_CLASS_STATE },
	{ { "OOM", 3 }, REDIS_CLASS_STATE },
	{ { "NOREPLICAS", 10 }, REDIS_CLASS_STATE },
	{ { "MASTERDOWN", 10 }, REDIS_CLASS_STATE },
	{ { "MISCONF", 7 }, REDIS_CLASS_STATE },
	{ { "NOAUTH", 6 }, REDIS_CLASS_RIGHTS },
	{ { "WRONGPASS", 9 }, REDIS_CLASS_RIGHTS },
	{ { "NOPERM", 6 }, REDIS_CLASS_RIGHTS },
	{ { "WRONGTYPE", 9 }, REDIS_CLASS_TYPE },
};

enum redis_class redis_class_of(struct str error)
{
	struct str rest = error, word = str_cut(&rest, ' ');

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_eq(word, words[i].word))
			return words[i].class;
	return REDIS_CLASS_OTHER;
}

void redis_count_error(enum redis_class class)
{
	static const enum counter counters[] = {
		[REDIS_CLASS_OTHER] = COUNTER_redis_errors_other,
		[REDIS_CLASS_CLUSTER] = COUNTER_redis_errors_cluster,
		[REDIS_CLASS_STATE] = COUNTER_redis_errors_state,
		[REDIS_CLASS_RIGHTS] = COUNTER_redis_errors_rights,
		[REDIS_CLASS_TYPE] = COUNTER_redis_errors_type,
	};

	if (class != REDIS_CLASS_NOSCRIPT)
		metric_add(counters[class], 1);
}
