/* Presets: names for sets of cache settings; whatever is set in another way stays as it was
 * set. */
#ifndef APP_PRESETS_H
#define APP_PRESETS_H

#include "base/conf.h"
#include "base/rc.h"

#define PRESET_CHOICES "aggressive|moderate|light|memory_only|distributed"

/* Applies the rows of preset to what still has its default. */
enum rc preset_apply(struct conf *conf, const char *preset);

#endif
