/* Lines judged one by one, without a database. */
#include "suite.h"
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/chain.h"
#include "base/scope.h"
#include "jobs/import_holder.h"
#include "jobs/import_line.h"
#include "jobs/import_mark.h"

#define ADDR   "0x00000000000000000000000000000000000000Aa"
#define NOBODY "0x0000000000000000000000000000000000000000"
#define HEX    "\\\\x00000000000000000000000000000000000000aa"

static struct arena *arena;
static struct buf out;
static struct line line;
static struct marks *marks;

static void begin(void)
{
	marks_free(marks);
	marks = marks_new();
	arena_free(arena);
	arena = arena_new(4096);
	buf_init(&out, arena, BUF_NO_MAX);
	line = (struct line){ .arena = arena, .number = 7, .out = &out, .marks = marks };
}

static const char *row(void)
{
	buf_addc(&out, '\0');
	return out.ptr;
}

/* An nft line of contract aa whose other members are given: its attributes column. */
static const char *attributes_of(const char *members)
{
	char text[4096];
	begin();
	snprintf(text, sizeof(text), "{\"contract\":\"" ADDR "\",\"tokenId\":\"1\",%s}",
		 members);
	ck_assert_msg(import_nft_line(&line, str_of(text)) == LINE_TAKEN, "%s: %s", members,
		      line.reason);
	char *from = strstr(row(), "\t[");
	ck_assert_ptr_nonnull(from);
	*strchr(from + 1, '\t') = '\0';
	return from + 1;
}

static void bad_nft(const char *text, const char *reason)
{
	begin();
	ck_assert_msg(import_nft_line(&line, str_of(text)) == LINE_BAD, "taken: %s", text);
	ck_assert_msg(strstr(line.reason, reason) != NULL, "%s: %s", text, line.reason);
}

START_TEST(nft_columns)
{
	begin();
	struct str text =
		STR("{\"tokenId\":\"0x10\",\"name\":\"a\\tb\",\"image_url\":\"i\","
		    "\"external_url\":null,\"standard\":\"ERC1155 x\",\"contract\":\"" ADDR
		    "\",\"description\":\"\"}");
	ck_assert_int_eq(import_nft_line(&line, text), LINE_TAKEN);
	ck_assert_str_eq(row(),
			 "7\t" HEX "\tERC1155\t16\ta\\tb\t\ti\t\\N\t\\N\t\\N\t\\N\t[]\t{}\t"
			 "{\"tokenId\":\"0x10\",\"name\":\"a\\\\tb\",\"image_url\":\"i\","
			 "\"external_url\":null,\"standard\":\"ERC1155 x\",\"contract\":\"" ADDR
			 "\",\"description\":\"\"}\n");
}
END_TEST

START_TEST(nft_attribute_shapes)
{
	ck_assert_str_eq(
		attributes_of("\"attributes\":[{\"trait_type\":\"Hat\",\"value\":\"Red\"}]"),
		"[{\"traitType\":\"Hat\",\"value\":\"Red\",\"displayType\":null}]");
	ck_assert_str_eq(
		attributes_of("\"attributes\":[{\"value\":3.50,\"display_type\":\"number\"}]"),
		"[{\"traitType\":null,\"value\":3.50,\"displayType\":\"number\"}]");
	ck_assert_str_eq(
		attributes_of("\"attributes\":[{\"trait_type\":\"A\",\"value\":null}]"),
		"[{\"traitType\":\"A\",\"value\":null,\"displayType\":null}]");
	ck_assert_str_eq(attributes_of("\"attributes\":[{\"trait_type\":\"A\",\"value\":"
				       "123456789012345678901234567890}]"),
			 "[{\"traitType\":\"A\",\"value\":123456789012345678901234567890,"
			 "\"displayType\":null}]");
	ck_assert_str_eq(
		attributes_of("\"attributes\":[{\"trait_type\":5,\"value\":{\"x\":[1]}}]"),
		"[{\"traitType\":\"5\",\"value\":{\"x\":[1]},\"displayType\":null}]");
	ck_assert_str_eq(attributes_of("\"attributes\":[\"plain\",null]"),
			 "[{\"traitType\":null,\"value\":\"plain\",\"displayType\":null}]");
	ck_assert_str_eq(attributes_of("\"attributes\":{\"Hat\":\"Red\",\"Age\":{\"value\":3,"
				       "\"display_type\":\"number\"}}"),
			 "[{\"traitType\":\"Hat\",\"value\":\"Red\",\"displayType\":null},"
			 "{\"traitType\":\"Age\",\"value\":3,\"displayType\":\"number\"}]");
	ck_assert_str_eq(attributes_of("\"attributes\":null"), "[]");
	ck_assert_str_eq(attributes_of("\"attributes\":\"none\""), "[]");
}
END_TEST

