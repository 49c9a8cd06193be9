#include <xxhash.h>
#include "base/hash.h"

uint64_t hash_fast(const void *bytes, size_t len)
{
	return XXH3_64bits(bytes, len);
}
