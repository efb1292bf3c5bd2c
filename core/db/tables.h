#ifndef CORE_DB_TABLES_H
#define CORE_DB_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"

/*
 * The tables of a database as one who reads and writes their rows has to know
 * them: what a column can hold, and what ties rows together.
 */

/* What kind of values a column has, whatever the engine calls its type. */
enum datum_kind {
	DATUM_OTHER,
	DATUM_INTEGER,
	DATUM_NUMBER, /* exact, with a scale */
	DATUM_FLOAT,
	DATUM_BOOLEAN,
	DATUM_TEXT,
	DATUM_BYTES,
	DATUM_BITS,
	DATUM_DATE,
	DATUM_TIME,
	DATUM_TIMESTAMP, /* without and with a time zone */
	DATUM_INTERVAL,
	DATUM_YEAR,
	DATUM_UUID,
	DATUM_JSON,
	DATUM_LABEL,  /* one of a list */
	DATUM_LABELS, /* some of a list */
	DATUM_ADDRESS,
	DATUM_NETWORK,
	DATUM_RANGE,
	DATUM_ARRAY,
};

struct db_column {
	const char *name;
	const char *quoted;
	const char *type; /* as the server calls it */
	/* an expression that gives its value as text which loses nothing: the
	   form in which load() takes it, see there */
	const char *value;
	enum datum_kind kind;
	enum datum_kind element; /* of DATUM_ARRAY */
	int64_t length;		 /* characters, bytes or bits; 0: no bound */
	int precision, scale;	 /* of DATUM_NUMBER; 0: no bound */
	int bytes;		 /* of DATUM_INTEGER */
	bool is_unsigned;
	bool not_null;
	bool computed; /* from other columns or by the server: not written */
	bool counted;  /* gets the next number when it is left out */
	bool has_default;
	const char *counter; /* what load() sets behind the largest, or NULL */
	const char **labels; /* of DATUM_LABEL and DATUM_LABELS */
	size_t label_count;
};

/* Columns are given by their numbers, from 0. */
struct db_unique {
	size_t *columns;
	size_t count;
	bool primary;
};

struct db_reference {
	const char *name;
	size_t *columns, *parents; /* of the table, of its parent */
	size_t count;
	size_t table; /* the parent's number */
};

struct db_rule {
	const char *name;
	const char *text;   /* the condition, as the server shows it */
	const char *column; /* of a domain's: the only one it is about */
	bool evaluable;	    /* the text can stand in a WHERE of the table */
};

struct db_table {
	const char *name; /* as people write it */
	const char *from; /* what stands behind FROM for all of its rows */
	const char *into; /* ... behind INTO */
	struct db_column *columns;
	size_t column_count;
	struct db_unique *uniques; /* the primary key first */
	size_t unique_count;
	struct db_reference *references;
	size_t reference_count;
	struct db_rule *rules; /* CHECK, and bounds of partitions */
	size_t rule_count;
	/* an expression by which rows without a key keep their order, or NULL
	 */
	const char *order;
	const char **parts; /* names that stand for some of its rows */
	size_t part_count;
	int64_t rows; /* see db_tables_count() */
};

struct db_tables {
	struct db_table *list; /* sorted by name */
	size_t count;
};

#define NO_COLUMN SIZE_MAX

enum db_rows_access {
	ROWS_READ, /* nothing is written; what is read is of one moment */
	ROWS_LOAD, /* rows as they were elsewhere: no triggers, no checks of
		      what refers to what */
	ROWS_MAKE, /* new ones: everything is checked, at once */
};

typedef int (*db_value_fn)(const char *const *values, int count, void *data);

struct db;

/* What engines that let rows be read and written have. */
struct db_rows {
	bool literals; /* literal() gives values back as they are */
	/*
	 * A transaction of its own, outside of any other. What a value's text
	 * depends on is set so that it is the same everywhere. end() without
	 * `keep` rolls back and cannot fail.
	 */
	int (*begin)(struct db *db, enum db_rows_access access,
		     struct error *err);
	int (*end)(struct db *db, bool keep, struct error *err);

	/* All tables with rows of their own but git-migrate's; inside of a
	   transaction of begin(), or outside of any. */
	int (*tables)(TALLOC_CTX *mem, struct db *db, struct db_tables **tables,
		      struct error *err);

	/* The following in a transaction of begin(). A statement: */
	int (*run)(struct db *db, const char *sql, db_value_fn row, void *data,
		   struct error *err);
	/*
	 * Puts rows into a table: values[r * count + c] is for columns[c], as
	 * the column's `value` gave it, NULL for SQL's NULL. Counters are set
	 * behind the largest. Only with ROWS_LOAD.
	 */
	int (*load)(struct db *db, const struct db_table *table,
		    const size_t *columns, size_t count,
		    const char *const *values, size_t rows, struct error *err);
	/*
	 * `plain` is a value as a person thinks of it (bytes as hexadecimal
	 * digits); this is how `value` would give it ...
	 */
	char *(*form)(TALLOC_CTX *mem, const struct db_column *column,
		      const char *plain);
	/* ... and that as a literal in a statement. */
	char *(*literal)(TALLOC_CTX *mem, const struct db_column *column,
			 const char *value);
};

struct db_tables *db_tables_new(TALLOC_CTX *mem);
/* Adds one; the strings are its caller's. Pointers to tables end here. */
struct db_table *db_tables_add(struct db_tables *tables);
struct db_column *db_table_add_column(struct db_tables *tables,
				      struct db_table *table);
/* Adds a list of columns, by names in one string with \001 between them; false
   when one of them is no column. */
bool db_table_add_unique(struct db_tables *tables, struct db_table *table,
			 const char *names, bool primary);
bool db_table_add_reference(struct db_tables *tables, struct db_table *table,
			    const char *name, const char *names,
			    struct db_table *parent, const char *parents);
void db_table_add_rule(struct db_tables *tables, struct db_table *table,
		       struct db_rule rule);
void db_column_set_labels(struct db_tables *tables, struct db_column *column,
			  const char *labels);
/* Once all is there. */
void db_tables_finish(struct db_tables *tables);

/* By its name: as it is, or without schema, or in any case; or NULL. */
struct db_table *db_tables_find(const struct db_tables *tables,
				const char *name);
/* The table's column of that name, or NO_COLUMN. */
size_t db_table_column(const struct db_table *table, const char *name);
/* The columns that tell one row from another: the primary key, or another one
   without NULL; or NULL. */
const struct db_unique *db_table_key(const struct db_table *table);
/* Whether the value is written without quotes. */
bool datum_is_bare(enum datum_kind kind);

/* Fills `rows` of all, in one statement; inside of a transaction. */
int db_tables_count(struct db *db, struct db_tables *tables, struct error *err);

/* INSERT with `rows` rows of literals from load()'s arguments; on mem. */
char *db_insert_sql(TALLOC_CTX *mem, const struct db *db,
		    const struct db_table *table, const size_t *columns,
		    size_t count, const char *const *values, size_t rows);

#endif
