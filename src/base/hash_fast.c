#include <xxhash.h>
#ifdef HAVE_XXH_DISPATCH
#include <xxh_x86dispatch.h> /* makes XXH3_64bits the one that looks at the processor */
#endif
#include "base/hash.h"

uint64_t hash_fast(const void *bytes, size_t len)
{
	return XXH3_64bits(bytes, len);
}
