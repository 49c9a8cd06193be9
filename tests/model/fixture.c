#include "model/fixture.h"

#include <check.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/jsonin.h"
#include "cache/cache.h"
#include "lib/live_pg.h"
#include "model/instance.h"
#include "net/pg.h"

static const char world[] =
	"INSERT INTO such_market.collections (contract_address, name, symbol, token_type,"
	" total_supply, created_at, updated_at, description, deployer, deployed_block) VALUES"
	" ('\\x00000000000000000000000000000000000000aa', 'Alpha Cats', 'ALPHA', 'ERC721',"
	"  10000, to_timestamp(1000), to_timestamp(1700000000), 'cats & more',"
	"  '\\x2000000000000000000000000000000000000001', 17),"
	" ('\\x00000000000000000000000000000000000000bb', E'O\\'Neil \"\\U0001F980\" "
	"\\u05E9\\u05DC\\u05D5\\u05DD', NULL, 'ERC1155', NULL, to_timestamp(2000),"
	"  to_timestamp(2000), NULL, NULL, NULL),"
	" ('\\x00000000000000000000000000000000000000cc', E'zeta (100%_\\\\)', 'ZETA', "
	"'UNKNOWN',"
	"  NULL, to_timestamp(3000), to_timestamp(3000), NULL, NULL, NULL);"

	"INSERT INTO such_market.nfts (contract_address, token_id, name, description, "
	"image_url,"
	" attributes, metadata, rarity_rank, rarity_score, updated_at)"
	" SELECT '\\x00000000000000000000000000000000000000aa', n, 'Cat #' || n, 'a cat',"
	" 'https://i.invalid/' || n, jsonb_build_array("
	"  jsonb_build_object('traitType', 'Hat', 'value', 'h' || n % 4, 'displayType', NULL),"
	"  jsonb_build_object('traitType', 'Eyes', 'value', 'e' || n % 3, 'displayType', NULL),"
	"  jsonb_build_object('traitType', 'Level', 'value', n % 10, 'displayType', 'number')),"
	" json_build_object('name', 'Cat #' || n), CASE WHEN n <= 112 THEN n END,"
	" CASE WHEN n <= 112 THEN 1 + n / 8.0 END, to_timestamp(1700000000 + n)"
	" FROM generate_series(1, 120) n;"

	"INSERT INTO such_market.nfts (contract_address, token_id, name, description, "
	"attributes,"
	" metadata) VALUES"
	" ('\\x00000000000000000000000000000000000000bb', 0, NULL, NULL, '[]', NULL),"
	" ('\\x00000000000000000000000000000000000000bb', " U255 ","
	"  E'\\u202Eevil\\u202C \"quoted\" \\\\ back\\nline', '\\x00 <script>',"
	"  '[{\"traitType\": \"a\\\"b,{c}\", \"value\": \"O''Neil \\\\ \\ud83e\\udd80\","
	" \"displayType\": null}]', '{\"n\": 1e400, \"a\":  [1,  2]}'),"
	" ('\\x00000000000000000000000000000000000000bb', " U256_MAX ","
	"  E'\\U0001F980\\U0001F980\\U0001F980', '', '[]', '{}');"

	"INSERT INTO such_market.collection_traits (contract_address, trait_type, value, kind,"
	" token_count) SELECT n.contract_address, a->>'traitType', a->>'value',"
	" CASE WHEN a->>'traitType' = 'Level' THEN 'number' ELSE 'string' END,"
	" count(DISTINCT n.token_id)"
	" FROM such_market.nfts n, jsonb_array_elements(n.attributes) a GROUP BY 1, 2, 3, 4;"
	"INSERT INTO such_market.token_traits SELECT DISTINCT n.contract_address, t.trait_id,"
	" n.token_id FROM such_market.nfts n, jsonb_array_elements(n.attributes) a"
	" JOIN such_market.collection_traits t ON t.trait_type = a->>'traitType'"
	" AND t.value = a->>'value' WHERE t.contract_address = n.contract_address;"

	"INSERT INTO such_market.nft_ownership (contract_address, token_id, owner_address, "
	"balance)"
	" SELECT '\\x00000000000000000000000000000000000000aa', n,"
	" decode('100000000000000000000000000000000000000' || n % 5, 'hex'), 1"
	" FROM generate_series(1, 120) n WHERE n NOT IN (5, 6);"
	"INSERT INTO such_market.nft_ownership (contract_address, token_id, owner_address, "
	"balance)"
	" VALUES ('\\x00000000000000000000000000000000000000aa', 6,"
	"  '\\x1000000000000000000000000000000000000001', 2),"
	" ('\\x00000000000000000000000000000000000000aa', 6,"
	"  '\\x1000000000000000000000000000000000000002', 3);"
	"INSERT INTO such_market.transfers (contract_address, token_id, from_address, "
	"to_address,"
	" origin, log_index, block_time) VALUES "
	"('\\x00000000000000000000000000000000000000aa', 1,"
	" '\\x0000000000000000000000000000000000000000',"
	" '\\x1000000000000000000000000000000000000001', sha256('t'), 0, "
	"to_timestamp(1600000000));";

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 20000 };

