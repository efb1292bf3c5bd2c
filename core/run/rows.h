#ifndef CORE_RUN_ROWS_H
#define CORE_RUN_ROWS_H

#include "core/db/db.h"
#include "core/run/proof.h"

/*
 * The rows of a scratch database as they were at one moment, and what another
 * moment has otherwise: which rows, and which of their columns.
 */

struct row_table {
	const char *name;
	const char **columns;
	bool *quoted; /* the column's values are shown in quotes */
	size_t column_count;
	size_t *key; /* the columns that tell rows apart; or none */
	size_t key_count;
	int64_t rows;
	/* row r is at values + r * column_count; NULL for SQL's NULL */
	const char **values;
	bool kept;	    /* the values are there; otherwise: */
	const char *digest; /* that of contents(), or NULL */
};

struct row_image {
	struct row_table *tables; /* sorted by name */
	size_t count;
};

/*
 * Reads all tables. Of those that `touched` names (NULL-terminated, may be
 * NULL) a million rows are kept, of others twenty thousand; of larger ones
 * their digest is.
 */
int rows_read(TALLOC_CTX *mem, struct db *db, const char *const *touched,
	      struct row_image **image, struct error *err);

/*
 * What `found` has otherwise than `expected`, table by table. Columns that only
 * one of them has are a matter of the catalog. Strings hang on mem.
 */
struct proof_row_difference *rows_compare(TALLOC_CTX *mem, const char *stage,
					  const struct row_image *expected,
					  const struct row_image *found,
					  size_t *count);

/* The same value as people are shown it. */
char *rows_shown(TALLOC_CTX *mem, const char *value, bool quoted);

#endif
