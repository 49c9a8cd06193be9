#include "model/traitset.h"

#include <assert.h>
#include "base/arena.h"
#include "model/search.h"

#define LIST_MAX ((size_t)1 << 20)

void trait_set_init(struct trait_set *set, struct arena *arena, const struct nft_trait *traits,
		    size_t n)
{
	assert(n <= NFT_TRAITS_MAX);
	*set = (struct trait_set){ .arena = arena };
	for (size_t i = 0; i < n; i++) {
		size_t same = 0;

		while (same < i && !str_eq(traits[same].type, traits[i].type))
			same++;
		set->group_of[i] = same < i ? set->group_of[same] : set->count;
		if (same == i)
			buf_init(&set->group[set->count++].ids, arena, LIST_MAX);
	}
}

void trait_set_add(struct trait_set *set, size_t i, int64_t id, int64_t tokens)
{
	struct trait_group *group = &set->group[set->group_of[i]];

	array_add_int(&group->ids, id);
	group->values++;
	group->tokens += tokens;
}

void trait_set_done(struct trait_set *set)
{
	for (int i = 1; i < set->count; i++)
		if (set->group[i].tokens < set->group[set->rarest].tokens)
			set->rarest = i;
}

bool trait_set_is_one_value(const struct trait_set *set)
{
	return set->count == 1 && set->group[0].values == 1;
}

int64_t trait_set_least(const struct trait_set *set)
{
	return set->count ? set->group[set->rarest].tokens : INT64_MAX;
}

const char *trait_set_ids(const struct trait_set *set, int i)
{
	struct buf copy;

	buf_init(&copy, set->arena, LIST_MAX);
	buf_adds(&copy, buf_str(&set->group[i].ids));
	return array_end(&copy);
}

void trait_set_probe(struct trait_set *set, int without)
{
	struct buf ids, first, last;
	int64_t at = 1;

	buf_init(&ids, set->arena, LIST_MAX);
	buf_init(&first, set->arena, LIST_MAX);
	buf_init(&last, set->arena, LIST_MAX);
	for (int i = 0; i < set->count; i++) {
		const struct trait_group *group = &set->group[i];

		if (i == without)
			continue;
		/* Without its own brace the list of one group continues the list of all. */
		buf_addc(&ids, ids.len ? ',' : '{');
		buf_adds(&ids, str_from(buf_str(&group->ids), 1));
		array_add_int(&first, at);
		at += group->values;
		array_add_int(&last, at - 1);
	}
	set->ids = array_end(&ids);
	set->first = array_end(&first);
	set->last = array_end(&last);
}
