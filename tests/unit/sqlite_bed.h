#ifndef TESTS_UNIT_SQLITE_BED_H
#define TESTS_UNIT_SQLITE_BED_H

#include "core/db/db.h"

/* What the tests of the SQLite engine share. */

static const struct db_engine *const sqlite = &db_engine_sqlite;

/* A folder of its own for each test, and what it allocates. */
struct bed {
	char *folder;
	struct db_options options;
	struct error err;
};

int bed_set_up(void **state);
int bed_tear_down(void **state);

char *bed_path(struct bed *p, const char *file);
bool bed_has(struct bed *p, const char *file);
struct db *bed_open(struct bed *p, const char *file);

/* The rows of a query as text, or the error. */
char *bed_ask(struct bed *p, struct db *db, const char *sql);
/* Runs statements one after the other, outside a transaction. */
void bed_prepare(struct bed *p, struct db *db, const char *sql);

struct script *bed_script(struct bed *p, const char *text);
/* As the runner does it: 0, or -1 with everything rolled back. */
int bed_run(struct bed *p, struct db *db, const char *text, struct facts **out);
void bed_runs(struct bed *p, struct db *db, const char *text);

/* --- tables --- */

#define FAMILY                                                                 \
	"CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);"             \
	"INSERT INTO parent VALUES (1, 'a'), (2, 'b');"                        \
	"CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER "          \
	"REFERENCES parent (id) ON DELETE CASCADE);"                           \
	"INSERT INTO child VALUES (10, 1), (11, 2), (12, 2)"

#endif
