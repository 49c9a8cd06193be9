/*
 * Rows to JSON: the shapes that several answers share.  A statement that answers a shape
 * selects its columns first, in the order below; what else it needs comes after them.
 */
#ifndef MODEL_RENDER_H
#define MODEL_RENDER_H

#include <stddef.h>
#include "base/answer.h"
#include "base/json.h"
#include "base/rc.h"

struct env;
struct pg_result;

#define RENDER_MAX ((size_t)64 << 20) /* bytes of one answer; more is an internal error */

/* Collection: sql/queries/collection.sql says how each is selected. */
enum collection_col {
	COLLECTION_ID,
	COLLECTION_ADDRESS,
	COLLECTION_NAME,
	COLLECTION_SYMBOL,
	COLLECTION_TYPE,
	COLLECTION_SUPPLY,
	COLLECTION_VERIFIED,
	COLLECTION_DESCRIPTION,
	COLLECTION_IMAGE,
	COLLECTION_BANNER,
	COLLECTION_EXTERNAL,
	COLLECTION_DEPLOYER,
	COLLECTION_DEPLOYED_BLOCK,
	COLLECTION_REFRESHED, /* times are microseconds since 1970 (int8) */
	COLLECTION_COOLDOWN,
	COLLECTION_CREATED,
	COLLECTION_UPDATED,
	COLLECTION_COLS
};

/* Nft: sql/queries/nft.sql says how each is selected. */
enum nft_col {
	NFT_CONTRACT,
	NFT_TOKEN, /* null: no row (of an outer join) */
	NFT_NAME,
	NFT_DESCRIPTION,
	NFT_IMAGE,
	NFT_THUMBNAIL,
	NFT_ANIMATION,
	NFT_EXTERNAL,
	NFT_TOKEN_URI,
	NFT_ATTRIBUTES, /* jsonb, answered as it is */
	NFT_RANK,
	NFT_SCORE,
	NFT_OWNER,  /* the sole holder, else null */
	NFT_OWNERS, /* holders */
	NFT_UPDATED,
	NFT_COLS
};

/* Members of an object that is open. */
void render_collection(struct json *j, const struct pg_result *rows, int row);
void render_nft(struct json *j, const struct pg_result *rows, int row);

/* One cell; SQL null is null. */
void render_str(struct json *j, const char *key, const struct pg_result *rows, int row,
		int col);
void render_int(struct json *j, const char *key, const struct pg_result *rows, int row,
		int col);
void render_raw(struct json *j, const char *key, const struct pg_result *rows, int row,
		int col);
void render_address(struct json *j, const char *key, const struct pg_result *rows, int row,
		    int col); /* bytea */
void render_time(struct json *j, const char *key, const struct pg_result *rows, int row,
		 int col); /* microseconds since 1970 */
/* part / whole, 0..1, at most six decimals; 0 when whole is 0. */
void render_share(struct json *j, const char *key, double part, double whole);

/* A JSON answer begins: *j writes into ret->body, in the request's arena. */
void answer_begin(struct env *env, struct answer *ret, struct json *j);
/* RC_OK, or RC_INTERNAL when the body grew beyond RENDER_MAX. */
enum rc answer_end(struct answer *ret);
/* A negative answer: noun is one of the MISSING_ words; the gate makes "<noun>_not_found" of
 * it. */
enum rc answer_missing(struct env *env, struct answer *ret, const char *noun);
#define MISSING_COLLECTION "collection"
#define MISSING_TOKEN      "token"
#define MISSING_USER       "user"

#endif
