#ifndef CORE_DB_POSTGRES_INDEX_H
#define CORE_DB_POSTGRES_INDEX_H

#include "core/db/postgres/internal.h"
#include "lazy/pgquery.h"

/*
 * The indexes that a CREATE INDEX or a REINDEX has made, told from those that
 * others make at the same time: by the table, by the name that is written or
 * that the server chooses, by what they are said to be, and by who is still at
 * work on them. What cannot be told is not taken for the statement's.
 */

struct pg_index {
	char *name;	 /* for people, as the server quotes it */
	char *qualified; /* for statements */
};

struct pg_index_search {
	TALLOC_CTX *mem;
	const PgQuery__IndexStmt *create; /* NULL: a REINDEX */
	const char *reach;  /* of a REINDEX: index, table, schema, database */
	char *object;	    /* that or CREATE's table, as in a statement */
	char *chosen;	    /* what the server calls one without a name; NULL:
			       not known */
	const char *before; /* oids of what was there, with commas */
	char *table;	    /* oid of the table before, or NULL: not known */
	const char *params[3];

	/* found */
	struct pg_index *invalid;
	size_t invalid_count;
	size_t valid_count;
	bool unclear; /* something else may be the statement's, or not */
};

/* Reads the statement; false when it makes no index or cannot be parsed. What
   the search holds hangs on mem. */
bool pg_index_search(TALLOC_CTX *mem, const struct script *script,
		     const struct statement *s, struct pg_index_search *search);
/* Before the statement: a row with what pg_index_find() has to know, or NULL.
 */
struct pg_statement pg_index_ask_before(struct pg_index_search *search);
/* After it: fills in what was found. `before` is that row's text. */
struct pg_statement pg_index_find(struct pg_index_search *search,
				  const struct pg *pg, const char *before);
/* Drops what is invalid; `run` says for how long that may take. */
int pg_index_drop(struct pg *pg, const struct pg_index_search *search,
		  int (*run)(struct pg *pg, const char *sql, struct error *err),
		  struct error *err);
/* The names of those that are invalid, with commas between them. */
char *pg_index_names(TALLOC_CTX *mem, const struct pg_index_search *search);

#endif