static void takes(const char *attributes, const char *column, bool several)
{
	char text[512];
	out.len = 0;
	line.several = false;
	snprintf(text, sizeof(text), "{\"contract\":\"" ADDR "\",\"tokenId\":1,\"traits\":%s}",
		 attributes);
	ck_assert_int_eq(import_nft_line(&line, str_of(text)), LINE_TAKEN);
	ck_assert_msg(strstr(row(), column) != NULL, "%s not in %s", column, out.ptr);
	ck_assert_int_eq(line.several, several);
}

/* The same attribute has the same mark, and a token has it once. */
START_TEST(nft_marks)
{
	begin();
	takes("{\"A\":1,\"B\":1}", "\t{1,2}\t", false);
	takes("[{\"trait_type\":\"A\",\"value\":2},{\"trait_type\":\"B\",\"value\":1}]",
	      "\t{3,2}\t", false);
	takes("[{\"trait_type\":\"A\",\"value\":2},{\"trait_type\":\"A\",\"value\":2}]",
	      "\t{3}\t", false);
	takes("[{\"trait_type\":\"A\",\"value\":2},{\"trait_type\":\"A\",\"value\":1}]",
	      "\t{3,1}\t", true);
	ck_assert(!marks_full(marks));
	out.len = 0;
	marks_write(marks, &out);
	ck_assert_ptr_nonnull(
		strstr(row(), "2\t{\"traitType\":\"B\",\"value\":1,\"displayType\":null}\n"));
	takes("{\"B\":1}", "\t{4}\t", false);
}
END_TEST

/* Written out in time, whatever a file holds. */
START_TEST(marks_are_bounded)
{
	char text[64];
	size_t count = 0;
	begin();
	for (; !marks_full(marks); count++) {
		snprintf(text, sizeof(text), "%zu", count);
		ck_assert_uint_eq(marks_of(marks, str_of(text)), count + 1);
	}
	ck_assert_uint_ge(count, 10000);
	marks_write(marks, &out);
	ck_assert(!marks_full(marks));
	size_t rows = 0;
	for (size_t i = 0; i < out.len; i++)
		rows += out.ptr[i] == '\n';
	ck_assert_uint_eq(rows, count);
	ck_assert_uint_eq(marks_of(marks, STR("0")), count + 1);
	struct buf large;
	buf_init(&large, arena, BUF_NO_MAX);
	memset(buf_room(&large, 1 << 20), 'x', 1 << 20);
	for (count = 0; !marks_full(marks); count++) {
		large.ptr[0] = (char)('a' + count);
		marks_of(marks, (struct str){ large.ptr, 1 << 20 });
	}
	ck_assert_uint_lt(count, 16);
}
END_TEST

