#include "lib/fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "lib/stack.h"

const char *fixture_holder(int n)
{
	static char text[8][43];
	static int next;
	char *ret = text[next++ % 8];

	snprintf(ret, 43, "0x%040x", 0xabc000 + n);
	return ret;
}

static void nfts(struct buf *out)
{
	for (int n = 0; n < FIXTURE_TOKENS; n++) {
		buf_addf(out,
			 "{\"tokenId\":\"%d\",\"name\":\"Fixture "
			 "#%d\",\"description\":\"number %d\","
			 "\"image\":\"https://example.org/%d.png\",\"extra\":{\"n\":%d},"
			 "\"attributes\":[{\"trait_type\":\"Fur\",\"value\":\"fur %d\"},"
			 "{\"trait_type\":\"Level\",\"value\":%d,\"display_type\":\"number\"}",
			 n, n, n, n, n, n % 5, n);
		buf_addf(out, "%s]}\n",
			 n % 2 ? ",{\"trait_type\":\"Hat\",\"value\":\"hat\"}" : "");
	}
}

static void owners(struct buf *out)
{
	buf_addf(out, "token_id,owner_address\n");
	for (int n = 0; n < FIXTURE_TOKENS - 1; n++)
		buf_addf(out, "%d,%s\n", n, fixture_holder(n % 7));
	buf_addf(out, "%d,0x%040x\n", FIXTURE_TOKENS - 1, 0);
}

static void transfers(struct buf *out)
{
	buf_addf(out, "block_number,tx_hash,log_index,from,to,token_id,timestamp\n");
	for (int n = 0; n < FIXTURE_TOKENS; n++)
		buf_addf(out, "%d,0x%064x,%d,0x%040x,%s,%d,2024-01-01T00:%02d:%02dZ\n",
			 1000 + n, n + 1, n, 0, fixture_holder(n ? n % 7 : 3), n, n / 60,
			 n % 60);
	buf_addf(out, "5000,0x%064x,0,%s,%s,0,2024-02-01T00:00:00Z\n", 9999, fixture_holder(3),
		 fixture_holder(0));
}

static const char users[] =
	"{\"fid\":7,\"username\":\"seven\",\"displayName\":\"Seven\",\"pfpUrl\":null,"
	"\"custodyAddress\":\"0x0000000000000000000000000000000000abc002\","
	"\"verifiedAddresses\":[\"0x0000000000000000000000000000000000abc000\","
	"\"0x0000000000000000000000000000000000abc001\"]}\n"
	"{\"fid\":8,\"username\":\"eight\",\"displayName\":null,\"pfpUrl\":null,"
	"\"custodyAddress\":\"0x0000000000000000000000000000000000def000\","
	"\"verifiedAddresses\":[]}\n";

static const char meta_721[] =
	"{\"contract\":\"" FIXTURE_721 "\",\"name\":\"Fixture\",\"symbol\":\"FIX\","
	"\"standard\":\"ERC721\",\"chain\":\"eth-mainnet\",\"expected_supply\":250}";
static const char meta_1155[] =
	"{\"contract\":\"" FIXTURE_1155 "\",\"name\":\"Stacks\",\"standard\":\"ERC1155\"}";
static const char owners_1155[] =
	"token_id,owner_address,balance\n"
	"1,0x0000000000000000000000000000000000abc000,5\n"
	"1,0x0000000000000000000000000000000000abc001," FIXTURE_2_255 "\n"
	"2,0x0000000000000000000000000000000000abc001,1\n"
	"3,0x0000000000000000000000000000000000abc002,1\n";

/* The option that gives this text as a file. */
static void option(char ret[600], const char *name, const char *text)
{
	snprintf(ret, 600, "--%s=%s", name, stack_file(name, text));
}

static void made(char ret[600], const char *name, void (*make)(struct buf *))
{
	struct buf text;

	buf_init(&text, NULL, BUF_NO_MAX);
	make(&text);
	buf_addc(&text, '\0');
	option(ret, name, text.ptr);
	buf_release(&text);
}

void fixture_import(void)
{
	char a[600], b[600], c[600], d[600], e[600];

	option(a, "collection", meta_721);
	made(b, "nfts", nfts);
	made(c, "owners", owners);
	made(d, "transfers", transfers);
	option(e, "users", users);
	ck_assert_msg(STACK_RUN("import", a, b, c, d, e) == 0, "%s", stack_output());
	option(a, "collection", meta_1155);
	option(b, "owners", owners_1155);
	ck_assert_msg(STACK_RUN("import", a, b) == 0, "%s", stack_output());
}
