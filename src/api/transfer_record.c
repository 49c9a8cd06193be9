/* Recording transfers: POST /api/collection/{address}/transfers */
#include "api/call.h"
#include "api/gate_audit.h"
#include "api/routes.h"
#include "api/transfer_body.h"
#include "base/arena.h"
#include "base/scope.h"
#include "model/transfer_write.h"

/* One to 255 visible characters; absent when there is no such header. */
static enum rc read_key(struct call *call, struct str *ret)
{
	struct str key = str_trim(call->req->idempotency_key);
	bool sane = key.len <= IDEMPOTENCY_KEY_MAX;

	*ret = key.len ? key : STR_NONE;
	for (size_t i = 0; i < key.len; i++)
		sane &= key.ptr[i] > ' ' && key.ptr[i] <= '~';
	return sane ? RC_OK
		    : problem_set(&call->problem, RC_INVALID, "invalid_idempotency_key",
				  STR("Idempotency-Key must be 1 to 255 visible ASCII "
				      "characters"));
}

/* A fault of the element at `place`. */
static enum rc refuse_at(struct call *call, const char *code, size_t place, const char *field,
			 struct str detail)
{
	struct arena *arena = call->env->arena;

	problem_parameter(&call->problem, code, arena_printf(arena, "[%zu].%s", place, field),
			  detail);
	call->problem.detail =
		arena_printf(arena, "Transfer %zu: " STR_FMT, place, STR_ARG(detail));
	return call->problem.rc = RC_UNPROCESSABLE;
}

static enum rc refuse_not_enough(struct call *call, const struct transfer_write *write,
				 const struct transfer_verdict *v)
{
	const struct transfer_move *move = &write->move[v->place];
	char from[ADDRESS_TEXT];

	address_write(&move->from, from);
	return refuse_at(call, "insufficient_balance", v->place, "from",
			 arena_printf(call->env->arena, "%s holds %s of token %s, less than %s",
				      from, v->held.dec, move->token.dec, move->quantity.dec));
}

/* Why nothing was recorded, in words. */
static enum rc refuse(struct call *call, const struct transfer_write *write,
		      const struct transfer_verdict *v)
{
	switch (v->outcome) {
	case TRANSFER_MISMATCH:
		return problem_set(&call->problem, RC_UNPROCESSABLE, "idempotency_mismatch",
				   STR("This Idempotency-Key belongs to another request"));
	case TRANSFER_NOT_ENOUGH:
		return refuse_not_enough(call, write, v);
	case TRANSFER_TOO_MUCH:
		return refuse_at(call, "balance_overflow", v->place, "quantity",
				 STR("the receiver would hold more than 2^256-1"));
	case TRANSFER_NOT_ONE:
		return refuse_at(call, "invalid_quantity", v->place, "quantity",
				 STR("a token of this collection is in one piece"));
	case TRANSFER_HELD:
		return refuse_at(call, "token_held", v->place, "tokenId",
				 STR("somebody holds this token: it cannot be minted"));
	default:
		return problem_set(&call->problem, RC_NOT_FOUND, "collection_not_found",
				   STR("No such collection is known here"));
	}
}

static enum rc answer(struct call *call, const struct transfer_write *write, enum rc rc,
		      const struct transfer_verdict *v)
{
	if (rc == RC_OK) {
		if (v->outcome == TRANSFER_REPLAYED)
			response_header(call->res, "Idempotency-Replayed", STR("true"));
		response_plain(call->res, call->req, 200, "application/json", v->answer);
		return RC_OK;
	}
	if (v->unknown)
		return gate_audit_unknown(
			call, STR("Nobody knows whether this was recorded: send the same "
				  "request again, with the same Idempotency-Key if it had "
				  "one"));
	if (rc == RC_NOT_FOUND || rc == RC_UNPROCESSABLE)
		return refuse(call, write, v);
	return call_answer(call, rc, NULL);
}

enum rc transfer_record(struct call *call)
{
	struct transfer_write write = { .route = STR("POST transfers"),
					.body = call->req->body };
	struct transfer_body body;
	struct transfer_verdict verdict;

	if (call_address(call, 0, "address", &write.contract) != RC_OK ||
	    read_key(call, &write.key) != RC_OK || call_json_type(call) != RC_OK)
		return call->problem.rc;
	if (transfer_body_read(call->env->arena, write.body, &write.contract, &body,
			       &call->problem) != RC_OK)
		return call->problem.rc;
	if (body.nameless && !write.key.len)
		return refuse_at(
			call, "identity_missing", body.first_nameless, "transactionHash",
			STR("without a transactionHash nothing tells this transfer from "
			    "a repeated one: send an Idempotency-Key"));
	write.move = body.move;
	write.count = body.count;
	enum rc rc = transfers_record(call->env, &write, &verdict);
	return answer(call, &write, rc, &verdict);
}
