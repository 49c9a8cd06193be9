/* --users: one Farcaster user a line. */
#include "base/arena.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "jobs/import_line.h"

#define TEXT_MAX_BYTES (64 * 1024)
#define WALLETS_MAX    1000

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const char *const *const texts[] = {
	NAMES("username"),
	NAMES("displayName", "display_name"),
	NAMES("pfpUrl", "pfp_url"),
};

static bool put_texts(struct line *line, const struct json_object *root)
{
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct str text = jsonin_str(line_member(root, texts[i]));
		if (text.len > TEXT_MAX_BYTES) {
			line_bad(line, "%s is longer than %d bytes", texts[i][0],
				 TEXT_MAX_BYTES);
			return false;
		}
		copy_text(line->out, text);
	}
	return true;
}

static bool put_custody(struct line *line, const struct json_object *root)
{
	struct json_object *node =
		line_member(root, NAMES("custodyAddress", "custody_address"));
	struct address custody;
	if (!node) {
		copy_null(line->out);
		return true;
	}
	if (address_read(str_trim(jsonin_str(node)), &custody) != RC_OK) {
		line->reason = "custodyAddress is not an address (0x and 40 hex digits)";
		return false;
	}
	copy_bytes(line->out, custody.byte, sizeof(custody.byte));
	return true;
}

/* Farcaster also verifies addresses of other kinds (Solana's base58): those are not ours. */
static bool is_ours(struct str text)
{
	return text.len > 1 && text.ptr[0] == '0' && (text.ptr[1] == 'x' || text.ptr[1] == 'X');
}

/* {"\\x…","\\x…"} of the array, each backslash doubled again for COPY by copy_text. */
static bool put_wallets(struct line *line, const struct json_object *root)
{
	struct json_object *list =
		line_member(root, NAMES("verifiedAddresses", "verified_addresses"));
	struct buf array;
	struct address wallet;
	char hex[2 * sizeof(wallet.byte) + 1];
	if (jsonin_count(list) > WALLETS_MAX) {
		line->reason = "more than 1,000 verified addresses";
		return false;
	}
	buf_init(&array, line->arena, BUF_NO_MAX);
	buf_addc(&array, '{');
	for (size_t i = 0; i < jsonin_count(list); i++) {
		struct str text = str_trim(jsonin_str(jsonin_at(list, i)));
		if (text.ptr && !is_ours(text))
			continue;
		if (address_read(text, &wallet) != RC_OK) {
			line->reason =
				"a verified address is not an address (0x and 40 hex digits)";
			return false;
		}
		hex_write(wallet.byte, sizeof(wallet.byte), hex);
		buf_addf(&array, "%s\"\\\\x%s\"", array.len > 1 ? "," : "", hex);
	}
	buf_addc(&array, '}');
	copy_text(line->out, buf_str(&array));
	return true;
}

enum line_fate import_user_line(struct line *line, struct str text)
{
	struct json_object *root = line_object(line, text);
	struct u256 fid;
	uint64_t n;
	if (!root)
		return LINE_BAD;
	if (!line_token_id(jsonin_get(root, "fid"), &fid) ||
	    !str_u64(u256_str(&fid), INT64_MAX, &n))
		return line_bad(line, "fid is not a whole number from 0 to 2^63-1");
	copy_i64(line->out, line->number);
	copy_i64(line->out, n);
	if (!put_texts(line, root) || !put_custody(line, root) || !put_wallets(line, root))
		return LINE_BAD;
	copy_end(line->out);
	return LINE_TAKEN;
}
