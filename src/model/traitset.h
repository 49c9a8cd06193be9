/*
 * The trait filters of a list as its statements take them: a group of trait ids for each type
 * (one of them will do), all groups needed.  The rarest group drives; tokens are held against
 * the others.
 */
#ifndef MODEL_TRAITSET_H
#define MODEL_TRAITSET_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "model/nft.h"

struct trait_group {
	int64_t tokens; /* sum over its values */
	int64_t values; /* that occur in the collection */
	struct buf ids; /* "{7,9": an array literal without its end */
};

struct trait_set {
	struct arena *arena;
	struct trait_group group[NFT_TRAITS_MAX];
	int count;
	int rarest;
	int group_of[NFT_TRAITS_MAX]; /* of each trait asked for */
	/* Parameters made by trait_set_probe: the ids of all probed groups, and where each
	 * group begins and ends among them, from 1. */
	const char *ids, *first, *last;
};

void trait_set_init(struct trait_set *set, struct arena *arena, const struct nft_trait *traits,
		    size_t n);
/* The i-th trait asked for (from 0) occurs as this id in so many tokens. */
void trait_set_add(struct trait_set *set, size_t i, int64_t id, int64_t tokens);
/* After the last: which group is the rarest. */
void trait_set_done(struct trait_set *set);

bool trait_set_is_one_value(const struct trait_set *set);
/* Tokens the rarest group has at most; INT64_MAX without groups. */
int64_t trait_set_least(const struct trait_set *set);
/* The ids of group i as an int8[] literal. */
const char *trait_set_ids(const struct trait_set *set, int i);
/* Makes ids, first and last of all groups but `without` (-1: of all). */
void trait_set_probe(struct trait_set *set, int without);

#endif
