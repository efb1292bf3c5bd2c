#ifndef CORE_SQL_SCAN_H
#define CORE_SQL_SCAN_H

#include "core/sql/script.h"

/*
 * Where statements end, token by token: a semicolon, but not one inside a
 * SQLite trigger (the rules of sqlite3_complete()), nor in PostgreSQL one in
 * parentheses or in the BEGIN ATOMIC body of a function.
 */
struct sql_scan {
	enum sql_dialect dialect;
	bool inside; /* a statement has begun */
	enum {
		SCAN_FIRST,   /* nothing, or EXPLAIN ... */
		SCAN_CREATE,  /* CREATE, CREATE TEMP, CREATE OR REPLACE */
		SCAN_TRIGGER, /* SQLite: in a trigger */
		SCAN_SEMI,    /* and its last token was a semicolon */
		SCAN_END,     /* and then END */
		SCAN_ROUTINE, /* PostgreSQL: in CREATE FUNCTION */
		SCAN_BEGIN,   /* and its last token was BEGIN */
		SCAN_OTHER,
	} state;
	int depth; /* of parentheses, or of BEGIN ATOMIC and CASE */
	bool explain;
	enum { COPY_NOT, COPY_HEAD, COPY_FROM, COPY_STDIN } copy;
	/* the statement that has just ended is PostgreSQL's COPY FROM STDIN:
	   its rows follow, see sql_copy_data() */
	bool copied;
};

void sql_scan_init(struct sql_scan *scan, enum sql_dialect dialect);

/* Takes the next token; true when it is the semicolon that ends a statement
   (also an empty one). Then the scan is at the start again. */
bool sql_scan_token(struct sql_scan *scan, const char *text,
		    struct sql_token token);

/*
 * The rows behind a COPY FROM STDIN whose semicolon ends at `offset`, as psql
 * reads them: from the next line up to one that says \. alone. False when
 * there is no such line.
 */
bool sql_copy_data(const char *text, size_t length, size_t offset,
		   struct sql_copy_data *data);

#endif
