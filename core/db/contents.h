#ifndef CORE_DB_CONTENTS_H
#define CORE_DB_CONTENTS_H

#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"

/*
 * What is in the tables of a database: how many rows, and a digest of them that
 * does not depend on their order. A row that is replaced by another one, and
 * one that is there twice instead of once, change it. It is compared only with
 * one that the same engine has made.
 */

struct db_content {
	const char *table; /* as people write it */
	int64_t rows;
	const char *digest;
};

struct db_contents {
	struct db_content *tables; /* sorted by name */
	size_t count, room;
};

struct db_contents *contents_new(TALLOC_CTX *mem);
/* Copies the strings. */
void contents_add(struct db_contents *contents, const char *table, int64_t rows,
		  const char *digest);
void contents_sort(struct db_contents *contents);
int64_t contents_rows(const struct db_contents *contents);

/* [{"table": ..., "rows": ..., "digest": ...}, ...] and back. */
char *contents_text(TALLOC_CTX *mem, const struct db_contents *contents);
int contents_parse(TALLOC_CTX *mem, const char *text,
		   struct db_contents **contents, struct error *err);

/* What of `found` is not as expected, a line a table, in words; NULL: nothing.
   Both are sorted. */
char *contents_compare(TALLOC_CTX *mem, const struct db_contents *expected,
		       const struct db_contents *found);

#endif
