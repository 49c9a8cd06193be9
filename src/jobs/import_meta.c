/* META: one JSON object that describes a collection. */
#include <inttypes.h>
#include "base/arena.h"
#include "base/chain.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "jobs/import_line.h"

#define NAME_MAX_BYTES 1024 /* sorted by: an index entry holds 2,704 bytes */
#define TEXT_MAX_BYTES (256 * 1024)

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

const char *import_standard(struct str text)
{
	static const struct {
		const char *word, *type;
	} standards[] = {
		{ "ERC721", "ERC721" },           { "ERC-721", "ERC721" },
		{ "ERC1155", "ERC1155" },         { "ERC-1155", "ERC1155" },
		{ "CRYPTOPUNKS", "CRYPTOPUNKS" },
	};
	struct str rest = str_trim(text);
	struct str word = str_cut(&rest, ' ');
	for (size_t i = 0; i < COUNT_OF(standards); i++) {
		if (str_eq_nocase(word, str_of(standards[i].word)))
			return standards[i].type;
	}
	return "UNKNOWN";
}

struct reading {
	struct arena *arena;
	const struct json_object *root;
	const char *why;
};

/* A text member; NULL when absent, null or no string. */
static const char *text_of(struct reading *r, const char *const *names, size_t max)
{
	struct str s = jsonin_str(line_member(r->root, names));
	if (!s.ptr)
		return NULL;
	if (s.len > max) {
		r->why = arena_printf(r->arena, "%s is longer than %zu bytes", names[0], max)
				 .ptr;
		return NULL;
	}
	return arena_strz(r->arena, s);
}

/* A whole number, as JSON number or text, up to 2^256-1. */
static const char *number_of(struct reading *r, const char *const *names)
{
	struct json_object *node = line_member(r->root, names);
	struct u256 n;
	if (!node)
		return NULL;
	if (!line_token_id(node, &n)) {
		r->why = arena_printf(r->arena, "%s is not a whole number", names[0]).ptr;
		return NULL;
	}
	return arena_strz(r->arena, u256_str(&n));
}

static bool address_of(struct reading *r, const char *const *names, struct address *ret)
{
	struct json_object *node = line_member(r->root, names);
	if (!node)
		return false;
	if (address_read(str_trim(jsonin_str(node)), ret) == RC_OK)
		return true;
	r->why = arena_printf(r->arena, "%s is not an address (0x and 40 hex digits)", names[0])
			 .ptr;
	return false;
}

static void read_chain(struct reading *r, struct import_meta *meta)
{
	struct json_object *node = line_member(r->root, NAMES("chain", "chainId", "network"));
	struct str text =
		jsonin_type(node) == JSONIN_NUMBER ? jsonin_text(node) : jsonin_str(node);
	if (!text.ptr)
		return;
	meta->chain_text = arena_strz(r->arena, text);
	meta->chain_known = chain_read(str_trim(text), &meta->chain);
}

static void read_block(struct reading *r, struct import_meta *meta)
{
	uint64_t n;
	meta->deployed_block = number_of(r, NAMES("deployedBlock", "deployed_block"));
	if (meta->deployed_block && !str_u64(str_of(meta->deployed_block), INT64_MAX, &n))
		r->why = "deployedBlock is out of range";
}

static void read_members(struct reading *r, struct import_meta *meta)
{
	struct str standard = jsonin_str(line_member(r->root, NAMES("standard", "tokenType")));
	if (!address_of(r, NAMES("contract", "contractAddress", "contract_address"),
			&meta->contract) &&
	    !r->why)
		r->why = "no contract";
	meta->token_type = import_standard(standard.ptr ? standard : STR(""));
	meta->name = text_of(r, NAMES("name"), NAME_MAX_BYTES);
	meta->symbol = text_of(r, NAMES("symbol"), NAME_MAX_BYTES);
	meta->description = text_of(r, NAMES("description"), TEXT_MAX_BYTES);
	meta->image_url = text_of(r, NAMES("image", "image_url", "imageUrl"), IMPORT_LINE_MAX);
	meta->banner_image_url =
		text_of(r, NAMES("banner_image_url", "bannerImageUrl", "banner_image"),
			IMPORT_LINE_MAX);
	meta->external_url = text_of(r, NAMES("external_url", "externalUrl", "external_link"),
				     IMPORT_LINE_MAX);
	meta->supply = number_of(r, NAMES("expected_supply", "totalSupply", "total_supply"));
	meta->has_deployer = address_of(r, NAMES("deployer"), &meta->deployer);
	read_chain(r, meta);
	read_block(r, meta);
}

bool import_meta_read(struct arena *arena, struct str text, struct import_meta *ret,
		      const char **ret_why)
{
	struct line line = { .arena = arena };
	struct reading r = { .arena = arena, .root = line_object(&line, text) };
	struct import_meta meta = { 0 };
	if (!r.root) {
		*ret_why = line.reason;
		return false;
	}
	read_members(&r, &meta);
	if (r.why) {
		*ret_why = r.why;
		return false;
	}
	*ret = meta;
	return true;
}
