/* Extra rules: how they are written, and what they add to which event. */
#include "suite.h"

#include "base/scope.h"
#include "cache/rule.h"

#define A1 "0x1111111111111111111111111111111111111111"
#define A2 "0x2222222222222222222222222222222222222222"

static struct rules rules;

static void read_good(const char *text)
{
	const char *why = "";
	struct str at;

	ck_assert_msg(rules_read(text, &rules, &why, &at) == RC_OK, "%s: %s", text, why);
}

/* What is added, one a line; NULL: it cannot be named. */
static const char *added(const char *source, const char *tags)
{
	static char text[1024];
	struct buf more = { .ptr = text, .cap = sizeof(text) - 1, .max = sizeof(text) - 1 };

	if (!rules_expand(&rules, str_of(source), str_of(tags), &more))
		return NULL;
	text[more.len] = '\0';
	return text;
}

START_TEST(test_bad_rules)
{
	static const struct {
		const char *text, *at;
	} rows[] = {
		{ "nfts", "nfts" },
		{ "nfts:update", "nfts:update" },
		{ "nfts:update ->", "" },
		{ "nfts:update -> list,", "" },
		{ "nfts:update -> x:{contract}", "x:{contract}" },
		{ "nfts:update -> r:{owner}", "r:{owner}" },
		{ "nfts:update -> r:{contract", "r:{contract" },
		{ "nfts:update -> t:{contract}", "t:{contract}" },
		{ "nfts:update -> r:0xAB", "r:0xAB" },
		{ "nfts:update -> ~*", "~*" },
		{ "nfts:merge -> list", "nfts:merge" },
		{ "tokens:update -> list", "tokens:update" },
		{ "nfts:* -> list; foo -> list", "foo" },
		{ "nfts -> k,k,k,k,k,k,k,k,list", "list" },
		/* Of what such events never name. */
		{ "fc_users:update -> list, r:{contract}",
		  "fc_users:update -> list, r:{contract}" },
		{ "nfts -> o:{wallet}", "nfts -> o:{wallet}" },
		{ "nfts -> list; transfers:* -> u:{fid} ;", "transfers:* -> u:{fid}" },
		{ "api_keys:insert -> c:{contract}", "api_keys:insert -> c:{contract}" },
		{ "collection_traits -> t:{contract}:{token}",
		  "collection_traits -> t:{contract}:{token}" },
		{ "collections:update -> t:{contract}:{token}",
		  "collections:update -> t:{contract}:{token}" },
		{ "nft_ownership -> t:{wallet}:{token}",
		  "nft_ownership -> t:{wallet}:{token}" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *why = NULL;
		struct str at;

		ck_assert_msg(rules_read(rows[i].text, &rules, &why, &at) == RC_INVALID, "%s",
			      rows[i].text);
		ck_assert_ptr_nonnull(why);
		ck_assert_msg(str_eqz(at, rows[i].at), "%s: " STR_FMT, rows[i].text,
			      STR_ARG(at));
	}
}
END_TEST

START_TEST(test_which_event)
{
	read_good("nfts:update -> r:{contract}, list; transfers:* -> k ; nfts -> u:1;");
	ck_assert_uint_eq(rules.n, 3);
	ck_assert_str_eq(added("nfts:update", "t:" A1 ":7"), "r:" A1 "\nlist\nu:1");
	ck_assert_str_eq(added("nfts:insert", "t:" A1 ":7"), "u:1");
	ck_assert_str_eq(added("transfers:delete", "h:" A1), "k");
	ck_assert_str_eq(added("fc_users:update", "u:7"), "");
	ck_assert_str_eq(added("", "u:7"), "");
	read_good("");
	ck_assert_str_eq(added("nfts:update", "t:" A1 ":7"), "");
	read_good(NULL);
}
END_TEST

START_TEST(test_what_is_filled_in)
{
	read_good("nft_ownership:* -> r:{contract}");
	ck_assert_str_eq(added("nft_ownership:update", "t:" A1 ":7\nt:" A1 ":8\nh:" A2),
			 "r:" A1 "\nr:" A2);
	read_good("nft_ownership:* -> t:{contract}:{token}, o:{wallet}");
	ck_assert_str_eq(added("nft_ownership:update", "h:" A1 "\nt:" A1 ":7\no:" A2),
			 "t:" A1 ":7\no:" A2);
	read_good("fc_users -> u:{fid}, o:" A1);
	ck_assert_str_eq(added("fc_users:insert", "u:7\nu:8"), "u:7\nu:8\no:" A1);
}
END_TEST

/* Where the event speaks of many, so do they. */
START_TEST(test_coarse)
{
	read_good("nft_ownership -> t:{contract}:{token}, o:{wallet}, h:{contract}");
	ck_assert_str_eq(added("nft_ownership:update", "b:" A1 "\no:*"),
			 "b:" A1 "\no:*\nh:" A1);
	read_good("fc_users -> u:{fid}");
	ck_assert_str_eq(added("fc_users:update", "u:*"), "u:*");
	read_good("collections -> r:{contract}");
	ck_assert_ptr_null(added("collections:update", "c:*\nlist"));
	read_good("collections -> t:{contract}:{token}");
	ck_assert_str_eq(added("collections:insert", "c:" A1 "\nb:" A1 "\nlist"), "b:" A1);
	read_good("user_collections:update -> o:{wallet}, t:{contract}:{token}");
	ck_assert_str_eq(added("user_collections:update", "b:" A1 "\no:*\nlist"), "o:*\nb:" A1);
	read_good("collections -> u:1");
	ck_assert_str_eq(added("collections:update", "c:*\nlist"), "u:1");
}
END_TEST

SUITE(test_bad_rules, test_which_event, test_what_is_filled_in, test_coarse)
