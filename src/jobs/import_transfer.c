/* --transfers: CSV, one move of one token a row, oldest first. */
#include <ctype.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "jobs/import_line.h"

enum {
	FROM,
	TO,
	TOKEN,
	AMOUNT,
	BLOCK,
	HASH,
	LOG_INDEX,
	BATCH_INDEX,
	TIME,
	EVENT
};

static const struct csv_column columns[] = {
	[FROM] = { { "from", "from_address" }, true },
	[TO] = { { "to", "to_address" }, true },
	[TOKEN] = { { "token_id", "tokenId" }, true },
	[AMOUNT] = { { "amount", "quantity", "value" }, false },
	[BLOCK] = { { "block_number", "blockNumber", "block" }, false },
	[HASH] = { { "tx_hash", "transaction_hash", "transactionHash", "hash" }, false },
	[LOG_INDEX] = { { "log_index", "logIndex" }, false },
	[BATCH_INDEX] = { { "batch_index", "batchIndex" }, false },
	[TIME] = { { "date", "timestamp", "block_time", "block_timestamp", "time" }, false },
	[EVENT] = { { "event", "event_name" }, false },
};

bool import_transfer_header(struct line *line, const struct csv_row *row)
{
	return csv_header(line->arena, row, columns, COUNT_OF(columns), line->at,
			  &line->reason);
}

/* Parts of the names of events that offer, ask, name or allow, but move nothing. */
static bool event_moves(struct str event)
{
	static const char *const words[] = {
		"offer", "request", "cancel", "name", "approv", "bid", "list", "nolonger",
	};
	char lower[64];
	size_t len = event.len < sizeof(lower) ? event.len : sizeof(lower);
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)tolower((unsigned char)event.ptr[i]);
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (memmem(lower, len, words[i], strlen(words[i])))
			return false;
	}
	return true;
}

/* Nobody gets it, none of it, or no token is named. */
static bool moves(const struct line *line, const struct csv_row *row)
{
	return csv_field(row, line->at[TO]).len > 0 &&
	       csv_field(row, line->at[TOKEN]).len > 0 &&
	       event_moves(csv_field(row, line->at[EVENT]));
}

static bool put_address(struct line *line, struct str text, const char *name)
{
	struct address a = { { 0 } };
	if (text.len && address_read(text, &a) != RC_OK) {
		line_bad(line, "%s is not an address (0x and 40 hex digits)", name);
		return false;
	}
	copy_bytes(line->out, a.byte, sizeof(a.byte));
	return true;
}

static bool put_hash(struct line *line, struct str text)
{
	uint8_t hash[32];
	if (!text.len) {
		copy_null(line->out);
		return true;
	}
	if (hex_read(text, hash, sizeof(hash)) != RC_OK) {
		line->reason = "tx_hash is not a hash (0x and 64 hex digits)";
		return false;
	}
	copy_bytes(line->out, hash, sizeof(hash));
	return true;
}

static bool put_number(struct line *line, const struct csv_row *row, int column, uint64_t max)
{
	struct str text = csv_field(row, line->at[column]);
	uint64_t n;
	if (!text.len) {
		copy_null(line->out);
		return true;
	}
	if (!str_u64(text, max, &n)) {
		line_bad(line, "%s is not a whole number from 0 to %llu",
			 columns[column].names[0], (unsigned long long)max);
		return false;
	}
	copy_i64(line->out, n);
	return true;
}

static bool put_time(struct line *line, struct str text)
{
	if (!text.len) {
		copy_null(line->out);
		return true;
	}
	if (!import_time_read(text, line->out)) {
		line_bad(line, "%s is not a date, a time or seconds since 1970",
			 columns[TIME].names[0]);
		return false;
	}
	buf_addc(line->out, '\t');
	return true;
}

enum line_fate import_transfer_row(struct line *line, const struct csv_row *row)
{
	struct str amount = csv_field(row, line->at[AMOUNT]);
	struct u256 id, quantity = { "1" };
	if (!moves(line, row))
		return LINE_IGNORED;
	if (u256_read(csv_field(row, line->at[TOKEN]), &id) != RC_OK)
		return line_bad(line, "token_id is not a whole number from 0 to 2^256-1");
	if (amount.len && u256_read(amount, &quantity) != RC_OK)
		return line_bad(line, "amount is not a whole number from 0 to 2^256-1");
	if (str_eq(u256_str(&quantity), STR("0")))
		return LINE_IGNORED;
	copy_i64(line->out, line->number);
	copy_text(line->out, u256_str(&id));
	if (!put_address(line, csv_field(row, line->at[FROM]), "from") ||
	    !put_address(line, csv_field(row, line->at[TO]), "to"))
		return LINE_BAD;
	copy_text(line->out, u256_str(&quantity));
	if (!put_hash(line, csv_field(row, line->at[HASH])) ||
	    !put_number(line, row, LOG_INDEX, INT64_MAX) ||
	    !put_number(line, row, BATCH_INDEX, INT32_MAX) ||
	    !put_number(line, row, BLOCK, INT64_MAX) ||
	    !put_time(line, csv_field(row, line->at[TIME])))
		return LINE_BAD;
	copy_end(line->out);
	return LINE_TAKEN;
}
