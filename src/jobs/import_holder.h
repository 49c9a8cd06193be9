/*
 * Holders of --owners on their way: as records that sort by wallet, token and line, and as rows
 * of COPY's binary format.  Numbers are packed as PostgreSQL's wire has them: a byte that
 * counts the digits to the base of 10,000, then these, the first the highest, two bytes each;
 * so their bytes sort as they do.
 */
#ifndef JOBS_IMPORT_HOLDER_H
#define JOBS_IMPORT_HOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/hex.h"
#include "base/str.h"
#include "base/u256.h"

#define PACKED_MAX (1 + 2 * 20)

struct holder {
	const uint8_t *owner; /* 20 bytes */
	const uint8_t *token; /* packed */
	uint64_t line;
	const uint8_t *balance; /* packed */
};

/* Bytes written to ret. */
size_t u256_pack(const struct u256 *n, uint8_t ret[PACKED_MAX]);
void u256_unpack(const uint8_t *packed, struct u256 *ret);
size_t packed_size(const uint8_t *packed);

void holder_write(struct buf *out, const struct address *owner, const struct u256 *token,
		  uint64_t line, const struct u256 *balance);
/* Points into the record, which holder_write made. */
struct holder holder_read(struct str record);
bool holder_same(const struct holder *a, const struct holder *b); /* wallet and token */
/* Burned tokens (0x0) and balances of 0 have no holder. */
bool holder_holds(const struct holder *h);
/* By token, then wallet: the order of the primary key. */
int holder_compare(const void *a, const void *b);

/* COPY … FROM STDIN (FORMAT binary): a head, rows, a tail. */
void rows_begin(struct buf *out);
void rows_end(struct buf *out);
void row_begin(struct buf *out, unsigned columns);
void row_bytes(struct buf *out, const uint8_t *bytes, size_t len);
void row_number(struct buf *out, const uint8_t *packed);
/* contract_address, token_id, owner_address, balance */
void holder_row(struct buf *out, const struct address *contract, const struct holder *h);

#endif
