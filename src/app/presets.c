#include "app/presets.h"

#include <stdio.h>
#include <string.h>
#include "base/scope.h"

static const struct {
	const char *preset, *name, *value;
} rows[] = {
#define PRESET(preset, name, value) { #preset, #name, value },
#include "app/presets.def"
};

enum rc preset_apply(struct conf *conf, const char *preset)
{
	char origin[64];

	snprintf(origin, sizeof(origin), "preset %s", preset);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (strcmp(rows[i].preset, preset) != 0 ||
		    strcmp(conf_origin(conf, rows[i].name), "default") != 0)
			continue;
		enum rc rc =
			conf_set(conf, str_of(rows[i].name), str_of(rows[i].value), origin);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}
