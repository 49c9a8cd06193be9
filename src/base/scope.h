/* Scope-bound cleanup for foreign handles: SCOPED(pg_result_done) struct pg_result r = …; */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#define SCOPED(fn)  __attribute__((cleanup(fn)))
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

#endif
