#ifndef CORE_DB_MEND_H
#define CORE_DB_MEND_H

#include "core/db/catalog.h"

/*
 * Statements that may make an object what it was. They are proposals: whether
 * one is right is seen by carrying it out and comparing again.
 */

#define MEND_MOST 4

struct mend {
	TALLOC_CTX *mem;
	char *statements[MEND_MOST];
	size_t count;
};

/* What is asked of an engine: one difference, and both catalogs whole. */
struct mend_request {
	const struct difference *difference;
	const struct catalog *expected, *found;
	char *(*quote)(TALLOC_CTX *mem, const char *name);
};

/* Adds one, on mend->mem. */
void mend_add(struct mend *mend, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "a.b.c" with each part quoted. */
char *mend_name(TALLOC_CTX *mem, const struct mend_request *r,
		const char *name);
/* The same without its last part, and that part. */
char *mend_owner(TALLOC_CTX *mem, const struct mend_request *r,
		 const char *name);
char *mend_last(TALLOC_CTX *mem, const struct mend_request *r,
		const char *name);

/* The statement that makes the expected object, or NULL when the catalog does
   not keep it; the definition is that of kinds whose definition is one. */
const char *mend_source(const struct mend_request *r);

/*
 * A column's definition taken apart: "text collate "C" not null default 'x'".
 * `rest` begins at what stands behind type, collation and NOT NULL.
 */
struct mend_column {
	char *type;
	bool not_null;
	const char *rest; /* "" when there is none */
};
void mend_column(TALLOC_CTX *mem, const char *definition,
		 struct mend_column *column);

#endif
