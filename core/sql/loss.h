#ifndef CORE_SQL_LOSS_H
#define CORE_SQL_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

#include "core/sql/script.h"

/*
 * What statements do to what is there: which tables, columns and rows are gone
 * after them. A statement has a list of effects in the order in which they
 * happen; loss_next() tells which of them destroy something, given what the
 * same plan has made itself.
 */

enum loss_kind {
	/* no loss: a new table, which may be dropped again */
	LOSS_MAKES,
	LOSS_MAKES_TEMPORARY, /* gone at the end of its script */
	LOSS_RENAMES,	      /* the table `name` is `to` from now on */
	/* losses */
	LOSS_DATABASE,
	LOSS_SCHEMA,
	LOSS_TABLE,
	LOSS_TYPE,
	LOSS_COLUMN,	/* of `table` */
	LOSS_NARROWED,	/* a column's type, which may not hold what is there;
			   `to` is the new one when that alone decides */
	LOSS_TRUNCATED, /* all rows */
	LOSS_DELETED,	/* rows */
	LOSS_UPDATED,	/* what stood in rows */
	LOSS_UNKNOWN,	/* what cannot be read may do any of this */
};

struct loss {
	enum loss_kind kind;
	const char *name;  /* of a column: without its table */
	const char *table; /* that it is about, as written; or NULL */
	const char *to;	   /* or NULL */
};

/* Adds one to the statement; the strings are copied to mem (NULL stays). */
void loss_add(TALLOC_CTX *mem, struct statement *s, enum loss_kind kind,
	      const char *table, const char *name, const char *to);

/* Fills the list for SQLite, MariaDB and MySQL; `text` is the statement's. */
void loss_read(TALLOC_CTX *mem, struct statement *s, const char *text,
	       enum sql_dialect dialect);
/* For what no parser understands: LOSS_UNKNOWN when a word of destruction
   stands anywhere in it, in strings too. */
void loss_guess(TALLOC_CTX *mem, struct statement *s, const char *text);

/* "drops table users", "deletes rows of users"; on mem. */
char *loss_text(TALLOC_CTX *mem, const struct loss *loss);

/*
 * Whether each value of the one type is one of the other, unchanged: types as
 * their servers write them ("int4", "varchar(50)", "bigint(20) unsigned"). Only
 * a few pairs are known; of all others this is false.
 */
bool loss_type_widens(const char *from, const char *to,
		      enum sql_dialect dialect);

/* The tables that a plan has made so far. */
struct loss_made;
struct loss_made *loss_made_new(TALLOC_CTX *mem, enum sql_dialect dialect);
/* Whether this effect destroys what was there before the plan; takes it in. */
bool loss_next(struct loss_made *made, const struct loss *loss);
/* A script is over. */
void loss_end_script(struct loss_made *made);

#endif
