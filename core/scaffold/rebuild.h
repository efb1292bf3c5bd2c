#ifndef CORE_SCAFFOLD_REBUILD_H
#define CORE_SCAFFOLD_REBUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

#include "core/base/error.h"
#include "core/db/db.h"

/*
 * For engines that cannot alter a column: the statements that make a table
 * anew with another definition, copy its rows, and give it back its indexes
 * and triggers. A template says what changes, an edit a line:
 *
 *	{{#rebuild}}
 *	have add {{column}} {{type}}
 *	not-null {{column}}
 *	{{/rebuild}}
 *
 *	add COLUMN ...		a column; nothing when it is there
 *	drop COLUMN		with the constraints and indexes on it
 *	not-null COLUMN, null COLUMN
 *	type COLUMN TYPE
 *	default COLUMN VALUE, no-default COLUMN
 *	constraint TEXT		of the table
 *	no-constraint NAME
 *	fill COLUMN VALUE	what is copied into it, an expression
 *	original		the table as the target has it
 *	have ...		an edit that an earlier script has made
 */
struct rebuild_source {
	const struct db_engine *engine;
	/* CREATE TABLE, then its indexes and triggers; NULL: not known */
	char **statements;
	size_t count;
	bool others;  /* views or other tables' triggers speak of the table */
	char *reason; /* why there was no answer, on mem of the call */
};

/* For struct render_block; data is a struct rebuild_source. */
int rebuild_make(TALLOC_CTX *mem, const char *body, char **out, void *data,
		 struct error *err);

#endif
