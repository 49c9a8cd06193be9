#include "cache/entry.h"

#include <assert.h>
#include <string.h>
#include "base/hash.h"
#include "base/scope.h"

#define MAGIC 0x59544e45u /* "ENTY" */
#define FORM  2

static const char *const types[] = {
	"application/json",
};

static uint8_t type_of(const char *content_type)
{
	for (size_t i = 0; content_type && i < COUNT_OF(types); i++)
		if (strcmp(types[i], content_type) == 0)
			return (uint8_t)i;
	assert(!content_type); /* a negative answer has none */
	return 0;
}

size_t entry_size(const struct entry *e)
{
	return sizeof(e->head) + e->head.tags * sizeof(*e->tag) + e->key.len + e->body.len;
}

static uint64_t checksum(const void *entry, size_t size)
{
	const uint8_t *from = (const uint8_t *)entry + sizeof(uint64_t);

	return hash_fast(from, size - sizeof(uint64_t));
}

void entry_encode(const struct entry *e, void *ret)
{
	struct entry_head head = e->head;
	size_t tags = head.tags * sizeof(*e->tag);
	uint8_t *at = ret;

	head.magic = MAGIC;
	head.version = FORM;
	head.key_len = (uint32_t)e->key.len;
	head.body_len = (uint32_t)e->body.len;
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	if (tags)
		memcpy(at, e->tag, tags);
	memcpy(at + tags, e->key.ptr, e->key.len);
	if (e->body.len)
		memcpy(at + tags + e->key.len, e->body.ptr, e->body.len);
	head.checksum = checksum(ret, entry_size(e));
	memcpy(ret, &head.checksum, sizeof(head.checksum));
}

bool entry_decode(struct str bytes, struct str key, struct entry *ret)
{
	const struct entry_head *head = (const struct entry_head *)bytes.ptr;
	size_t tags;

	assert(((uintptr_t)bytes.ptr & 7) == 0);
	if (bytes.len < sizeof(*head) || bytes.len > ENTRY_MAX || head->magic != MAGIC ||
	    head->version != FORM || head->tags > TAGS_MAX || head->type >= COUNT_OF(types))
		return false;
	tags = head->tags * sizeof(struct entry_tag);
	if (head->key_len > ENTRY_KEY_MAX || head->body_len > ENTRY_MAX ||
	    bytes.len != sizeof(*head) + tags + head->key_len + head->body_len)
		return false;
	if (head->tier >= TIER_COUNT || (head->rc != RC_OK && head->rc != RC_NOT_FOUND) ||
	    head->checksum != checksum(bytes.ptr, bytes.len))
		return false;
	ret->head = *head;
	ret->tag = (const struct entry_tag *)(bytes.ptr + sizeof(*head));
	ret->key = (struct str){ bytes.ptr + sizeof(*head) + tags, head->key_len };
	ret->body = (struct str){ ret->key.ptr + ret->key.len, head->body_len };
	ret->read = false;
	return !key.ptr || str_eq(key, ret->key);
}

void entry_answer(const struct entry *e, struct answer *ret)
{
	struct answer answer = {
		.rc = (enum rc)e->head.rc,
		.tier = (enum tier)e->head.tier,
		.content_type = types[e->head.type],
		.gzip = e->head.gzip,
		.modified_us = e->head.modified_us,
	};

	/* A buffer that is full: nobody writes to an answer that was kept. */
	answer.body.ptr = (char *)(uintptr_t)e->body.ptr;
	answer.body.len = answer.body.cap = answer.body.max = e->body.len;
	memcpy(answer.etag, e->head.etag, sizeof(answer.etag));
	answer.etag[sizeof(answer.etag) - 1] = '\0';
	*ret = answer;
}

void entry_of(const struct answer *answer, struct entry *ret)
{
	*ret = (struct entry){
		.head = { .rc = (uint8_t)answer->rc,
			  .tier = (uint8_t)answer->tier,
			  .type = type_of(answer->content_type),
			  .raw_len = (uint32_t)answer->body.len,
			  .modified_us = answer->modified_us },
		.body = buf_str(&answer->body),
	};
	memcpy(ret->head.etag, answer->etag, sizeof(answer->etag));
}
