#ifndef TESTS_UNIT_POSTGRES_SERVER_H
#define TESTS_UNIT_POSTGRES_SERVER_H

#include "core/db/db.h"
#include "core/run/facts.h"

/*
 * A real server for the PostgreSQL tests: the one that `make test` started, or
 * one of their own. What must not fail ends the test with the error's text.
 */

int pgt_setup(void **state);
int pgt_teardown(void **state);

/* A new empty database, and its URL; lives as long as the server. */
char *pgt_database(TALLOC_CTX *mem);
/* "postgresql://postgres@127.0.0.1:PORT/NAME" for a database by name. */
char *pgt_url(TALLOC_CTX *mem, const char *database);

struct db *pgt_open(TALLOC_CTX *mem, const char *url);

/* Any number of statements, each by query(). */
void pgt_sql(struct db *db, const char *sql);
/* The first column of the first row, "(null)" for NULL, NULL for no row. */
char *pgt_ask(TALLOC_CTX *mem, struct db *db, const char *sql);

struct script *pgt_script(TALLOC_CTX *mem, const char *text);
/* Splits and runs a script as `up` does; facts are complete on success. */
int pgt_run(TALLOC_CTX *mem, struct db *db, const char *text,
	    struct facts **facts, struct error *err);
/* The same, which must succeed. */
struct facts *pgt_well(TALLOC_CTX *mem, struct db *db, const char *text);

/* "relation mode, relation mode" in the order they were taken. */
char *pgt_locks(TALLOC_CTX *mem, const struct facts *facts);
/* "code|message|detail|hint|sqlstate|file:line:column", and empties it. */
char *pgt_error(TALLOC_CTX *mem, struct error *err);

#define assert_ok(call, err)                                                   \
	do {                                                                   \
		if ((call) < 0)                                                \
			fail_msg("%s", pgt_error(NULL, err));                  \
	} while (0)

#endif
