/*
 * sample: makes a collection for `such-market import`, the same one for the same seed.
 *
 *	sample [--tokens N] [--seed S] [--standard ERC721|ERC1155] --out DIR
 *
 * DIR (made when it is missing) gets meta.json, nfts.jsonl, owners.csv, transfers.csv and
 * users.jsonl.  Owners are what the transfers lead to.  Every name is made up.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TOKENS_MAX     10000000
#define EDITIONS       40 /* distinct tokens of an ERC-1155, at most one for 25 --tokens */
#define USERS          12
#define BIRTH          1640995200u /* 2022-01-01 */
#define BLOCK_TIME     12
#define MONTH          2592000u /* seconds */
#define FIRST_BLOCK    13916166u
#define NOBODY         "0x0000000000000000000000000000000000000000"
#define NAME(words, n) words[(n) % (sizeof(words) / sizeof(*(words)))]

struct sample {
	uint64_t tokens, seed, wallets;
	bool editions; /* ERC-1155 */
	const char *out;
};

/* splitmix64: a good 64-bit mixer; the same arguments give the same number on every machine. */
static uint64_t mix(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t x =
		a * 0x9e3779b97f4a7c15u + b * 0xbf58476d1ce4e5b9u + c * 0x94d049bb133111ebu;
	for (int i = 0; i < 2; i++) {
		x ^= x >> 30;
		x *= 0xbf58476d1ce4e5b9u;
		x ^= x >> 27;
		x *= 0x94d049bb133111ebu;
		x ^= x >> 31;
		x += 0x9e3779b97f4a7c15u;
	}
	return x;
}

enum {
	USE_CONTRACT = 1,
	USE_WALLET,
	USE_HASH,
	USE_TRAIT,
	USE_HOLDER,
	USE_MOVES,
	USE_AMOUNT
};

static void put_hex(FILE *f, const struct sample *s, uint64_t use, uint64_t n, int digits)
{
	fputs("0x", f);
	for (int i = 0; i < digits; i += 8)
		fprintf(f, "%08" PRIx32, (uint32_t)mix(s->seed * 1000 + use, n, (uint64_t)i));
}

static void put_contract(FILE *f, const struct sample *s)
{
	put_hex(f, s, USE_CONTRACT, s->editions, 40);
}

static void put_wallet(FILE *f, const struct sample *s, uint64_t wallet)
{
	put_hex(f, s, USE_WALLET, wallet, 40);
}

static FILE *create(const struct sample *s, const char *name)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/%s", s->out, name);
	FILE *f = len < (int)sizeof(path) ? fopen(path, "w") : NULL;
	if (!f) {
		fprintf(stderr, "sample: %s/%s: %s\n", s->out, name, strerror(errno));
		exit(EXIT_FAILURE);
	}
	return f;
}

static void finish(FILE *f)
{
	if (ferror(f) || fclose(f) != 0) {
		fprintf(stderr, "sample: %s\n", strerror(errno));
		exit(EXIT_FAILURE);
	}
}

static uint64_t token_count(const struct sample *s)
{
	if (!s->editions)
		return s->tokens;
	uint64_t n = s->tokens / 25 + 1;
	return n < EDITIONS ? n : EDITIONS;
}

static void write_meta(const struct sample *s)
{
	FILE *f = create(s, "meta.json");
	fputs("{\"contract\":\"", f);
	put_contract(f, s);
	fprintf(f, "\",\"name\":\"%s\",\"symbol\":\"%s\",\"standard\":\"%s\",",
		s->editions ? "Sample Lantern Prints" : "Sample Paper Boats",
		s->editions ? "PRINT" : "BOAT", s->editions ? "ERC1155" : "ERC721");
	fprintf(f, "\"expected_supply\":%" PRIu64 ",",
		s->editions ? token_count(s) : s->tokens);
	fputs("\"description\":\"A made-up collection to try such-market with: nothing of it "
	      "is "
	      "on any chain.\",\"image\":\"https://example.com/sample/cover.png\","
	      "\"external_url\":\"https://example.com/sample\"}\n",
	      f);
	finish(f);
}

static const char *const papers[] = { "Newsprint", "Rice", "Kraft",   "Vellum",
				      "Blueprint", "Wax",  "Marbled", "Gold Leaf" };
static const char *const waters[] = { "Puddle", "Pond", "Canal",   "River",
				      "Lake",   "Bay",  "Open Sea" };
static const char *const skies[] = { "Morning", "Noon", "Dusk", "Night", "Storm", "Aurora" };
static const char *const flags[] = { "Red", "Blue", "Striped", "Checked", "Pirate", "White" };
static const char *const cargo[] = {
	"Acorns", "Letters", "Lemons", "Tea", "A Cat", "Moonlight"
};
static const char *const folds[] = { "Simple", "Double Hull", "Catamaran", "Swan" };
static const char *const adjectives[] = { "Quiet",    "Brave",   "Crooked", "Patient",
					  "Lucky",    "Distant", "Salted",  "Early",
					  "Borrowed", "Seventh", "Gentle" };
