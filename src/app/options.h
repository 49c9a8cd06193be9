/* Rows of the settings of the processes themselves. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include "base/conf.h"

extern const struct conf_key app_keys[]; /* of struct app_options */

#endif