START_TEST(nft_refusals)
{
	bad_nft("{\"tokenId\":\"1\"", "not JSON");
	bad_nft("[1]", "not a JSON object");
	bad_nft("{\"tokenId\":\"1\"}", "no contract");
	bad_nft("{\"contract\":\"0x12\",\"tokenId\":\"1\"}", "contract is not an address");
	bad_nft("{\"contract\":\"" ADDR "\"}", "no tokenId");
	bad_nft("{\"contract\":\"" ADDR "\",\"tokenId\":\"-1\"}", "tokenId is not");
	bad_nft("{\"contract\":\"" ADDR "\",\"tokenId\":1.5}", "tokenId is not");
	bad_nft("{\"contract\":\"" ADDR
		"\",\"tokenId\":\"1157920892373161954235709850086879078532699846"
		"65640564039457584007913129639936\"}",
		"tokenId is not");
	bad_nft("{\"contract\":\"" ADDR "\",\"tokenId\":\"1\",\"name\":\"a\\u0000b\"}",
		"U+0000");
	bad_nft("{\"contract\":\"" ADDR "\",\"tokenId\":\"1\",\"attributes\":"
		"[{\"trait_type\":\"A\",\"value\":1e99999}]}",
		"out of range");
	bad_nft("{\"contract\":\"" ADDR "\",\"tokenId\":\"1\",\"name\":\"\xff\"}", "UTF-8");
}
END_TEST

/* Two backslashes before u0000 are a backslash and the text u0000. */
START_TEST(nft_escaped_backslash_is_no_nul)
{
	begin();
	struct str text =
		STR("{\"contract\":\"" ADDR "\",\"tokenId\":1,\"name\":\"a\\\\u0000\"}");
	ck_assert_int_eq(import_nft_line(&line, text), LINE_TAKEN);
}
END_TEST

START_TEST(nft_too_many_attributes)
{
	begin();
	struct buf text;
	buf_init(&text, arena, BUF_NO_MAX);
	buf_adds(&text, STR("{\"contract\":\"" ADDR "\",\"tokenId\":1,\"attributes\":[1"));
	for (int i = 0; i < 1000; i++)
		buf_adds(&text, STR(",1"));
	buf_adds(&text, STR("]}"));
	ck_assert_int_eq(import_nft_line(&line, buf_str(&text)), LINE_BAD);
	ck_assert_str_eq(line.reason, "more than 1,000 attributes");
}
END_TEST

START_TEST(nft_of_another_collection)
{
	begin();
	line.has_contract = true;
	memset(line.contract.byte, 1, sizeof(line.contract.byte));
	struct str text = STR("{\"contract\":\"" ADDR "\",\"tokenId\":1}");
	ck_assert_int_eq(import_nft_line(&line, text), LINE_BAD);
	ck_assert_str_eq(line.reason, "contract is not that of --collection");
}
END_TEST

static enum line_fate csv(bool (*header)(struct line *, const struct csv_row *),
			  enum line_fate (*judge)(struct line *, const struct csv_row *),
			  const char *names, const char *values)
{
	struct csv_row fields;
	const char *why;
	begin();
	ck_assert(csv_split(arena, str_of(names), &fields, &why));
	if (!header(&line, &fields))
		return LINE_BAD;
	if (!csv_split(arena, str_of(values), &fields, &line.reason))
		return LINE_BAD;
	return judge(&line, &fields);
}

static enum line_fate owner(const char *names, const char *values)
{
	return csv(import_owner_header, import_owner_row, names, values);
}

static enum line_fate transfer(const char *names, const char *values)
{
	return csv(import_transfer_header, import_transfer_row, names, values);
}

static void is_holder(const char *token, const char *balance)
{
	struct holder h = holder_read(buf_str(&out));
	struct u256 id, amount;
	char wallet[ADDRESS_TEXT];
	struct address owner;
	memcpy(owner.byte, h.owner, sizeof(owner.byte));
	address_write(&owner, wallet);
	u256_unpack(h.token, &id);
	u256_unpack(h.balance, &amount);
	ck_assert_str_eq(wallet, "0x00000000000000000000000000000000000000aa");
	ck_assert_str_eq(id.dec, token);
	ck_assert_str_eq(amount.dec, balance);
	ck_assert_uint_eq(h.line, 7);
}

