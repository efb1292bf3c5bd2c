#ifndef CORE_SQL_READS_H
#define CORE_SQL_READS_H

#include "core/sql/script.h"

/*
 * Whether a statement reads a table, from a byte of it on: by FROM, JOIN,
 * USING or TABLE, in its own clauses or in a query inside of it. *place is
 * where the name stands. The table is named as written; a schema that is not
 * written may be any, and case does not count, so that it may answer yes for
 * another table, but never no for this one.
 */
bool sql_reads_table(const char *text, size_t length, size_t from,
		     enum sql_dialect dialect, const char *table,
		     size_t *place);

#endif
