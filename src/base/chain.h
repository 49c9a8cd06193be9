/*
 * The chains that names are understood for.  Ids are those of
 * https://eips.ethereum.org/EIPS/eip-155 as registered at https://chainid.network; names are
 * the words that NFT data uses for them.
 */
#ifndef BASE_CHAIN_H
#define BASE_CHAIN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

/* A name of the table in any case ("eth-mainnet"), or a decimal id from 1; false for other
 * text. */
bool chain_read(struct str text, int64_t *ret);
/* The first name of the table for this id, or NULL. */
const char *chain_name(int64_t id);

#endif
