/* POST …/transfers: who may, what a body must be, and what is answered. */
#include "suite.h"
#include <stdio.h>
#include <unistd.h>
#include "api/ask.h"
#include "base/arena.h"
#include "base/scope.h"
#include "lib/live_pg.h"
#include "model/key.h"
#include "net/pg.h"

#define POSTED "0x00000000000000000000000000000000000000e1"
#define ONCE   "0x00000000000000000000000000000000000000e2" /* ERC721 */
#define PATH   "/api/collection/" POSTED "/transfers"
#define HASH   "0x11111111111111111111111111111111111111111111111111111111111111"
#define W(n)   "\"" WALLET #n "\""

static struct env *env;
static char operator_key[KEY_TEXT];

static void start(void)
{
	world_start();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, token_type) VALUES"
		    " ('\\x00000000000000000000000000000000000000e1', 'ERC1155'),"
		    " ('\\x00000000000000000000000000000000000000e2', 'ERC721')");
}

static void begin(void)
{
	static int n;
	char name[32];

	env = new_env();
	snprintf(name, sizeof(name), "operator %d of %d", n++, (int)getpid());
	ck_assert_int_eq(key_create(env, name, ROLE_OPERATOR, operator_key), RC_OK);
}

static struct reply post_with(const char *path, const char *key, const char *body)
{
	return ask(env, &(struct ask){ .method = "POST",
				       .path = path,
				       .api_key = operator_key,
				       .content_type = "application/json",
				       .idempotency_key = key,
				       .body = body });
}

static struct reply post(const char *body)
{
	return post_with(PATH, NULL, body);
}

START_TEST(test_answer)
{
	begin();
	struct reply r = post("[{\"from\":null,\"to\":" W(
		1) ",\"tokenId\":\"7\",\"quantity\":"
		   "\"5\",\"transactionHash\":\"" HASH "01\",\"logIndex\":3,"
		   "\"batchIndex\":1,\"blockNumber\":19000000,\"blockTime\":"
		   "\"2024-01-01T00:00:00Z\"},"
		   "{\"from\":" W(1) ",\"to\":" W(
			   2) ",\"tokenId\":\"0x7\","
			      "\"quantity\":2,\"transactionHash\":\"" HASH "02\","
			      "\"logIndex\":0}]");

	ck_assert_int_eq(r.status, 200);
	ck_str(r.body, "{\"recorded\":2,\"duplicates\":0}");
	ck_str(header(&r, "Content-Type"), "application/json");
	ck_assert_ptr_null(header(&r, "ETag").ptr);
	r = get(env, "/api/collection/" POSTED "/transfers", NULL);
	ck_str(BODY(env, r, "transfers.0"),
	       "{\"contractAddress\":\"" POSTED "\",\"tokenId\":\"7\",\"from\":"
	       "\"0x0000000000000000000000000000000000000000\",\"to\":" W(
		       1) ","
			  "\"quantity\":\"5\",\"transactionHash\":\"" HASH
			  "01\",\"logIndex\":3,"
			  "\"batchIndex\":1,\"blockNumber\":19000000,\"blockTime\":"
			  "\"2024-01-01T00:00:00.000Z\"}");
	r = get(env, "/api/collection/" POSTED "/nfts/7/owner", NULL);
	ck_str(BODY(env, r, "owners"),
	       "[{\"address\":" W(1) ",\"balance\":\"3\"},{\"address\":" W(
		       2) ",\"balance\":\"2\"}]");
	/* An answer of GET, sent back, is a duplicate. */
	r = get(env, "/api/collection/" POSTED "/transfers", NULL);
	struct str back = BODY(env, r, "transfers");
	r = post(arena_strz(env->arena, back));
	ck_assert_int_eq(r.status, 200);
	ck_str(r.body, "{\"recorded\":0,\"duplicates\":2}");
	free_env(env);
}
END_TEST

