#include "base/chain.h"
#include "base/scope.h"

/* The first row of an id has the name that is told. */
static const struct {
	const char *name;
	int64_t id;
} chains[] = {
	{ "eth-mainnet", 1 },
	{ "ethereum", 1 },
	{ "ethereum-mainnet", 1 },
	{ "mainnet", 1 },
	{ "eth", 1 },
	{ "opt-mainnet", 10 },
	{ "optimism", 10 },
	{ "bnb-mainnet", 56 },
	{ "bsc", 56 },
	{ "gnosis", 100 },
	{ "gnosis-mainnet", 100 },
	{ "xdai", 100 },
	{ "polygon-mainnet", 137 },
	{ "polygon", 137 },
	{ "matic", 137 },
	{ "zksync-mainnet", 324 },
	{ "zksync", 324 },
	{ "shape-mainnet", 360 },
	{ "worldchain-mainnet", 480 },
	{ "polygonzkevm-mainnet", 1101 },
	{ "base-mainnet", 8453 },
	{ "base", 8453 },
	{ "holesky", 17000 },
	{ "eth-holesky", 17000 },

	{ "arb-mainnet", 42161 },
	{ "arbitrum", 42161 },
	{ "arbitrum-one", 42161 },
	{ "avax-mainnet", 43114 },
	{ "avalanche", 43114 },
	{ "linea-mainnet", 59144 },
	{ "linea", 59144 },
	{ "polygon-amoy", 80002 },
	{ "blast-mainnet", 81457 },
	{ "blast", 81457 },
	{ "base-sepolia", 84532 },
	{ "arb-sepolia", 421614 },
	{ "zora-mainnet", 7777777 },
	{ "zora", 7777777 },
	{ "eth-sepolia", 11155111 },
	{ "sepolia", 11155111 },
	{ "opt-sepolia", 11155420 },
};

bool chain_read(struct str text, int64_t *ret)
{
	uint64_t id = 0;
	if (str_u64(text, INT64_MAX, &id) && id > 0) {
		*ret = (int64_t)id;
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		if (str_eq_nocase(text, str_of(chains[i].name))) {
			*ret = chains[i].id;
			return true;
		}
	}
	return false;
}

const char *chain_name(int64_t id)
{
	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		if (chains[i].id == id)
			return chains[i].name;
	}
	return NULL;
}
