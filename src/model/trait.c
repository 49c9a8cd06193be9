#include "model/trait.h"

#include "model/env.h"
#include "model/render.h"
#include "model/reads.h"
#include "net/pg.h"

enum {
	TOKENS,
	TYPES,
	TYPE,
	KIND,
	VALUES,
	LEAST,
	GREATEST,
	VALUE,
	VALUE_TOKENS
};

static void render_value(struct json *j, const struct pg_result *rows, int i)
{
	json_object(j, NULL);
	render_str(j, "value", rows, i, VALUE);
	render_int(j, "count", rows, i, VALUE_TOKENS);
	render_share(j, "share", pg_f64(rows, i, VALUE_TOKENS), pg_f64(rows, i, TOKENS));
	json_end(j);
}

/* One type: the rows from i on that have it; returns the row after it. */
static int render_type(struct json *j, const struct pg_result *rows, int i)
{
	struct str type = pg_str(rows, i, TYPE);
	int first = i;

	json_object(j, NULL);
	json_str(j, "traitType", type);
	render_str(j, "kind", rows, first, KIND);
	render_int(j, "valueCount", rows, first, VALUES);
	json_array(j, "values");
	for (; i < rows->count && str_eq(pg_str(rows, i, TYPE), type); i++)
		render_value(j, rows, i);
	json_end(j);
	bool range = !str_eq(pg_str(rows, first, KIND), STR("string"));
	json_raw(j, "min", range ? pg_str(rows, first, LEAST) : STR_NONE);
	json_raw(j, "max", range ? pg_str(rows, first, GREATEST) : STR_NONE);
	json_end(j);
	return i;
}

static void render_traits(struct json *j, const struct address *contract,
			  const struct pg_result *rows)
{
	char address[ADDRESS_TEXT];
	bool any = !pg_is_null(rows, 0, TYPE);

	address_write(contract, address);
	json_object(j, NULL);
	json_strz(j, "contractAddress", address);
	render_int(j, "total", rows, 0, TOKENS);
	render_int(j, "traitTypeCount", rows, 0, TYPES);
	json_array(j, "traits");
	for (int i = 0; any && i < rows->count;)
		i = render_type(j, rows, i);
	json_end(j);
	json_end(j);
}

enum rc trait_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result rows = pg_run(env->pg, STMT_trait_list, PG_ARGS(pg_address(args)));
	if (rows.rc != RC_OK)
		return rows.rc;
	if (rows.count == 0)
		return answer_missing(env, ret, MISSING_COLLECTION);

	answer_begin(env, ret, &j);
	render_traits(&j, args, &rows);
	return answer_end(ret);
}

enum rc trait_read(struct env *env, const struct address *contract, struct answer *ret)
{
	return read_through(env, READ_traits, contract, ret);
}
