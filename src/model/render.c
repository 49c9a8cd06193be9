#include "model/render.h"

#include <math.h>
#include "base/arena.h"
#include "base/hex.h"
#include "model/env.h"
#include "net/pg.h"

void render_str(struct json *j, const char *key, const struct pg_result *rows, int row, int col)
{
	json_str(j, key, pg_str(rows, row, col));
}

void render_raw(struct json *j, const char *key, const struct pg_result *rows, int row, int col)
{
	json_raw(j, key, pg_str(rows, row, col));
}

/* PostgreSQL's digits are JSON's. */
void render_int(struct json *j, const char *key, const struct pg_result *rows, int row, int col)
{
	render_raw(j, key, rows, row, col);
}

void render_address(struct json *j, const char *key, const struct pg_result *rows, int row,
		    int col)
{
	struct address address;
	if (!pg_address_at(rows, row, col, &address)) {
		json_null(j, key);
		return;
	}
	char text[ADDRESS_TEXT];
	address_write(&address, text);
	json_str(j, key, (struct str){ text, ADDRESS_TEXT - 1 });
}

void render_time(struct json *j, const char *key, const struct pg_result *rows, int row,
		 int col)
{
	if (pg_is_null(rows, row, col))
		json_null(j, key);
	else
		json_time(j, key, pg_i64(rows, row, col));
}

void render_share(struct json *j, const char *key, double part, double whole)
{
	json_double(j, key, whole > 0 ? round(part / whole * 1e6) / 1e6 : 0);
}

void render_collection(struct json *j, const struct pg_result *rows, int row)
{
	render_str(j, "id", rows, row, COLLECTION_ID);
	render_address(j, "contractAddress", rows, row, COLLECTION_ADDRESS);
	render_str(j, "name", rows, row, COLLECTION_NAME);
	render_str(j, "symbol", rows, row, COLLECTION_SYMBOL);
	render_str(j, "tokenType", rows, row, COLLECTION_TYPE);
	render_str(j, "totalSupply", rows, row, COLLECTION_SUPPLY);
	json_bool(j, "verified", pg_flag(rows, row, COLLECTION_VERIFIED));
	render_str(j, "description", rows, row, COLLECTION_DESCRIPTION);
	render_str(j, "imageUrl", rows, row, COLLECTION_IMAGE);
	render_str(j, "bannerImageUrl", rows, row, COLLECTION_BANNER);
	render_str(j, "externalUrl", rows, row, COLLECTION_EXTERNAL);
	render_address(j, "deployer", rows, row, COLLECTION_DEPLOYER);
	render_int(j, "deployedBlock", rows, row, COLLECTION_DEPLOYED_BLOCK);
	render_time(j, "lastRefreshAt", rows, row, COLLECTION_REFRESHED);
	render_time(j, "refreshCooldownUntil", rows, row, COLLECTION_COOLDOWN);
	render_time(j, "createdAt", rows, row, COLLECTION_CREATED);
	render_time(j, "updatedAt", rows, row, COLLECTION_UPDATED);
}

void render_nft(struct json *j, const struct pg_result *rows, int row)
{
	render_address(j, "contractAddress", rows, row, NFT_CONTRACT);
	render_str(j, "tokenId", rows, row, NFT_TOKEN);
	render_str(j, "name", rows, row, NFT_NAME);
	render_str(j, "description", rows, row, NFT_DESCRIPTION);
	render_str(j, "imageUrl", rows, row, NFT_IMAGE);
	render_str(j, "thumbnailUrl", rows, row, NFT_THUMBNAIL);
	render_str(j, "animationUrl", rows, row, NFT_ANIMATION);
	render_str(j, "externalUrl", rows, row, NFT_EXTERNAL);
	render_str(j, "tokenUri", rows, row, NFT_TOKEN_URI);
	render_raw(j, "attributes", rows, row, NFT_ATTRIBUTES);
	json_object(j, "rarity");
	render_int(j, "rank", rows, row, NFT_RANK);
	if (pg_is_null(rows, row, NFT_SCORE))
		json_null(j, "score");
	else
		json_double(j, "score", pg_f64(rows, row, NFT_SCORE));
	json_end(j);
	render_address(j, "owner", rows, row, NFT_OWNER);
	render_int(j, "ownerCount", rows, row, NFT_OWNERS);
	render_time(j, "updatedAt", rows, row, NFT_UPDATED);
}

void answer_begin(struct env *env, struct answer *ret, struct json *j)
{
	ret->content_type = "application/json";
	buf_init(&ret->body, env->arena, RENDER_MAX);
	json_init(j, &ret->body);
}

enum rc answer_end(struct answer *ret)
{
	return buf_failed(&ret->body) ? RC_INTERNAL : RC_OK;
}

enum rc answer_missing(struct env *env, struct answer *ret, const char *noun)
{
	buf_init(&ret->body, env->arena, RENDER_MAX);
	buf_adds(&ret->body, str_of(noun));
	return RC_NOT_FOUND;
}
