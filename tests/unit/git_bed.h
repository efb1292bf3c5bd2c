#ifndef TESTS_UNIT_GIT_BED_H
#define TESTS_UNIT_GIT_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "git/git.h"

/* Real repositories in a folder of their own, and nobody's git settings. */

struct test {
	TALLOC_CTX *mem;
	struct repo *repo;
	struct error err;
};

extern char *gitbed_place; /* the folder; each test stands in t/r in it */

/* Runs a shell script where the test stands, with `pair N [TEXT]` and `commit
   SUBJECT`; its output without the last line end. */
char *sh(TALLOC_CTX *mem, const char *script);
/* Fails with t->err when the result is negative. */
void good(struct test *t, int result);
/* Changes into the folder and opens the repository there. */
void enter(struct test *t, const char *folder);

int gitbed_set_up(void **state);
int gitbed_tear_down(void **state);
#define gitbed_run(tests)                                                      \
	gitbed_run_(#tests, tests, sizeof(tests) / sizeof((tests)[0]))
int gitbed_run_(const char *name, const struct CMUnitTest *tests, size_t count);

#endif
