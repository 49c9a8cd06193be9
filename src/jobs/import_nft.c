/* --nfts: one token a line, in the terms of ERC-721 metadata. */
#include <stdlib.h>
#include "base/arena.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "jobs/import_line.h"
#include "jobs/import_mark.h"

#define NAME_MAX_BYTES        (64 * 1024)
#define DESCRIPTION_MAX_BYTES (256 * 1024) /* the search index of a token holds 1 MB */
#define ATTRIBUTES_MAX        1000
#define NUMBER_MAX_BYTES      100 /* 1e999999 is a number of a million digits */
#define EXPONENT_MAX          308

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The text columns of stage_nft, in their order. */
static const struct {
	const char *const *names;
	size_t max;
} texts[] = {
	{ NAMES("name"), NAME_MAX_BYTES },
	{ NAMES("description"), DESCRIPTION_MAX_BYTES },
	{ NAMES("image", "image_url", "imageUrl"), IMPORT_LINE_MAX },
	{ NAMES("thumbnail_url", "thumbnailUrl", "thumbnail"), IMPORT_LINE_MAX },
	{ NAMES("animation_url", "animationUrl"), IMPORT_LINE_MAX },
	{ NAMES("external_url", "externalUrl"), IMPORT_LINE_MAX },
	{ NAMES("tokenUri", "token_uri", "tokenURI"), IMPORT_LINE_MAX },
};

/* A string, or the text of a number or a truth value; of lists and objects nothing. */
static struct str scalar(struct json_object *node)
{
	switch (jsonin_type(node)) {
	case JSONIN_STRING:
		return jsonin_str(node);
	case JSONIN_NUMBER:
	case JSONIN_BOOL:
		return jsonin_text(node);
	default:
		return STR_NONE;
	}
}

static bool contract_of(struct line *line, const struct json_object *root, struct address *ret)
{
	struct json_object *node =
		line_member(root, NAMES("contract", "contractAddress", "contract_address"));
	if (!node) {
		*ret = line->contract;
		line->reason = "no contract, and no --collection that names one";
		return line->has_contract;
	}
	line->reason = "contract is not an address (0x and 40 hex digits)";
	if (address_read(str_trim(jsonin_str(node)), ret) != RC_OK)
		return false;
	line->reason = "contract is not that of --collection";
	return !line->has_contract || address_eq(ret, &line->contract);
}

static bool number_fits(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((text.ptr[i] | 0x20) == 'e')
			return text.len <= NUMBER_MAX_BYTES &&
			       labs(strtol(text.ptr + i + 1, NULL, 10)) <= EXPONENT_MAX;
	}
	return text.len <= NUMBER_MAX_BYTES;
}

static bool fits(struct json_object *node);

static bool member_fits(void *ctx, struct str key, struct json_object *value)
{
	(void)key;
	*(bool *)ctx = fits(value);
	return *(bool *)ctx;
}

/* Can jsonb hold it?  The grammar sets no limit to numbers, numeric does. */
static bool fits(struct json_object *node)
{
	bool ok = true;
	switch (jsonin_type(node)) {
	case JSONIN_NUMBER:
		return number_fits(jsonin_text(node));
	case JSONIN_ARRAY:
		for (size_t i = 0; i < jsonin_count(node) && ok; i++)
			ok = fits(jsonin_at(node, i));
		return ok;
	case JSONIN_OBJECT:
		jsonin_each(node, member_fits, &ok);
		return ok;
	default:
		return true;
	}
}

/* The attributes as answered, as JSON, and their marks, each once. */
struct listing {
	struct json json;
	struct line *line;
	uint64_t *mark;   /* ATTRIBUTES_MAX of them */
	struct str *type; /* of each: its JSON */
	size_t mark_count;
	size_t count;
	bool ok;
};

static void add_mark(struct listing *l, struct str attribute, struct str type)
{
	uint64_t mark = marks_of(l->line->marks, attribute);
	bool several = false;
	for (size_t i = 0; i < l->mark_count; i++) {
		if (l->mark[i] == mark)
			return;
		several = several || str_eq(l->type[i], type);
	}
	l->line->several = l->line->several || several;
	l->type[l->mark_count] = arena_dup(l->line->arena, type);
	l->mark[l->mark_count++] = mark;
}

