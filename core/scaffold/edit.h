#ifndef CORE_SCAFFOLD_EDIT_H
#define CORE_SCAFFOLD_EDIT_H

#include <stdbool.h>
#include <talloc.h>

#include "core/base/error.h"
#include "core/sql/table.h"

/*
 * Changes to the text of a CREATE TABLE statement, everything else of it left
 * as it was written. `edit` is a line as rebuild.h lists them, without `have`,
 * `fill` and `original`. *text is replaced, on mem. ERROR_FAILED when the
 * statement cannot be read, a name is not in it, or the edit is unknown.
 */
int edit_table(TALLOC_CTX *mem, char **text, const char *edit,
	       struct error *err);

/* Whether the SQL text has the name as a word or quoted, in any case. */
bool edit_mentions(const char *sql, const char *name);

/* Whether a constraint of the table is about one of its own columns. */
bool edit_concerns(const struct table_rule *rule, const char *column);

/* Whether ALTER TABLE ADD COLUMN can make the column as it is. */
bool edit_is_addable(const struct table_column *column);

/* NOT NULL without a default. */
bool edit_is_required(const struct table_column *column);

#endif
