/* --owners: CSV, one holder of one token a row. */
#include "base/arena.h"
#include "base/scope.h"
#include "jobs/import_holder.h"
#include "jobs/import_line.h"

enum {
	TOKEN,
	OWNER,
	BALANCE
};

static const struct csv_column columns[] = {
	[TOKEN] = { { "token_id", "tokenId" }, true },
	[OWNER] = { { "owner_address", "owner", "ownerAddress", "address" }, true },
	[BALANCE] = { { "balance", "quantity", "amount" }, false },
};

bool import_owner_header(struct line *line, const struct csv_row *row)
{
	return csv_header(line->arena, row, columns, COUNT_OF(columns), line->at,
			  &line->reason);
}

enum line_fate import_owner_row(struct line *line, const struct csv_row *row)
{
	struct str amount = csv_field(row, line->at[BALANCE]);
	struct u256 id, balance = { "1" };
	struct address owner;
	if (u256_read(csv_field(row, line->at[TOKEN]), &id) != RC_OK)
		return line_bad(line, "token_id is not a whole number from 0 to 2^256-1");
	if (address_read(csv_field(row, line->at[OWNER]), &owner) != RC_OK)
		return line_bad(line, "owner_address is not an address (0x and 40 hex digits)");
	if (amount.len && u256_read(amount, &balance) != RC_OK)
		return line_bad(line, "balance is not a whole number from 0 to 2^256-1");
	holder_write(line->out, &owner, &id, line->number, &balance);
	return LINE_TAKEN;
}
