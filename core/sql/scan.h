#ifndef CORE_SQL_SCAN_H
#define CORE_SQL_SCAN_H

#include <stdint.h>

#include "core/sql/script.h"

/*
 * Where statements end, token by token: a semicolon, but not one inside a
 * SQLite trigger (the rules of sqlite3_complete()), nor in PostgreSQL one in
 * parentheses or in the BEGIN ATOMIC body of a function, nor in MySQL one in a
 * compound statement. A line `DELIMITER //` in a MySQL script changes, as in
 * the mysql client, what ends a statement; then the body of a routine reaches
 * up to that.
 */
#define SQL_DELIMITER_SIZE 16

struct sql_scan {
	enum sql_dialect dialect;
	bool inside; /* a statement has begun */
	enum {
		SCAN_FIRST,   /* nothing, or EXPLAIN ... */
		SCAN_CREATE,  /* CREATE, CREATE TEMP, CREATE OR REPLACE */
		SCAN_TRIGGER, /* SQLite: in a trigger */
		SCAN_SEMI,    /* and its last token was a semicolon */
		SCAN_END,     /* and then END */
		SCAN_ROUTINE, /* PostgreSQL: in CREATE FUNCTION; MySQL: in what
				 may have a compound statement */
		SCAN_BEGIN,   /* and its last token was BEGIN; MySQL: the first
				 token was */
		SCAN_OTHER,
	} state;
	int depth; /* of parentheses, or of BEGIN ATOMIC and CASE */
	bool explain;
	enum { COPY_NOT, COPY_HEAD, COPY_FROM, COPY_STDIN } copy;
	/* the statement that has just ended is PostgreSQL's COPY FROM STDIN:
	   its rows follow, see sql_copy_data() */
	bool copied;
	/* MySQL */
	char delimiter[SQL_DELIMITER_SIZE]; /* "": the semicolon */
	uint64_t expressions; /* bit n: at depth n is a CASE with a value */
	bool begins;	      /* a statement of a compound one may begin here */
	bool ended;	      /* the last word was END */
};

void sql_scan_init(struct sql_scan *scan, enum sql_dialect dialect);

/*
 * The token at offset, as sql_next() gives it but for DELIMITER: its line is a
 * comment, and what it names is a SQL_SEMICOLON wherever it stands outside of
 * quotes and comments.
 */
struct sql_token sql_scan_next(struct sql_scan *scan, const char *text,
			       size_t length, size_t offset);

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

/* Its part for MySQL, in compound.c. */
bool sql_scan_mysql(struct sql_scan *scan, const char *text,
		    struct sql_token token);

#endif