static const char *const nouns[] = { "Heron",   "Lantern", "Errand", "Harbour", "Compass",
				     "Tide",    "Ferry",   "Anchor", "Voyage",  "Lighthouse",
				     "Current", "Oar",     "Sail" };

/* Small numbers are far more frequent than large ones, as in real collections. */
static uint64_t skewed(uint64_t random, uint64_t count)
{
	uint64_t a = random % count, b = (random >> 20) % count, c = (random >> 40) % count;
	uint64_t least = a < b ? a : b;
	return least < c ? least : c;
}

static void put_trait(FILE *f, const char *type, const char *value)
{
	fprintf(f, "{\"trait_type\":\"%s\",\"value\":\"%s\"},", type, value);
}

static void write_token(FILE *f, const struct sample *s, uint64_t id)
{
	uint64_t r[8];
	for (uint64_t i = 0; i < 8; i++)
		r[i] = mix(s->seed * 1000 + USE_TRAIT, id, i);
	fprintf(f, "{\"tokenId\":\"%" PRIu64 "\",\"name\":\"%s %s #%" PRIu64 "\",", id,
		NAME(adjectives, r[7]), NAME(nouns, r[7] >> 8), id);
	fprintf(f, "\"description\":\"%s number %" PRIu64 " of a made-up collection.\",",
		s->editions ? "Print" : "Boat", id);
	fprintf(f, "\"image\":\"https://example.com/sample/%" PRIu64 ".png\",\"attributes\":[",
		id);
	put_trait(f, "Paper", papers[skewed(r[0], 8)]);
	put_trait(f, "Water", waters[skewed(r[1], 7)]);
	put_trait(f, "Sky", skies[skewed(r[2], 6)]);
	put_trait(f, "Fold", folds[skewed(r[3], 4)]);
	if (r[4] % 3 != 0)
		put_trait(f, "Flag", flags[skewed(r[4] >> 2, 6)]);
	if (r[5] % 5 == 0)
		put_trait(f, "Cargo", cargo[skewed(r[5] >> 3, 6)]);
	fprintf(f,
		"{\"trait_type\":\"Length\",\"value\":%" PRIu64
		",\"display_type\":\"number\"},",
		5 + skewed(r[6], 40));
	fprintf(f,
		"{\"trait_type\":\"Launched\",\"value\":%" PRIu64
		",\"display_type\":\"date\"}]}\n",
		BIRTH + (r[6] >> 32) % 365 * 86400);
}

static void write_nfts(const struct sample *s)
{
	FILE *f = create(s, "nfts.jsonl");
	for (uint64_t id = 1; id <= token_count(s); id++)
		write_token(f, s, id);
	finish(f);
}

/* A few wallets hold much, most hold little. */
static uint64_t holder(const struct sample *s, uint64_t token, uint64_t step)
{
	uint64_t r = mix(s->seed * 1000 + USE_HOLDER, token, step);
	return r % 4 == 0 ? (r >> 8) % (s->wallets / 20 + 1) : (r >> 8) % s->wallets;
}

struct move {
	uint64_t token, step, amount;
	uint64_t seconds;  /* since BIRTH */
	bool minted;       /* from is nobody */
	uint64_t from, to; /* wallets */
};

static void put_move(FILE *f, const struct sample *s, const struct move *m)
{
	fprintf(f, "%" PRIu64 ",", FIRST_BLOCK + m->seconds / BLOCK_TIME);
	fprintf(f, "%" PRIu64 ",", BIRTH + m->seconds / BLOCK_TIME * BLOCK_TIME);
	put_hex(f, s, USE_HASH + 100 * s->editions, m->token << 32 | m->step, 64);
	fprintf(f, ",%" PRIu64 ",", mix(s->seed, m->token, m->step) % 300);
	if (m->minted)
		fputs(NOBODY, f);
	else
		put_wallet(f, s, m->from);
	fputc(',', f);
	put_wallet(f, s, m->to);
	fprintf(f, ",%" PRIu64 ",%" PRIu64 "\n", m->token, m->amount);
}

/* Each token is minted and changes hands up to five times; returns who has it at the end. */
static uint64_t moves_of(const struct sample *s, uint64_t token)
{
	return mix(s->seed * 1000 + USE_MOVES, token, 0) % 6;
}

/* An edition's first owner mints this many and passes one to each of moves_of() others. */
static uint64_t minted_of(const struct sample *s, uint64_t token, uint64_t holders)
{
	return holders + 1 + mix(s->seed * 1000 + USE_AMOUNT, token, 0) % 100;
}

static uint64_t holders_of(const struct sample *s, uint64_t token)
{
	uint64_t all = s->tokens / token_count(s);
	return all / 2 + mix(s->seed * 1000 + USE_MOVES, token, 1) % (all / 2 + 1);
}

/* Wallet n of an edition: all different. */
static uint64_t edition_wallet(const struct sample *s, uint64_t token, uint64_t n)
{
	return (token * 7 + n) % s->wallets;
}

