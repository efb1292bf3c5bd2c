#ifndef CORE_SQL_CHANGE_H
#define CORE_SQL_CHANGE_H

#include "core/sql/script.h"

/*
 * What a statement changes, one entry for each thing: what derives its inverse
 * works on these. Names are as the database keeps them, not quoted.
 */

enum change_kind {
	CHANGE_NONE, /* nothing that would have to be undone */
	CHANGE_CREATE,
	CHANGE_DROP,
	CHANGE_RENAME,
	CHANGE_ADD_COLUMN,
	CHANGE_DROP_COLUMN,
	CHANGE_RENAME_COLUMN,
	CHANGE_ALTER_COLUMN,
	CHANGE_ADD_CONSTRAINT,
	CHANGE_DROP_CONSTRAINT,
	CHANGE_RENAME_CONSTRAINT,
	CHANGE_VALIDATE,
	CHANGE_COMMENT,
	CHANGE_GRANT, /* and REVOKE */
	CHANGE_INSERT,
	CHANGE_UPDATE,
	CHANGE_DELETE,
	CHANGE_OTHER, /* `inverse`, or what only a person can undo */
};

struct sql_name {
	const char *schema; /* or NULL */
	const char *name;   /* NULL: there is none */
};

struct change {
	enum change_kind kind;
	const char *object;    /* "TABLE", "MATERIALIZED VIEW"; of COLUMN and
				  CONSTRAINT too */
	struct sql_name name;  /* the object's own; not of a column */
	struct sql_name table; /* the table itself, or what it belongs to */
	const char *column;    /* MySQL: the first of an index or foreign key */
	const char *to;	       /* the new name */
	const char *args;      /* of a function, "(integer, text)" as SQL */
	/* ALTER_COLUMN: "TYPE", "DEFAULT", "NOT NULL", or "ALL" of it;
	   ADD_CONSTRAINT: "CHECK", "FOREIGN KEY", "UNIQUE", "PRIMARY KEY" */
	const char *aspect;
	const char *inverse; /* COMMENT: up to IS; GRANT, OTHER: the statement
				that undoes it, or NULL */
	bool replaces;	     /* OR REPLACE */
	bool lenient;	     /* IF EXISTS, IF NOT EXISTS */
	bool concurrent;
	bool cascade;
	bool not_valid; /* a constraint that is to be validated later */
	/* INSERT: what is written to (none: all, in order), and literals;
	   UPDATE: what is assigned */
	const char **columns;
	size_t column_count;
	const char ***rows; /* each of `width` texts; NULL: no literals only */
	size_t row_count, width;
	struct sql_name source; /* INSERT ... SELECT FROM one table */
	bool copies;		/* ... the same columns as they are */
};

struct changes {
	struct change *list;
	size_t count;
};

/* A new entry of that kind. */
struct change *changes_add(struct changes *changes, enum change_kind kind);

/*
 * The changes of a statement as the lexer sees them: for engines without a
 * parser, and INSERT and UPDATE for all. `changes` is a talloc context.
 */
void changes_read(struct changes *changes, const char *text, size_t length,
		  enum sql_dialect dialect);
void changes_read_rows(struct changes *changes, const char *text, size_t length,
		       enum sql_dialect dialect);

/* "COMMENT ON ... " up to IS. */
char *changes_comment_head(TALLOC_CTX *mem, const char *text, size_t length,
			   enum sql_dialect dialect);

/* GRANT turned into REVOKE and back, or NULL when that is not certain. */
char *changes_grant_inverse(TALLOC_CTX *mem, const char *text, size_t length,
			    enum sql_dialect dialect);

bool sql_name_is(const struct sql_name *a, const struct sql_name *b);

#endif
