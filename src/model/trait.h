/* Traits of a collection: types, values, how often. */
#ifndef MODEL_TRAIT_H
#define MODEL_TRAIT_H

#include "base/answer.h"
#include "base/hex.h"
#include "base/rc.h"

struct env;

/* {contractAddress, total, traitTypeCount, traits: [{traitType, kind, valueCount, values:
 * [{value, count, share}], min, max}]}: most frequent values first, shares of all tokens.  At
 * most 1,000 types, 1,000 values a type and about 20,000 values in all are told; the counts are
 * exact. RC_NOT_FOUND: no such collection. */
enum rc trait_read(struct env *env, const struct address *contract, struct answer *ret);

#endif
