#include "base/answer.h"

#include <string.h>
#include "base/base64.h"
#include "base/hash.h"

#define ETAG_BYTES 16

void answer_stamp(struct answer *answer)
{
	uint8_t digest[SHA256_BYTES];
	size_t len;

	hash_sha256(buf_str(&answer->body), digest);
	answer->etag[0] = '"';
	len = base64url_write(digest, ETAG_BYTES, answer->etag + 1);
	memcpy(answer->etag + 1 + len, "\"", 2);
}
