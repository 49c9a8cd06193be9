/* Keys of copies: canonical text, the same on every machine. */
#include <string.h>
#include "base/hash.h"
#include "base/hex.h"
#include "cache/cache.h"

void key_add(struct cache_key *key, struct str s)
{
	if (key->failed || s.len > sizeof(key->text) - key->len) {
		key->failed = true;
		return;
	}
	memcpy(key->text + key->len, s.ptr, s.len);
	key->len += s.len;
}

void key_address(struct cache_key *key, const struct address *a)
{
	char text[ADDRESS_TEXT];

	address_write(a, text);
	key_add(key, STR("{"));
	key_add(key, str_of(text));
	key_add(key, STR("}"));
}

void key_digest(struct cache_key *key, struct str text)
{
	uint8_t digest[SHA256_BYTES];
	char hex[33];

	hash_sha256(text, digest);
	hex_write(digest, 16, hex);
	key_add(key, STR(":q:"));
	key_add(key, str_of(hex));
}
