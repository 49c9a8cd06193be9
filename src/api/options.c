#include "api/options.h"

#include <stddef.h>
#include "base/limit.h"

const struct conf_key api_keys[] = {
	{ "wrong_keys_per_minute", CONF_INT, offsetof(struct api_options, wrong_keys), "20",
	  .min = 0, .max = LIMIT_MOST,
	  .help = "wrong keys of one client address before it is answered 429; 0: no end" },
	{ "audit_refused_per_minute", CONF_INT, offsetof(struct api_options, audit_refused),
	  "60", .min = 1, .max = LIMIT_MOST,
	  .help = "refused calls of a machine and key, or of nobody known, that get an audit "
		  "row "
		  "each; more are added up" },
	{ "audit_keep", CONF_MSEC, offsetof(struct api_options, audit_keep_ms), "365d",
	  .min = 86400000, .max = INT64_C(3650) * 86400000,
	  .help = "how long `such-market maintain` keeps audit rows, rows of recounts and "
		  "snapshots of the counters" },
	{ 0 }
};
