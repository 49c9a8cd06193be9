/* Recording transfers: history, holdings and new tokens, all of a request or none of it. */
#ifndef MODEL_TRANSFER_WRITE_H
#define MODEL_TRANSFER_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/hash.h"
#include "base/hex.h"
#include "base/rc.h"
#include "base/str.h"
#include "base/u256.h"

struct env;

#define TRANSFERS_MAX        100
#define TRANSFER_HASH        32
#define IDEMPOTENCY_KEY_MAX  255
#define TRANSFER_DEADLINE_MS 8000

struct transfer_move {
	struct address from, to; /* zero: minted, burned; not both */
	struct u256 token, quantity;
	uint8_t hash[TRANSFER_HASH];
	int64_t log_index, batch_index;
	int64_t block_number, block_time_us;
	bool hashed; /* else the move has its identity from the request's key and its place */
	bool numbered, timed; /* block_number, block_time_us are known */
};

struct transfer_write {
	struct address contract;
	const struct transfer_move *move;
	size_t count;   /* 1 … TRANSFERS_MAX */
	struct str key; /* the client's idempotency key; absent: none */
	struct str route;
	struct str body;     /* what a repeated request must repeat */
	int64_t deadline_ms; /* 0: TRANSFER_DEADLINE_MS */
};

enum transfer_outcome {
	TRANSFER_RECORDED,
	TRANSFER_REPLAYED, /* by a request before this one; the same answer */
	TRANSFER_MISMATCH, /* the key is another request's */
	TRANSFER_NO_COLLECTION,
	TRANSFER_NOT_ENOUGH, /* the sender holds less than quantity */
	TRANSFER_TOO_MUCH,   /* the receiver would hold 2^256 or more */
	TRANSFER_NOT_ONE,    /* quantity, where a token is in one piece */
	TRANSFER_HELD, /* minted, though somebody holds it, where a token has one holder */
	TRANSFER_OUTCOMES
};

struct transfer_verdict {
	enum transfer_outcome outcome;
	size_t place;      /* of the first move that is impossible */
	struct u256 held;  /* by its sender, for TRANSFER_NOT_ENOUGH */
	struct str answer; /* {"recorded":n,"duplicates":n}; in the arena */
	bool unknown;      /* RC_UNAVAILABLE: it may have been recorded */
};

/* RC_OK: recorded or replayed.  RC_NOT_FOUND, RC_UNPROCESSABLE: *ret->outcome says why not. */
enum rc transfers_record(struct env *env, const struct transfer_write *write,
			 struct transfer_verdict *ret);

#endif
