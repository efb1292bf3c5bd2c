#include "core/db/sqlite/internal.h"

#include <string.h>

/* A value is its literal: quote() gives it, and a statement takes it. */

#define ROWS_AT_ONCE 100

static void set(struct sqlite *s, int what, bool on)
{
	sqlite3_db_config(s->handle, what, on, NULL);
}

static int begin(struct db *db, enum db_rows_access access, struct error *err)
{
	struct sqlite *s = sqlite_of(db);

	if (sqlite_restore(s, err) < 0)
		return -1;
	/* both are of no effect inside a transaction */
	set(s, SQLITE_DBCONFIG_ENABLE_FKEY, access == ROWS_MAKE);
	set(s, SQLITE_DBCONFIG_ENABLE_TRIGGER, access != ROWS_LOAD);
	return sqlite_run(s, access == ROWS_READ ? "BEGIN" : "BEGIN IMMEDIATE",
			  err);
}

static int end(struct db *db, bool keep, struct error *err)
{
	struct sqlite *s = sqlite_of(db);
	int result = keep ? sqlite_run(s, "COMMIT", err) : 0;

	if (!keep || result < 0)
		sqlite_rollback(db);
	set(s, SQLITE_DBCONFIG_ENABLE_FKEY, false);
	set(s, SQLITE_DBCONFIG_ENABLE_TRIGGER, true);
	return result;
}

static int run(struct db *db, const char *sql, db_value_fn row, void *data,
	       struct error *err)
{
	return sqlite_query(db, sql, NULL, 0, row, data, err);
}

static int load(struct db *db, const struct db_table *table,
		const size_t *columns, size_t count, const char *const *values,
		size_t rows, struct error *err)
{
	for (size_t at = 0; at < rows; at += ROWS_AT_ONCE) {
		size_t n = rows - at < ROWS_AT_ONCE ? rows - at : ROWS_AT_ONCE;
		char *sql = db_insert_sql(NULL, db, table, columns, count,
					  values + at * count, n);
		int result = sqlite_run(sqlite_of(db), sql, err);

		talloc_free(sql);
		if (result < 0)
			return -1;
	}
	return 0;
}

static char *form(TALLOC_CTX *mem, const struct db_column *column,
		  const char *plain)
{
	char *out, *o;

	if (datum_is_bare(column->kind) && *plain)
		return talloc_strdup(mem, plain);
	if (column->kind == DATUM_BYTES)
		return talloc_asprintf(mem, "X'%s'", plain);
	o = out = talloc_size(mem, 2 * strlen(plain) + 3);
	*o++ = '\'';
	for (; *plain; plain++) {
		if (*plain == '\'')
			*o++ = '\'';
		*o++ = *plain;
	}
	*o++ = '\'';
	*o = '\0';
	return out;
}

static char *literal(TALLOC_CTX *mem, const struct db_column *column,
		     const char *value)
{
	(void)column;
	return talloc_strdup(mem, value);
}

const struct db_rows sqlite_rows = {
	.literals = true,
	.begin = begin,
	.end = end,
	.tables = sqlite_tables,
	.run = run,
	.load = load,
	.form = form,
	.literal = literal,
};
