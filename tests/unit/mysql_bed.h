#ifndef TESTS_UNIT_MYSQL_BED_H
#define TESTS_UNIT_MYSQL_BED_H

#include "core/db/mysql/internal.h"

/* What the tests of the MySQL engine share, on the server that the tests
   started. What goes wrong ends the test. */

struct db *myt_open(TALLOC_CTX *mem, const char *url);
/* A new database; its URL. NULL where there is no server. */
char *myt_create(TALLOC_CTX *mem);
void myt_drop(struct db *db);

void myt_sql(struct db *db, const char *text);
/* The first value of the last row, until the next question. */
const char *myt_ask(struct db *db, const char *text);
/* For my_run(): the same into `data`, which has 256 bytes. */
int myt_take(const char *const *values, int count, void *data);

#endif