void world_start(void)
{
	live_pg_start();
	live_pg_sql(world);
}

void world_done(void)
{
	live_pg_done();
}

struct env *new_env(void)
{
	struct env *env = mem_alloc(sizeof(*env));

	env->arena = arena_new(65536);
	env->pg = pg_new(&options, live_pg_url());
	env->cache = cache_new(NULL, NULL, env->pg);
	env->now_us = clock_wall_us();
	instance_attach(env);
	return env;
}

void free_env(struct env *env)
{
	cache_free(env->cache);
	pg_free(env->pg);
	arena_free(env->arena);
	free(env);
}

struct address address_of(const char *text)
{
	struct address address;

	ck_assert_int_eq(address_read(str_of(text), &address), RC_OK);
	return address;
}

/* "scope;field;field": readable, and enough to continue. */
static struct str seal(struct arena *arena, struct str secret, struct str scope,
		       const struct str *fields, size_t n)
{
	struct buf out;

	ck_assert_uint_gt(secret.len, 0);
	buf_init(&out, arena, BUF_NO_MAX);
	buf_adds(&out, scope);
	for (size_t i = 0; i < n; i++) {
		buf_addc(&out, '\t');
		buf_adds(&out, fields[i]);
	}
	return buf_str(&out);
}

struct page page_of(int64_t limit, int64_t number)
{
	return (struct page){
		.limit = limit, .number = number, .scope = STR("scope"), .seal = seal
	};
}

static struct json_object *node_at(struct env *env, struct str body, const char *path)
{
	struct json_object *node;
	const char *error = "";
	struct str rest = str_of(path);

	ck_assert_msg(jsonin_parse(env->arena, body, 20, &node, &error) == RC_OK, "%s: %.*s",
		      error, STR_ARG(body));
	while (rest.len) {
		struct str step = str_cut(&rest, '.');
		uint64_t i;

		if (jsonin_type(node) == JSONIN_ARRAY && str_u64(step, 1000000, &i))
			node = i < jsonin_count(node) ? jsonin_at(node, i) : NULL;
		else
			node = jsonin_get(node, arena_strz(env->arena, step));
	}
	return node;
}

struct str body_at(struct env *env, struct str body, const char *path)
{
	return arena_dup(env->arena, jsonin_text(node_at(env, body, path)));
}

const char *body_join(struct env *env, struct str body, const char *list, const char *key)
{
	struct json_object *array = node_at(env, body, list);
	struct buf out;

	buf_init(&out, env->arena, BUF_NO_MAX);
	for (size_t i = 0; i < jsonin_count(array); i++) {
		struct json_object *value = jsonin_get(jsonin_at(array, i), key);

		if (i)
			buf_addc(&out, ' ');
		buf_adds(&out, jsonin_type(value) == JSONIN_STRING ? jsonin_str(value)
								   : jsonin_text(value));
	}
	buf_addc(&out, '\0');
	return out.ptr;
}

bool page_after(struct env *env, const struct answer *answer, struct page *page)
{
	struct json_object *cursor = node_at(env, buf_str(&answer->body), "nextCursor");
	struct str rest = jsonin_str(cursor);

	if (!cursor)
		return false;
	ck_str(str_cut(&rest, '\t'), "scope");
	for (int i = 0; rest.ptr && i < PAGE_KEYS; i++) {
		struct str field = str_cut(&rest, '\t');

		page->key[i] = str_of(arena_strz(env->arena, field));
	}
	page->after = true;
	return true;
}