START_TEST(test_who)
{
	char viewer[KEY_TEXT];

	begin();
	ck_assert_int_eq(key_create(env, "viewer", ROLE_VIEWER, viewer), RC_OK);
	struct ask what = { .method = "POST", .path = PATH, .body = "[]" };
	struct reply r = ask(env, &what);
	ck_problem(env, &r, 401, "unauthenticated");
	what.api_key = viewer;
	r = ask(env, &what);
	ck_problem(env, &r, 403, "forbidden");
	what.api_key = operator_key;
	r = ask(env, &what);
	ck_problem(env, &r, 415, "unsupported_media_type");
	what.content_type = "text/plain";
	r = ask(env, &what);
	ck_problem(env, &r, 415, "unsupported_media_type");
	what.content_type = "Application/JSON ; charset=utf-8";
	r = ask(env, &what);
	ck_problem(env, &r, 400, "invalid_body");
	what.method = "PUT";
	r = ask(env, &what);
	ck_problem(env, &r, 405, "method_not_allowed");
	ck_str(header(&r, "Allow"), "GET, HEAD, POST, OPTIONS");
	free_env(env);
}
END_TEST

#define GOOD                                                                                   \
	"\"from\":" W(1) ",\"to\":" W(2) ",\"tokenId\":\"1\",\"transactionHash\":\"" HASH      \
					 "03\",\"logIndex\":1"

/* Bodies that are refused, and the parameter that is named first; NULL: the whole. */
static const struct {
	const char *body, *parameter;
} bad[] = {
	{ NULL, NULL },
	{ "", NULL },
	{ "{}", NULL },
	{ "[]", NULL },
	{ "null", NULL },
	{ "[{}", NULL },
	{ "[{" GOOD "}] x", NULL },
	{ "[{" GOOD ",\"x\":\"\xff\"}]", NULL },
	{ "[{" GOOD ",\"x\":[[[[[[[[[1]]]]]]]]]}]", NULL },
	{ "[null]", "[0]" },
	{ "[1]", "[0]" },
	{ "[{" GOOD "},[]]", "[1]" },
	{ "[{}]", "[0].from" },
	{ "[{\"to\":" W(2) ",\"tokenId\":\"1\"}]", "[0].from" },
	{ "[{" GOOD ",\"from\":\"0x1\"}]", "[0].from" },
	{ "[{" GOOD ",\"from\":1}]", "[0].from" },
	{ "[{" GOOD ",\"from\":\"\"}]", "[0].from" },
	{ "[{" GOOD ",\"to\":null}]", "[0].to" },
	{ "[{" GOOD ",\"to\":\"0x100000000000000000000000000000000000000g\"}]", "[0].to" },
	{ "[{" GOOD ",\"from\":\"0x0\",\"to\":\"0x0\"}]", "[0].to" },
	{ "[{" GOOD ",\"tokenId\":null}]", "[0].tokenId" },
	{ "[{" GOOD ",\"tokenId\":\"-1\"}]", "[0].tokenId" },
	{ "[{" GOOD ",\"tokenId\":1.5}]", "[0].tokenId" },
	{ "[{" GOOD ",\"tokenId\":1e3}]", "[0].tokenId" },
	{ "[{" GOOD ",\"tokenId\":9007199254740993}]", "[0].tokenId" },
	{ "[{" GOOD
	  ",\"tokenId\":\"115792089237316195423570985008687907853269984665640564039457"
	  "584007913129639936\"}]",
	  "[0].tokenId" },
	{ "[{" GOOD ",\"tokenId\":true}]", "[0].tokenId" },
	{ "[{" GOOD ",\"quantity\":\"0\"}]", "[0].quantity" },
	{ "[{" GOOD ",\"quantity\":-1}]", "[0].quantity" },
	{ "[{" GOOD ",\"quantity\":\"1.0\"}]", "[0].quantity" },
	{ "[{" GOOD ",\"quantity\":\"\"}]", "[0].quantity" },
	{ "[{" GOOD ",\"transactionHash\":\"0x12\"}]", "[0].transactionHash" },
	{ "[{" GOOD ",\"transactionHash\":12}]", "[0].transactionHash" },
	{ "[{" GOOD ",\"transactionHash\":null}]", "[0].logIndex" },
	{ "[{" GOOD ",\"logIndex\":null}]", "[0].logIndex" },
	{ "[{" GOOD ",\"logIndex\":-1}]", "[0].logIndex" },
	{ "[{" GOOD ",\"logIndex\":\"1\"}]", "[0].logIndex" },
	{ "[{" GOOD ",\"logIndex\":9223372036854775808}]", "[0].logIndex" },
	{ "[{" GOOD ",\"batchIndex\":2147483648}]", "[0].batchIndex" },
	{ "[{" GOOD ",\"batchIndex\":0.5}]", "[0].batchIndex" },
	{ "[{" GOOD ",\"blockNumber\":-1}]", "[0].blockNumber" },
	{ "[{" GOOD ",\"blockNumber\":\"0x10\"}]", "[0].blockNumber" },
	{ "[{" GOOD ",\"blockTime\":1600000000}]", "[0].blockTime" },
	{ "[{" GOOD ",\"blockTime\":\"yesterday\"}]", "[0].blockTime" },
	{ "[{" GOOD ",\"blockTime\":\"1969-01-01T00:00:00Z\"}]", "[0].blockTime" },
	{ "[{" GOOD ",\"contractAddress\":\"" ALPHA "\"}]", "[0].contractAddress" },
	{ "[{" GOOD "},{" GOOD "},{" GOOD ",\"tokenId\":\"x\"}]", "[2].tokenId" },
};

