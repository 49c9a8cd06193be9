/* Settings of who may ask how often, and of what is written down about it. */
#ifndef API_OPTIONS_H
#define API_OPTIONS_H

#include <stdint.h>
#include "base/conf.h"

struct api_options {
	int64_t wrong_keys; /* a minute and client address; then 429; 0: no end */
	int64_t audit_keep_ms;
	int64_t audit_refused; /* refused calls a minute and machine that get a row of their own
				*/
};
extern const struct conf_key api_keys[];

#endif
