/* A private database, a directory for files, and an import in one call. */
#ifndef JOBS_IMPORT_FIXTURE_H
#define JOBS_IMPORT_FIXTURE_H

#include <stdint.h>
#include "jobs/import.h"
#include "net/pg.h"

#define A1     "0x00000000000000000000000000000000000000a1"
#define A2     "0x00000000000000000000000000000000000000a2"
#define A3     "0x00000000000000000000000000000000000000a3"
#define C1     "0x00000000000000000000000000000000000000c1"
#define C2     "0x00000000000000000000000000000000000000c2"
#define NOBODY "0x0000000000000000000000000000000000000000"

void fixture_start(void); /* around all tests of a program */
void fixture_done(void);

/* Writes text to a file of the fixture's directory; its path is good for the program's life. */
const char *fixture_file(const char *name, const char *text);
const char *fixture_path(const char *name);
/* META of a contract. */
const char *fixture_meta(const char *contract, const char *standard);

/* As the application; the summary's texts live until the next call. */
enum rc fixture_import(const struct import_options *options, struct import_summary *ret);
/* An import that must succeed. */
struct import_summary fixture_imported(const struct import_options *options);
/* The only cell of an answer, asked by the superuser; static text. */
const char *fixture_cell(const char *sql);
void fixture_same(const char *sql, const char *expected);
/* Everything that imports write, but for times and identities: one digest. */
const char *fixture_digest(void);

#endif