START_TEST(owner_rows)
{
	ck_assert_int_eq(owner("token_id,owner_address,balance", "5," ADDR ",3"), LINE_TAKEN);
	is_holder("5", "3");
	ck_assert_int_eq(owner("Owner, tokenId", "\"" ADDR "\", 0x05 "), LINE_TAKEN);
	is_holder("5", "1");
	ck_assert_int_eq(owner("token_id,balance", "5,1"), LINE_BAD);
	ck_assert_str_eq(line.reason, "the first line names no column owner_address");
	ck_assert_int_eq(owner("token_id,owner,owner", "5,1"), LINE_BAD);
	ck_assert_str_eq(line.reason, "two columns owner_address");
	ck_assert_int_eq(owner("token_id,owner", "x," ADDR), LINE_BAD);
	ck_assert_int_eq(owner("token_id,owner", "5,0x1"), LINE_BAD);
	ck_assert_int_eq(owner("token_id,owner", "5"), LINE_BAD);
	ck_assert_int_eq(owner("token_id,owner,balance", "5," ADDR ",-1"), LINE_BAD);
	ck_assert_int_eq(owner("token_id,owner,balance", "5," ADDR ",1e3"), LINE_BAD);
}
END_TEST

START_TEST(transfer_rows)
{
	ck_assert_int_eq(transfer("date,from,to,token_id", "2017-06-23,," ADDR ",9"),
			 LINE_TAKEN);
	ck_assert_str_eq(row(), "7\t9\t\\\\x0000000000000000000000000000000000000000\t" HEX
				"\t1\t\\N\t\\N\t\\N\t\\N\t2017-06-23\n");
	ck_assert_int_eq(
		transfer("block_number,timestamp,tx_hash,log_index,from,to,token_id,quantity",
			 "4,1500000000,0x1111111111111111111111111111111111111111111111111111"
			 "111111111111,3," ADDR "," ADDR ",9,2"),
		LINE_TAKEN);
	ck_assert_ptr_nonnull(strstr(row(), "\t2\t\\\\x1111"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "1111\t3\t\\N\t4\t2017-07-14T02:40:00.000Z\n"));
}
END_TEST

START_TEST(transfers_that_move_nothing)
{
	ck_assert_int_eq(transfer("from,to,token_id", ADDR ",,9"), LINE_IGNORED);
	ck_assert_int_eq(transfer("from,to,token_id", ADDR "," ADDR ","), LINE_IGNORED);
	ck_assert_int_eq(transfer("from,to,token_id,amount", ADDR "," ADDR ",9,0"),
			 LINE_IGNORED);
	ck_assert_int_eq(transfer("from,to,token_id,event", "," NOBODY ",9,AdoptionOffered"),
			 LINE_IGNORED);
	ck_assert_int_eq(transfer("from,to,token_id,event", "," ADDR ",9,CatRescued"),
			 LINE_TAKEN);
}
END_TEST

START_TEST(transfer_refusals)
{
	ck_assert_int_eq(transfer("from,token_id", ADDR ",9"), LINE_BAD);
	ck_assert_int_eq(transfer("from,to,token_id", "0x1," ADDR ",9"), LINE_BAD);
	ck_assert_int_eq(transfer("from,to,token_id,tx_hash", "," ADDR ",9,0x11"), LINE_BAD);
	ck_assert_int_eq(transfer("from,to,token_id,log_index", "," ADDR ",9,-1"), LINE_BAD);
	ck_assert_int_eq(transfer("from,to,token_id,date", "," ADDR ",9,yesterday"), LINE_BAD);
	ck_assert_str_eq(line.reason, "date is not a date, a time or seconds since 1970");
}
END_TEST

START_TEST(times)
{
	static const char *const good[] = {
		"2017-06-23",
		"2020-02-29",
		"2017-06-23T10:20:30Z",
		"2017-06-23 10:20:30",
		"2017-06-23T10:20:30.123456Z",
		"2017-06-23T10:20:30+02:00",
		"2017-06-23 10:20:30 UTC",
		"1500000000",
	};
	static const char *const bad[] = {
		"",
		"2017",
		"2017-13-01",
		"2017-02-29",
		"2017-06-23T",
		"2017-06-23T25:00:00",
		"2017-06-23T10:20:30.",
		"2017-06-23T10:20:30x",
		"17-06-23",
		"9999999999999999",
		"2017-06-23T10:20.5",
		"infinity",
		"-1",
	};
	begin();
	for (size_t i = 0; i < COUNT_OF(good); i++)
		ck_assert_msg(import_time_read(str_of(good[i]), &out), "%s", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!import_time_read(str_of(bad[i]), &out), "%s", bad[i]);
}
END_TEST