static void add(struct listing *l, struct str type, struct json_object *value,
		struct str display)
{
	l->ok = l->ok && fits(value);
	if (!l->ok || ++l->count > ATTRIBUTES_MAX)
		return;
	json_object(&l->json, NULL);
	size_t brace = l->json.out->len - 1;
	json_str(&l->json, "traitType", type);
	size_t type_end = l->json.out->len;
	json_raw(&l->json, "value", jsonin_text(value));
	json_str(&l->json, "displayType", display);
	json_end(&l->json);
	struct str text = str_from(buf_str(l->json.out), brace);
	add_mark(l, text, (struct str){ text.ptr, type_end - brace });
}

static bool is_attribute(const struct json_object *node)
{
	return jsonin_type(node) == JSONIN_OBJECT && jsonin_has(node, "value");
}

static void add_object(struct listing *l, struct str type, const struct json_object *node)
{
	struct json_object *own = line_member(node, NAMES("trait_type", "traitType"));
	struct json_object *display = line_member(node, NAMES("display_type", "displayType"));
	add(l, own ? scalar(own) : type, jsonin_get(node, "value"), jsonin_str(display));
}

/* {"Hat": "Red", "Age": {"value": 3, "display_type": "number"}} */
static bool add_member(void *ctx, struct str key, struct json_object *value)
{
	struct listing *l = ctx;
	if (is_attribute(value))
		add_object(l, key, value);
	else
		add(l, key, value, STR_NONE);
	return l->count <= ATTRIBUTES_MAX;
}

/* A list of {trait_type, value, display_type}; a bare value in it has no type. */
static void add_items(struct listing *l, const struct json_object *list)
{
	for (size_t i = 0; i < jsonin_count(list) && l->count <= ATTRIBUTES_MAX; i++) {
		struct json_object *item = jsonin_at(list, i);
		if (jsonin_type(item) == JSONIN_OBJECT)
			add_object(l, STR_NONE, item);
		else if (item)
			add(l, STR_NONE, item, STR_NONE);
	}
}

static void put_marks(struct line *line, const struct listing *l)
{
	buf_addc(line->out, '{');
	for (size_t i = 0; i < l->mark_count; i++) {
		if (i)
			buf_addc(line->out, ',');
		buf_add_u64(line->out, l->mark[i]);
	}
	buf_adds(line->out, STR("}\t"));
}

static bool put_attributes(struct line *line, const struct json_object *root)
{
	struct json_object *node = line_member(root, NAMES("attributes", "traits"));
	struct buf text;
	struct listing l = {
		.line = line,
		.mark = arena_alloc(line->arena, ATTRIBUTES_MAX * sizeof(*l.mark)),
		.type = arena_alloc(line->arena, ATTRIBUTES_MAX * sizeof(*l.type)),
		.ok = true,
	};
	buf_init(&text, line->arena, BUF_NO_MAX);
	json_init(&l.json, &text);
	json_array(&l.json, NULL);
	if (jsonin_type(node) == JSONIN_ARRAY)
		add_items(&l, node);
	else if (jsonin_type(node) == JSONIN_OBJECT)
		jsonin_each(node, add_member, &l);
	json_end(&l.json);
	copy_text(line->out, buf_str(&text));
	put_marks(line, &l);
	if (!l.ok)
		line->reason = "a number of the attributes is out of range";
	else if (l.count > ATTRIBUTES_MAX)
		line->reason = "more than 1,000 attributes";
	return l.ok && l.count <= ATTRIBUTES_MAX;
}

static bool put_texts(struct line *line, const struct json_object *root)
{
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct str text = scalar(line_member(root, texts[i].names));
		if (text.len > texts[i].max) {
			line_bad(line, "%s is longer than %zu bytes", texts[i].names[0],
				 texts[i].max);
			return false;
		}
		copy_text(line->out, text);
	}
	return true;
}

enum line_fate import_nft_line(struct line *line, struct str text)
{
	struct json_object *root = line_object(line, text);
	struct address contract;
	struct u256 id;
	if (!root || !contract_of(line, root, &contract))
		return LINE_BAD;
	struct json_object *token = line_member(root, NAMES("tokenId", "token_id"));
	if (!token)
		return line_bad(line, "no tokenId");
	if (!line_token_id(token, &id))
		return line_bad(line, "tokenId is not a whole number from 0 to 2^256-1");
	struct str standard = jsonin_str(line_member(root, NAMES("standard", "tokenType")));
	copy_i64(line->out, line->number);
	copy_bytes(line->out, contract.byte, sizeof(contract.byte));
	copy_text(line->out, str_of(import_standard(standard.ptr ? standard : STR(""))));
	copy_text(line->out, u256_str(&id));
	if (!put_texts(line, root) || !put_attributes(line, root))
		return LINE_BAD;
	copy_text(line->out, text);
	copy_end(line->out);
	return LINE_TAKEN;
}
