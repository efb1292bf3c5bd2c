#ifndef CORE_SQL_TABLE_H
#define CORE_SQL_TABLE_H

#include <stddef.h>
#include <talloc.h>

#include "core/base/error.h"

/*
 * A SQLite CREATE TABLE statement taken apart by the lexer: its columns and
 * what is laid down about them, each with its place in the statement, so that
 * one of them can be replaced and all others stay as they were written.
 * Texts neither begin nor end with blanks or comments; those inside stay.
 */

enum table_rule_kind {
	RULE_PRIMARY_KEY,
	RULE_UNIQUE,
	RULE_CHECK,
	RULE_FOREIGN_KEY, /* of a column: REFERENCES ... [DEFERRABLE ...] */
	/* of columns only */
	RULE_NOT_NULL,
	RULE_NULL,
	RULE_DEFAULT,
	RULE_COLLATE,
	RULE_GENERATED,
};

/* A constraint of a column or of the table, or another part of a column. */
struct table_rule {
	enum table_rule_kind kind;
	const char *name; /* from CONSTRAINT name, unquoted; or NULL */
	const char *text; /* with CONSTRAINT name in front */
	size_t offset, length;
};

struct table_column {
	const char *name; /* unquoted */
	const char *type; /* as written, "" when there is none */
	const char *text; /* the whole definition, from the name on */
	size_t offset, length;
	struct table_rule *rules;
	size_t rule_count;
};

struct table_text {
	const char *name;		 /* unquoted, without a schema */
	size_t name_offset, name_length; /* as written, without a schema */
	size_t open, close; /* where the parentheses of the list stand */
	struct table_column *columns;
	size_t column_count;
	struct table_rule *constraints; /* of the table */
	size_t constraint_count;
	const char *suffix; /* "STRICT, WITHOUT ROWID", "" when none */
};

/*
 * ERROR_FAILED for anything but CREATE TABLE with a list of columns. Commas
 * between the constraints of a table may be missing, as in SQLite.
 */
int table_parse(TALLOC_CTX *mem, const char *create_sql,
		struct table_text **table, struct error *err);

/* The column of that name, in any case as SQLite has it, or NULL. */
const struct table_column *table_column(const struct table_text *table,
					const char *name);

/* The column's rule of that kind, or NULL. */
const struct table_rule *table_rule(const struct table_column *column,
				    enum table_rule_kind kind);

#endif