START_TEST(test_bodies)
{
	begin();
	struct reply r = post(bad[_i].body);

	ck_problem(env, &r, 400, "invalid_body");
	if (bad[_i].parameter) {
		struct str name = BODY(env, r, "errors.0.parameter");

		ck_assert_msg(name.len == strlen(bad[_i].parameter) + 2 &&
				      memcmp(name.ptr + 1, bad[_i].parameter, name.len - 2) ==
					      0,
			      "%s: " STR_FMT, bad[_i].body, STR_ARG(r.body));
	}
	free_env(env);
}
END_TEST

/* n elements of the same kind. */
static const char *body_of(int n, const char *element)
{
	struct buf out;

	buf_init(&out, env->arena, BUF_NO_MAX);
	for (int i = 0; i < n; i++)
		buf_addf(&out, "%c%s", i ? ',' : '[', element);
	buf_adds(&out, STR("]"));
	buf_addc(&out, '\0');
	return out.ptr;
}

START_TEST(test_sizes)
{
	begin();
	struct reply r = post(body_of(101, "{" GOOD ",\"from\":null}"));
	ck_problem(env, &r, 400, "invalid_body");
	/* At most eight faults are told. */
	r = post(body_of(100, "{}"));
	ck_problem(env, &r, 400, "invalid_body");
	ck_str(BODY(env, r, "errors.7.parameter"), "\"[2].to\"");
	r = post(body_of(100, "{" GOOD ",\"from\":\"0X0\"}"));
	ck_assert_int_eq(r.status, 200);
	ck_str(r.body, "{\"recorded\":1,\"duplicates\":99}");
	free_env(env);
}
END_TEST