START_TEST(users)
{
	begin();
	struct str text = STR(
		"{\"fid\":3,\"username\":\"u\",\"displayName\":null,\"custodyAddress\":\"" ADDR
		"\",\"verifiedAddresses\":[\"" ADDR "\",\"7xKX\"]}");
	ck_assert_int_eq(import_user_line(&line, text), LINE_TAKEN);
	ck_assert_str_eq(row(), "7\t3\tu\t\\N\t\\N\t" HEX
				"\t{\"\\\\\\\\x00000000000000000000000000000000"
				"000000aa\"}\n");
	begin();
	ck_assert_int_eq(import_user_line(&line, STR("{\"fid\":-1}")), LINE_BAD);
	ck_assert_int_eq(import_user_line(&line, STR("{\"fid\":\"9223372036854775808\"}")),
			 LINE_BAD);
	ck_assert_int_eq(
		import_user_line(&line, STR("{\"fid\":1,\"verifiedAddresses\":[\"0x1\"]}")),
		LINE_BAD);
}
END_TEST

START_TEST(meta)
{
	struct import_meta m;
	const char *why = NULL;
	begin();
	ck_assert(
		import_meta_read(arena,
				 STR("{\"contract\":\"" ADDR "\",\"standard\":\"CRYPTOPUNKS "
				     "(pre-ERC-721)\",\"chain\":\"gnosis\",\"expected_supply\":"
				     "10000,\"name\":\"n\"}"),
				 &m, &why));
	ck_assert_str_eq(m.token_type, "CRYPTOPUNKS");
	ck_assert_int_eq(m.chain, 100);
	ck_assert_str_eq(m.supply, "10000");
	ck_assert_ptr_null(m.symbol);
	ck_assert(!import_meta_read(arena, STR("{\"name\":\"n\"}"), &m, &why));
	ck_assert_str_eq(why, "no contract");
	ck_assert(!import_meta_read(arena, STR("{\"contract\":\"" ADDR "\"}{}"), &m, &why));
	ck_assert(!import_meta_read(
		arena, STR("{\"contract\":\"" ADDR "\",\"expected_supply\":-1}"), &m, &why));
}
END_TEST

START_TEST(standards)
{
	ck_assert_str_eq(import_standard(STR("ERC721 (draft)")), "ERC721");
	ck_assert_str_eq(import_standard(STR("erc-1155")), "ERC1155");
	ck_assert_str_eq(import_standard(STR("MoonCatRescue (pre-ERC-721)")), "UNKNOWN");
	ck_assert_str_eq(import_standard(STR("")), "UNKNOWN");
}
END_TEST

START_TEST(chains)
{
	int64_t id = 0;
	ck_assert(chain_read(STR("ETH-mainnet"), &id) && id == 1);
	ck_assert(chain_read(STR("base-mainnet"), &id) && id == 8453);
	ck_assert(chain_read(STR("137"), &id) && id == 137);
	ck_assert(!chain_read(STR("0"), &id));
	ck_assert(!chain_read(STR("moon"), &id));
	ck_assert_str_eq(chain_name(100), "gnosis");
	ck_assert_ptr_null(chain_name(424242424242));
}
END_TEST

SUITE(nft_columns, nft_attribute_shapes, nft_marks, marks_are_bounded, nft_refusals,
      nft_escaped_backslash_is_no_nul, nft_too_many_attributes, nft_of_another_collection,
      owner_rows, transfer_rows, transfers_that_move_nothing, transfer_refusals, times, users,
      meta, standards, chains)
