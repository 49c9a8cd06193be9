/* Traits: counts, shares, kinds, and how much of too many is told. */
#include "suite.h"
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/trait.h"
#include "net/pg.h"

static struct env *env;

static struct answer traits_of(const char *contract)
{
	struct address address = address_of(contract);
	struct answer answer;

	ck_assert_msg(trait_read(env, &address, &answer) == RC_OK, "%s", pg_error(env->pg));
	return answer;
}

START_TEST(test_shape)
{
	env = new_env();
	struct answer answer = traits_of(ALPHA);

	ck_str(AT(env, &answer, "contractAddress"), "\"" ALPHA "\"");
	ck_str(AT(env, &answer, "total"), "120");
	ck_str(AT(env, &answer, "traitTypeCount"), "3");
	ck_assert_str_eq(JOIN(env, &answer, "traits", "traitType"), "Eyes Hat Level");
	ck_assert_str_eq(JOIN(env, &answer, "traits", "kind"), "string string number");
	ck_assert_str_eq(JOIN(env, &answer, "traits", "valueCount"), "3 4 10");
	ck_assert_str_eq(JOIN(env, &answer, "traits.1.values", "value"), "h0 h1 h2 h3");
	ck_str(AT(env, &answer, "traits.1.values.0"),
	       "{\"value\":\"h0\",\"count\":30,\"share\":0.25}");
	ck_str(AT(env, &answer, "traits.0.min"), "null");
	ck_str(AT(env, &answer, "traits.2.min"), "0");
	ck_str(AT(env, &answer, "traits.2.max"), "9");
	free_env(env);
}
END_TEST

START_TEST(test_none_and_unknown)
{
	env = new_env();
	struct address nowhere = address_of(NOWHERE);
	struct answer answer = traits_of(EMPTY);

	ck_str(AT(env, &answer, "traits"), "[]");
	ck_str(AT(env, &answer, "total"), "0");
	ck_assert_int_eq(trait_read(env, &nowhere, &answer), RC_NOT_FOUND);
	answer = traits_of(WEIRD);
	ck_str(AT(env, &answer, "traits.0.traitType"), "\"a\\\"b,{c}\"");
	ck_str(AT(env, &answer, "traits.0.values.0.value"), "\"O'Neil \\\\ \U0001F980\"");
	ck_str(AT(env, &answer, "traits.0.values.0.share"), "0.333333");
	free_env(env);
}
END_TEST

static void add(const char *digit, const char *rows)
{
	struct str sql = arena_printf(
		env->arena,
		"INSERT INTO such_market.collections (contract_address) VALUES"
		" ('\\x00000000000000000000000000000000000000d%s');"
		"INSERT INTO such_market.collection_traits (contract_address, trait_type, "
		"value,"
		" kind, token_count) SELECT '\\x00000000000000000000000000000000000000d%s', %s",
		digit, digit, rows);

	live_pg_sql(sql.ptr);
}

/* Numbers that are none, and a type with two kinds of values. */
START_TEST(test_odd_numbers)
{
	env = new_env();
	add("1", "t, v, k, 1 FROM (VALUES ('n', '-1.50', 'number'), ('n', '2e3', 'number'),"
		 " ('n', '1e999999', 'number'), ('n', 'NaN', 'number'), ('m', '5', 'number'),"
		 " ('m', 'x', 'string'), ('d', '1600000000', 'date')) x (t, v, k)");
	struct answer answer = traits_of("0x00000000000000000000000000000000000000d1");

	ck_assert_str_eq(JOIN(env, &answer, "traits", "traitType"), "d m n");
	ck_assert_str_eq(JOIN(env, &answer, "traits", "kind"), "date string number");
	ck_assert_str_eq(JOIN(env, &answer, "traits", "min"), "1600000000 null -1.50");
	ck_assert_str_eq(JOIN(env, &answer, "traits", "max"), "1600000000 null 2000");
	free_env(env);
}
END_TEST

START_TEST(test_many_values)
{
	env = new_env();
	add("2", "'t', 'v' || n, 'string', n FROM generate_series(1, 30000) n");
	struct answer answer = traits_of("0x00000000000000000000000000000000000000d2");

	ck_str(AT(env, &answer, "traits.0.valueCount"), "30000");
	ck_str(AT(env, &answer, "traits.0.values.0.value"), "\"v30000\"");
	ck_str(AT(env, &answer, "traits.0.values.999.value"), "\"v29001\"");
	ck_str(AT(env, &answer, "traits.0.values.1000"), "null");
	add("3", "'t' || n, 'v' || m, 'string', 1 FROM generate_series(1, 1200) n,"
		 " generate_series(1, 25) m");
	answer = traits_of("0x00000000000000000000000000000000000000d3");
	ck_str(AT(env, &answer, "traitTypeCount"), "1200");
	ck_str(AT(env, &answer, "traits.999.valueCount"), "25");
	ck_str(AT(env, &answer, "traits.999.values.20"), "null");
	ck_str(AT(env, &answer, "traits.1000"), "null");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_shape, test_none_and_unknown, test_odd_numbers,
	   test_many_values)