START_TEST(test_impossible)
{
	begin();
	struct reply r = post("[{\"from\":null,\"to\":" W(
		1) ",\"tokenId\":50,"
		   "\"transactionHash\":\"" HASH "50\",\"logIndex\":1},"
		   "{\"from\":" W(3) ",\"to\":" W(2) ",\"tokenId\":50,"
						     "\"transactionHash\":\"" HASH
						     "50\",\"logIndex\":2}]");
	ck_problem(env, &r, 422, "insufficient_balance");
	ck_str(BODY(env, r, "errors.0.parameter"), "\"[1].from\"");
	ck_str(BODY(env, r, "detail"),
	       "\"Transfer 1: " WALLET "3 holds 0 of token 50, less than 1\"");
	r = get(env, "/api/collection/" POSTED "/nfts/50", NULL);
	ck_problem(env, &r, 404, "token_not_found");

	const char *minted =
		"[{\"from\":\"0x0000000000000000000000000000000000000000\",\"to\":" W(
			1) ",\"tokenId\":1,\"transactionHash\":\"" HASH "51\","
			   "\"logIndex\":1}]";
	r = post_with("/api/collection/" ONCE "/transfers", NULL, minted);
	ck_assert_int_eq(r.status, 200);
	r = post_with(
		"/api/collection/" ONCE "/transfers", NULL,
		"[{\"from\":null,\"to\":" W(2) ",\"tokenId\":1,\"transactionHash\":\"" HASH
					       "51\",\"logIndex\":2}]");
	ck_problem(env, &r, 422, "token_held");
	ck_str(BODY(env, r, "errors.0.parameter"), "\"[0].tokenId\"");
	r = post_with("/api/collection/" ONCE "/transfers", NULL,
		      "[{\"from\":" W(1) ",\"to\":" W(2) ",\"tokenId\":1,\"quantity\":2,"
							 "\"transactionHash\":\"" HASH
							 "51\",\"logIndex\":2}]");
	ck_problem(env, &r, 422, "invalid_quantity");
	r = post_with("/api/collection/" NOWHERE "/transfers", NULL, minted);
	ck_problem(env, &r, 404, "collection_not_found");
	r = post_with("/api/collection/0x12/transfers", NULL, minted);
	ck_problem(env, &r, 400, "invalid_address");
	free_env(env);
}
END_TEST

START_TEST(test_idempotency_key)
{
	const char *nameless = "[{\"from\":null,\"to\":" W(1) ",\"tokenId\":60}]";
	char longest[258];

	begin();
	struct reply r = post(nameless);
	ck_problem(env, &r, 422, "identity_missing");
	ck_str(BODY(env, r, "errors.0.parameter"), "\"[0].transactionHash\"");
	r = post_with(PATH, "a-key", nameless);
	ck_assert_int_eq(r.status, 200);
	ck_str(r.body, "{\"recorded\":1,\"duplicates\":0}");
	ck_assert_ptr_null(header(&r, "Idempotency-Replayed").ptr);
	r = post_with(PATH, "a-key", nameless);
	ck_assert_int_eq(r.status, 200);
	ck_str(r.body, "{\"recorded\":1,\"duplicates\":0}");
	ck_str(header(&r, "Idempotency-Replayed"), "true");
	r = post_with(PATH, "a-key", "[{\"from\":null,\"to\":" W(1) ",\"tokenId\":61}]");
	ck_problem(env, &r, 422, "idempotency_mismatch");
	memset(longest, 'k', sizeof(longest));
	longest[255] = '\0';
	r = post_with(PATH, longest, nameless);
	ck_assert_int_eq(r.status, 200);
	longest[255] = 'k';
	longest[256] = '\0';
	r = post_with(PATH, longest, nameless);
	ck_problem(env, &r, 400, "invalid_idempotency_key");
	r = post_with(PATH, "two words", nameless);
	ck_problem(env, &r, 400, "invalid_idempotency_key");
	r = post_with(PATH, "caf\xc3\xa9", nameless);
	ck_problem(env, &r, 400, "invalid_idempotency_key");
	free_env(env);
}
END_TEST

static void all(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, start, world_done);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_answer);
	tcase_add_test(tc, test_who);
	tcase_add_loop_test(tc, test_bodies, 0, (int)COUNT_OF(bad));
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_impossible);
	tcase_add_test(tc, test_idempotency_key);
}

SUITE_OF(all)