static void write_boats(const struct sample *s, FILE *owners, FILE *transfers)
{
	/* Month by month, so that the history is in the order of time. */
	for (uint64_t step = 0; step < 6; step++) {
		for (uint64_t id = 1; id <= s->tokens; id++) {
			if (step > moves_of(s, id))
				continue;
			put_move(transfers, s,
				 &(struct move){ id, step, 1,
						 step * MONTH + id * MONTH / (s->tokens + 1),
						 step == 0, step ? holder(s, id, step - 1) : 0,
						 holder(s, id, step) });
		}
	}
	for (uint64_t id = 1; id <= s->tokens; id++) {
		fprintf(owners, "%" PRIu64 ",", id);
		put_wallet(owners, s, holder(s, id, moves_of(s, id)));
		fputs(",1\n", owners);
	}
}

static void write_editions(const struct sample *s, FILE *owners, FILE *transfers)
{
	for (uint64_t id = 1; id <= token_count(s); id++) {
		uint64_t holders = holders_of(s, id), minted = minted_of(s, id, holders);
		if (holders >= s->wallets)
			holders = s->wallets - 1;
		uint64_t first = edition_wallet(s, id, 0), began = (id - 1) * MONTH;
		put_move(transfers, s, &(struct move){ id, 0, minted, began, true, 0, first });
		fprintf(owners, "%" PRIu64 ",", id);
		put_wallet(owners, s, first);
		fprintf(owners, ",%" PRIu64 "\n", minted - holders);
		for (uint64_t n = 1; n <= holders; n++) {
			uint64_t to = edition_wallet(s, id, n);
			put_move(transfers, s,
				 &(struct move){ id, n, 1, began + n * MONTH / (holders + 1),
						 false, first, to });
			fprintf(owners, "%" PRIu64 ",", id);
			put_wallet(owners, s, to);
			fputs(",1\n", owners);
		}
	}
}

static void write_history(const struct sample *s)
{
	FILE *owners = create(s, "owners.csv"), *transfers = create(s, "transfers.csv");
	fputs("token_id,owner_address,balance\n", owners);
	fputs("block_number,timestamp,tx_hash,log_index,from,to,token_id,amount\n", transfers);
	if (s->editions)
		write_editions(s, owners, transfers);
	else
		write_boats(s, owners, transfers);
	finish(owners);
	finish(transfers);
}

/* The first wallets, which hold most, belong to users. */
static void write_users(const struct sample *s)
{
	FILE *f = create(s, "users.jsonl");
	for (uint64_t n = 0; n < USERS; n++) {
		uint64_t r = mix(s->seed, n, 7);
		const char *adjective = NAME(adjectives, r), *noun = NAME(nouns, r >> 8);
		fprintf(f, "{\"fid\":%" PRIu64 ",\"username\":\"boatswain%" PRIu64 "\",", n + 1,
			n + 1);
		fprintf(f, "\"displayName\":\"%s %s\",", adjective, noun);
		fprintf(f, "\"pfpUrl\":\"https://example.com/sample/user%" PRIu64 ".png\",",
			n + 1);
		fputs("\"custodyAddress\":\"", f);
		put_wallet(f, s, 2 * n);
		fputs("\",\"verifiedAddresses\":[\"", f);
		put_wallet(f, s, 2 * n + 1);
		fputs("\"]}\n", f);
	}
	finish(f);
}

static bool number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;
	errno = 0;
	uint64_t n = strtoull(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > max)
		return false;
	*ret = n;
	return true;
}

static bool read_options(int argc, char **argv, struct sample *s)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "--tokens") == 0 && number(value, TOKENS_MAX, &s->tokens))
			continue;
		if (strcmp(argv[i], "--seed") == 0 && number(value, UINT32_MAX, &s->seed))
			continue;
		if (strcmp(argv[i], "--out") == 0 && *value) {
			s->out = value;
			continue;
		}
		if (strcmp(argv[i], "--standard") != 0)
			return false;
		s->editions = strcmp(value, "ERC1155") == 0;
		if (!s->editions && strcmp(value, "ERC721") != 0)
			return false;
	}
	return s->out != NULL;
}

int main(int argc, char **argv)
{
	struct sample s = { .tokens = 1000, .seed = 1 };
	if (!read_options(argc, argv, &s)) {
		fputs("usage: sample [--tokens 1..10000000] [--seed S] [--standard "
		      "ERC721|ERC1155] "
		      "--out DIR\n",
		      stderr);
		return 2;
	}
	s.wallets = s.tokens / 3 + 30;
	if (mkdir(s.out, 0777) != 0 && errno != EEXIST) {
		fprintf(stderr, "sample: %s: %s\n", s.out, strerror(errno));
		return EXIT_FAILURE;
	}
	write_meta(&s);
	write_nfts(&s);
	write_history(&s);
	write_users(&s);
	return EXIT_SUCCESS;
}
