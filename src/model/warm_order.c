#include "model/warm_order.h"

#include <string.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"

static const char *arguments_of(const struct warm_order *order, struct arena *arena)
{
	struct buf text;
	struct json j;

	buf_init(&text, arena, JOB_ARGUMENTS_MAX);
	json_init(&j, &text);
	json_object(&j, NULL);
	if (order->count)
		json_array(&j, "collections");
	for (size_t i = 0; i < order->count; i++) {
		char address[ADDRESS_TEXT];

		address_write(&order->contract[i], address);
		json_strz(&j, NULL, address);
	}
	if (order->count)
		json_end(&j);
	if (order->top)
		json_int(&j, "top", order->top);
	if (order->rate)
		json_int(&j, "rate", order->rate);
	json_end(&j);
	buf_addc(&text, '\0');
	return text.ptr;
}

static const char *subject_of(const char *arguments, struct arena *arena)
{
	uint8_t digest[SHA256_BYTES];
	char hex[33];

	if (strcmp(arguments, "{}") == 0)
		return "";
	if (strlen(arguments) <= JOB_SUBJECT_MAX)
		return arguments;
	hash_sha256(str_of(arguments), digest);
	hex_write(digest, 16, hex);
	return arena_strz(arena, arena_printf(arena, "list %s", hex));
}

void warm_order_job(const struct warm_order *order, struct arena *arena, struct job_order *ret)
{
	const char *arguments = arguments_of(order, arena);

	*ret = (struct job_order){ .kind = JOB_warm,
				   .subject = subject_of(arguments, arena),
				   .arguments = arguments };
}
