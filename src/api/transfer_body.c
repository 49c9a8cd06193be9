#include "api/transfer_body.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "http/problem.h"

#define BODY_DEPTH 8
#define EXACT_MAX  9007199254740991 /* 2^53-1: what every JSON writer keeps */

/* One element being read. */
struct element {
	struct arena *arena;
	struct problem *problem;
	const struct address *contract;
	struct json_object *node;
	size_t place;
	struct transfer_move *move;
};

static void fault(const struct element *e, const char *field, const char *detail)
{
	problem_parameter(
		e->problem, "invalid_body",
		arena_printf(e->arena, "[%zu]%s%s", e->place, *field ? "." : "", field),
		str_of(detail));
}

/* "0x0" is short for the zero address. */
static bool address_of(struct json_object *node, struct address *ret)
{
	struct str text = jsonin_str(node);

	if (str_eq_nocase(text, STR("0x0"))) {
		*ret = (struct address){ { 0 } };
		return true;
	}
	return text.ptr && address_read(text, ret) == RC_OK;
}

static void read_from(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);

	if (!jsonin_has(e->node, field))
		fault(e, field, "is missing (null or 0x0 mints)");
	else if (node && !address_of(node, &e->move->from))
		fault(e, field, "must be an address (0x and 40 hex digits), or null");
}

static void read_to(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);

	if (!node)
		fault(e, field, "is missing (0x0 burns)");
	else if (!address_of(node, &e->move->to))
		fault(e, field, "must be an address (0x and 40 hex digits)");
	else if (jsonin_has(e->node, "from") && address_is_zero(&e->move->from) &&
		 address_is_zero(&e->move->to) && e->problem->count == 0)
		fault(e, field, "and from are both the zero address");
}

/* Written as text, or as a number that no JSON reader has rounded. */
static bool u256_of(struct json_object *node, struct u256 *ret)
{
	struct str text = jsonin_str(node);
	uint64_t exact;

	if (!text.ptr && jsonin_type(node) == JSONIN_NUMBER) {
		text = jsonin_text(node);
		if (!str_u64(text, EXACT_MAX, &exact))
			return false;
	}
	return text.ptr && u256_read(text, ret) == RC_OK;
}

static void read_token(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);

	if (!node)
		fault(e, field, "is missing");
	else if (!u256_of(node, &e->move->token))
		fault(e, field, "must be a token id (0 to 2^256-1, beyond 2^53-1 as a string)");
}

static void read_quantity(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);
	struct u256 quantity = { "1" };

	if (node && (!u256_of(node, &quantity) || str_eqz(u256_str(&quantity), "0")))
		fault(e, field, "must be 1 to 2^256-1 (beyond 2^53-1 as a string)");
	else
		e->move->quantity = quantity;
}

static void read_hash(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);
	struct str text = jsonin_str(node);

	if (!node)
		return;
	e->move->hashed = true;
	if (!text.ptr || hex_read(text, e->move->hash, TRANSFER_HASH) != RC_OK)
		fault(e, field, "must be a hash (0x and 64 hex digits), or null");
}

static bool count_of(struct json_object *node, int64_t max, int64_t *ret)
{
	int64_t n;

	if (!jsonin_i64(node, &n) || n < 0 || n > max)
		return false;
	*ret = n;
	return true;
}

static void read_log_index(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);

	if (node && !count_of(node, INT64_MAX, &e->move->log_index))
		fault(e, field, "must be a whole number from 0");
	else if (node && !e->move->hashed)
		fault(e, field, "means nothing without transactionHash");
	else if (!node && e->move->hashed)
		fault(e, field, "is missing: it is part of the transfer's identity");
}

static void read_batch_index(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);

	if (node && !count_of(node, INT32_MAX, &e->move->batch_index))
		fault(e, field, "must be a whole number from 0 to 2147483647");
	else if (e->move->batch_index && !e->move->hashed)
		fault(e, field, "means nothing without transactionHash");
}

static void read_block_number(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);

	e->move->numbered = node;
	if (node && !count_of(node, INT64_MAX, &e->move->block_number))
		fault(e, field, "must be a whole number from 0, or null");
}

static void read_block_time(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);
	struct str text = jsonin_str(node);

	e->move->timed = node;
	if (node && (!text.ptr || !clock_rfc3339_read(text, &e->move->block_time_us)))
		fault(e, field, "must be a time as 2026-11-21T12:00:00Z, or null");
}

/* Part of the answers of GET: who sends those back means the same collection. */
static void read_contract(const struct element *e, const char *field)
{
	struct json_object *node = jsonin_get(e->node, field);
	struct address a;

	if (node && (!address_of(node, &a) || !address_eq(&a, e->contract)))
		fault(e, field, "is not the collection of the path");
}

/* The identity's fields after the hash. */
static const struct {
	const char *name;
	void (*read)(const struct element *e, const char *field);
} fields[] = {
	{ "from", read_from },
	{ "to", read_to },
	{ "tokenId", read_token },
	{ "quantity", read_quantity },
	{ "transactionHash", read_hash },
	{ "logIndex", read_log_index },
	{ "batchIndex", read_batch_index },
	{ "blockNumber", read_block_number },
	{ "blockTime", read_block_time },
	{ "contractAddress", read_contract },
};

static void read_element(const struct element *e)
{
	if (jsonin_type(e->node) != JSONIN_OBJECT) {
		fault(e, "", "must be an object");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		fields[i].read(e, fields[i].name);
}

static void note_nameless(struct transfer_body *body, size_t place)
{
	if (body->move[place].hashed)
		return;
	if (body->nameless++ == 0)
		body->first_nameless = place;
}

static enum rc refuse(struct problem *p, struct str detail)
{
	return problem_set(p, RC_INVALID, "invalid_body", detail);
}

enum rc transfer_body_read(struct arena *arena, struct str body, const struct address *contract,
			   struct transfer_body *ret, struct problem *ret_problem)
{
	struct transfer_body read = { 0 };
	struct json_object *root;
	const char *error;

	if (jsonin_parse(arena, body, BODY_DEPTH, &root, &error) != RC_OK)
		return refuse(ret_problem,
			      arena_printf(arena, "The body is not JSON: %s", error));
	read.count = jsonin_count(root);
	if (read.count < 1 || read.count > TRANSFERS_MAX)
		return refuse(ret_problem,
			      STR("The body must be an array of 1 to 100 transfers"));
	read.move = arena_zalloc(arena, read.count * sizeof(*read.move));
	for (size_t i = 0; i < read.count; i++) {
		struct element e = { .arena = arena,
				     .problem = ret_problem,
				     .contract = contract,
				     .node = jsonin_at(root, i),
				     .place = i,
				     .move = &read.move[i] };
		read_element(&e);
		note_nameless(&read, i);
	}
	if (ret_problem->count)
		return RC_INVALID;
	*ret = read;
	return RC_OK;
}
