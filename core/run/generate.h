#ifndef CORE_RUN_GENERATE_H
#define CORE_RUN_GENERATE_H

#include "core/db/tables.h"

/*
 * Values for rows that nobody has written: what the type of a column allows,
 * its bounds among it, and what the conditions about it mention. The same call
 * always gives the same value.
 */

struct value_wish {
	const struct db_column *column;
	/* conditions that may be about it, of one or two tables; may be NULL */
	const struct db_table *tables[2];
	uint64_t number; /* of the row, from 0 */
	unsigned attempt;
	bool distinct; /* no two numbers with the same value, if possible */
	bool tame;     /* nothing at the edge of what the type allows */
	/* texts of which some rows should have one each */
	const char *const *words;
	size_t word_count;
};

/* The value as a person thinks of it, see db_rows.form(); NULL: SQL's NULL,
   which only a column gets that may be NULL. */
char *generate_value(TALLOC_CTX *mem, const struct value_wish *wish);

#endif
