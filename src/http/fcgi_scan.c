#include <stdbool.h>
#include <stdint.h>
#include "http/fcgi_scan.h"

/* FastCGI 1.0, section 8. */
enum {
	FCGI_VERSION = 1,
	BEGIN_REQUEST = 1,
	PARAMS = 4,
	STDIN = 5,
	RESPONDER = 1,
	HEADER_BYTES = 8,
	BEGIN_BYTES = 8
};

struct record {
	unsigned type, id;
	size_t size, padding;
	const uint8_t *content;
};

/* Where in the stream of name-value pairs the records so far have brought us. */
struct pairs {
	enum {
		NAME_LENGTH,
		VALUE_LENGTH,
		TEXT
	} part;
	uint32_t length; /* being read */
	int length_bytes;
	uint64_t text;  /* bytes of name and value still to come */
	uint64_t total; /* what all pairs so far claim to be */
};

struct walk {
	const uint8_t *at, *end;
	unsigned id;
};

static enum fcgi_verdict next_record(struct walk *w, struct record *ret)
{
	const uint8_t *h = w->at;
	size_t left = (size_t)(w->end - w->at);

	if (left && h[0] != FCGI_VERSION)
		return FCGI_BAD;
	if (left < HEADER_BYTES)
		return FCGI_MORE;
	ret->type = h[1];
	ret->id = (unsigned)h[2] << 8 | h[3];
	ret->size = (size_t)h[4] << 8 | h[5];
	ret->padding = h[6];
	ret->content = h + HEADER_BYTES;
	if (left < HEADER_BYTES + ret->size + ret->padding)
		return FCGI_MORE;
	w->at += HEADER_BYTES + ret->size + ret->padding;
	return FCGI_WHOLE;
}

/* One byte of a length: 1 byte below 128, else 4 bytes with the highest bit set. */
static bool length_byte(struct pairs *p, uint8_t byte)
{
	if (p->length_bytes == 0) {
		p->length = byte & 0x7f;
		p->length_bytes = byte & 0x80 ? 3 : 0;
	} else {
		p->length = p->length << 8 | byte;
		p->length_bytes--;
	}
	return p->length_bytes == 0;
}

static bool pairs_feed(struct pairs *p, const uint8_t *bytes, size_t len)
{
	const uint8_t *end = bytes + len;

	while (bytes < end) {
		if (p->part == TEXT) {
			size_t n = (size_t)(end - bytes) < p->text ? (size_t)(end - bytes)
								   : p->text;

			bytes += n;
			p->text -= n;
		} else if (length_byte(p, *bytes++)) {
			p->text += p->length;
			p->total += p->length;
			if (p->total > FCGI_SCAN_MAX)
				return false;
			p->part++;
		}
		if (p->part == TEXT && p->text == 0)
			p->part = NAME_LENGTH;
	}
	return true;
}

static bool pairs_complete(const struct pairs *p)
{
	return p->part == NAME_LENGTH && p->length_bytes == 0;
}

static enum fcgi_verdict scan_begin(struct walk *w)
{
	struct record r;
	enum fcgi_verdict v = next_record(w, &r);

	/* The type is told by the second byte already: no need to wait for the rest of
	 * nonsense. */
	if (w->end - w->at >= 2 && v == FCGI_MORE && w->at[1] != BEGIN_REQUEST)
		return FCGI_BAD;
	if (v != FCGI_WHOLE)
		return v;
	if (r.type != BEGIN_REQUEST || r.id == 0 || r.size != BEGIN_BYTES || r.padding ||
	    r.content[0] != 0 || r.content[1] != RESPONDER)
		return FCGI_BAD;
	w->id = r.id;
	return FCGI_WHOLE;
}

/* Padding of a BEGIN record and of the empty record that ends a stream has no use, and libfcgi
 * takes it for the next record: refused. */
static enum fcgi_verdict scan_params(struct walk *w)
{
	struct pairs pairs = { .part = NAME_LENGTH };
	struct record r;
	enum fcgi_verdict v;

	while ((v = next_record(w, &r)) == FCGI_WHOLE) {
		if (r.type != PARAMS || r.id != w->id)
			return FCGI_BAD;
		if (r.size == 0)
			return pairs_complete(&pairs) && r.padding == 0 ? FCGI_WHOLE : FCGI_BAD;
		if (!pairs_feed(&pairs, r.content, r.size))
			return FCGI_BAD;
	}
	return v;
}

static enum fcgi_verdict scan_body(struct walk *w)
{
	struct record r;
	enum fcgi_verdict v;

	while ((v = next_record(w, &r)) == FCGI_WHOLE) {
		if (r.type != STDIN || r.id != w->id)
			return FCGI_BAD;
		if (r.size == 0)
			return r.padding == 0 ? FCGI_WHOLE : FCGI_BAD;
	}
	return v;
}

enum fcgi_verdict fcgi_scan(struct str bytes, size_t *ret_len)
{
	struct walk w = { .at = (const uint8_t *)bytes.ptr };
	bool full = bytes.len >= FCGI_SCAN_MAX;
	enum fcgi_verdict v;

	w.end = w.at + bytes.len;
	v = scan_begin(&w);
	if (v == FCGI_WHOLE)
		v = scan_params(&w);
	if (v != FCGI_WHOLE)
		return v == FCGI_MORE && full ? FCGI_BAD : v;
	size_t params_len = (size_t)(w.at - (const uint8_t *)bytes.ptr);

	v = scan_body(&w);
	if (v == FCGI_WHOLE)
		*ret_len = (size_t)(w.at - (const uint8_t *)bytes.ptr);
	if (v != FCGI_MORE || !full)
		return v;
	*ret_len = params_len;
	return FCGI_LONG;
}
