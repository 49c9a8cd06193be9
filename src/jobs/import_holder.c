#include "jobs/import_holder.h"
#include <assert.h>
#include <endian.h>
#include <string.h>

#define ADDRESS_BYTES sizeof(((struct address *)0)->byte)

size_t packed_size(const uint8_t *packed)
{
	return 1 + 2 * (size_t)packed[0];
}

size_t u256_pack(const struct u256 *n, uint8_t ret[PACKED_MAX])
{
	size_t len = strlen(n->dec), at = 0;
	uint8_t *out = ret + 1;
	if (len == 1 && n->dec[0] == '0')
		len = 0;
	while (at < len) {
		unsigned digit = 0;
		for (size_t take = (len - at - 1) % 4 + 1; take > 0; take--)
			digit = digit * 10 + (unsigned)(n->dec[at++] - '0');
		*out++ = (uint8_t)(digit >> 8);
		*out++ = (uint8_t)digit;
	}
	ret[0] = (uint8_t)((out - ret - 1) / 2);
	return (size_t)(out - ret);
}

static unsigned digit_at(const uint8_t *packed, size_t i)
{
	return (unsigned)packed[1 + 2 * i] << 8 | packed[2 + 2 * i];
}

void u256_unpack(const uint8_t *packed, struct u256 *ret)
{
	char *out = ret->dec;
	for (size_t i = 0; i < packed[0]; i++) {
		unsigned digit = digit_at(packed, i);
		for (unsigned unit = 1000; unit > 0; unit /= 10) {
			if (out != ret->dec || digit >= unit)
				*out++ = (char)('0' + digit / unit % 10);
		}
	}
	if (out == ret->dec)
		*out++ = '0';
	*out = '\0';
}

void holder_write(struct buf *out, const struct address *owner, const struct u256 *token,
		  uint64_t line, const struct u256 *balance)
{
	uint8_t packed[PACKED_MAX];
	uint64_t number = htobe64(line);
	buf_add(out, owner->byte, sizeof(owner->byte));
	buf_add(out, packed, u256_pack(token, packed));
	buf_add(out, &number, sizeof(number));
	buf_add(out, packed, u256_pack(balance, packed));
}

struct holder holder_read(struct str record)
{
	const uint8_t *bytes = (const uint8_t *)record.ptr;
	struct holder h = { .owner = bytes, .token = bytes + ADDRESS_BYTES };
	const uint8_t *line = h.token + packed_size(h.token);
	memcpy(&h.line, line, sizeof(h.line));
	h.line = be64toh(h.line);
	h.balance = line + sizeof(h.line);
	assert(h.balance + packed_size(h.balance) == bytes + record.len);
	return h;
}

bool holder_same(const struct holder *a, const struct holder *b)
{
	return memcmp(a->owner, b->owner, ADDRESS_BYTES) == 0 && a->token[0] == b->token[0] &&
	       memcmp(a->token, b->token, packed_size(a->token)) == 0;
}

bool holder_holds(const struct holder *h)
{
	static const struct address nobody;
	return h->balance[0] > 0 && memcmp(h->owner, nobody.byte, ADDRESS_BYTES) != 0;
}

int holder_compare(const void *left, const void *right)
{
	const struct holder *a = left, *b = right;
	int order = a->token[0] - b->token[0];
	if (order == 0)
		order = memcmp(a->token, b->token, packed_size(a->token));
	return order ? order : memcmp(a->owner, b->owner, ADDRESS_BYTES);
}

static void add_u16(struct buf *out, unsigned n)
{
	uint16_t wire = htobe16((uint16_t)n);
	buf_add(out, &wire, sizeof(wire));
}

static void add_u32(struct buf *out, uint32_t n)
{
	uint32_t wire = htobe32(n);
	buf_add(out, &wire, sizeof(wire));
}

void rows_begin(struct buf *out)
{
	static const char signature[11] = "PGCOPY\n\377\r\n";
	buf_add(out, signature, sizeof(signature));
	add_u32(out, 0); /* flags */
	add_u32(out, 0); /* no more of a head */
}

void rows_end(struct buf *out)
{
	add_u16(out, UINT16_MAX);
}

void row_begin(struct buf *out, unsigned columns)
{
	add_u16(out, columns);
}

void row_bytes(struct buf *out, const uint8_t *bytes, size_t len)
{
	add_u32(out, (uint32_t)len);
	buf_add(out, bytes, len);
}

/* Digits, the power of the first, plus, nothing behind the point. */
void row_number(struct buf *out, const uint8_t *packed)
{
	unsigned digits = packed[0];
	add_u32(out, 8 + 2 * digits);
	add_u16(out, digits);
	add_u16(out, digits ? digits - 1 : 0);
	add_u32(out, 0);
	buf_add(out, packed + 1, 2 * (size_t)digits);
}

void holder_row(struct buf *out, const struct address *contract, const struct holder *h)
{
	row_begin(out, 4);
	row_bytes(out, contract->byte, sizeof(contract->byte));
	row_number(out, h->token);
	row_bytes(out, h->owner, ADDRESS_BYTES);
	row_number(out, h->balance);
}
