#include "core/db/mysql/internal.h"

#include <string.h>

/*
 * A value is its literal: QUOTE() and HEX() give it, and a statement takes it.
 * Triggers cannot be disabled here: they are dropped from a table before its
 * rows are loaded, and made again after it, as the server shows them.
 */

#define ROWS_AT_ONCE 100

static const char *const settings[] = {
	[ROWS_READ] = "SET time_zone = '+00:00', sql_mode = ''",
	[ROWS_LOAD] = "SET time_zone = '+00:00', foreign_key_checks = 0, "
		      "sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
	[ROWS_MAKE] = "SET time_zone = '+00:00', sql_mode = "
		      "'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'",
};

static int begin(struct db *db, enum db_rows_access access, struct error *err)
{
	struct my *my = my_of(db);
	struct my_conn *c = &my->main;

	if (my_reset(my, err) < 0)
		return -1;
	my->tainted = true;
	if (my_run_sql(c, settings[access], err) < 0 ||
	    my_run_sql(c, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		       err) < 0)
		return -1;
	return my_run_sql(c,
			  access == ROWS_READ
				  ? "START TRANSACTION WITH CONSISTENT "
				    "SNAPSHOT, READ ONLY"
				  : "START TRANSACTION",
			  err);
}

static int end(struct db *db, bool keep, struct error *err)
{
	struct my *my = my_of(db);
	struct error ignored = { 0 };

	if (keep)
		return my_run_sql(&my->main, "COMMIT", err) < 0
			       ? -1
			       : my_reset(my, err);
	my_session_rollback(db);
	if (my_reset(my, &ignored) < 0)
		error_release(&ignored);
	return 0;
}

/* --- triggers ------------------------------------------------------------- */

struct trigger {
	char *name, *mode, *collation, *text;
};

struct triggers {
	TALLOC_CTX *mem;
	struct trigger *list;
	size_t count;
};

static int take_name(const char *const *values, int count, void *data)
{
	struct triggers *t = data;

	(void)count;
	t->list = talloc_realloc(t->mem, t->list, struct trigger,
				 (unsigned)t->count + 1);
	t->list[t->count++] = (struct trigger){
		.name = talloc_strdup(t->mem, values[0]),
		.mode = talloc_strdup(t->mem, values[1]),
		.collation = talloc_strdup(t->mem, values[2]),
	};
	return 0;
}

static int take_text(const char *const *values, int count, void *data)
{
	struct triggers *t = data;

	if (count > 2)
		t->list[t->count - 1].text = talloc_strdup(t->mem, values[2]);
	return 0;
}

static int take_away(struct my_conn *c, struct triggers *t,
		     const struct db_table *table, struct error *err)
{
	const char *params[] = { table->name };
	size_t all;

	if (my_query(c,
		     "SELECT TRIGGER_NAME, SQL_MODE, COLLATION_CONNECTION "
		     "FROM information_schema.TRIGGERS "
		     "WHERE TRIGGER_SCHEMA = DATABASE() "
		     "AND EVENT_OBJECT_TABLE = $1 ORDER BY ACTION_ORDER",
		     params, 1, take_name, t, err) < 0)
		return -1;
	for (all = t->count, t->count = 0; t->count < all;) {
		char *name = my_quote(t->mem, t->list[t->count++].name);
		char *show = talloc_asprintf(t->mem, "SHOW CREATE TRIGGER %s",
					     name);
		char *drop = talloc_asprintf(t->mem, "DROP TRIGGER %s", name);

		if (my_run(c, show, strlen(show), take_text, t, NULL, err) <
			    0 ||
		    my_run_sql(c, drop, err) < 0)
			return -1;
	}
	return 0;
}

static int give_back(struct my_conn *c, const struct triggers *t,
		     struct error *err)
{
	for (size_t i = 0; i < t->count; i++) {
		const char *params[] = { t->list[i].mode,
					 t->list[i].collation };

		if (my_query(c, "SET sql_mode = $1, collation_connection = $2",
			     params, 2, NULL, NULL, err) < 0 ||
		    my_run_sql(c, t->list[i].text, err) < 0)
			return -1;
	}
	return t->count ? my_run_sql(c, settings[ROWS_LOAD], err) : 0;
}

/* --- loading -------------------------------------------------------------- */

static int run(struct db *db, const char *sql, db_value_fn row, void *data,
	       struct error *err)
{
	return my_run(&my_of(db)->main, sql, strlen(sql), row, data, NULL, err);
}

static int insert(struct db *db, const struct db_table *table,
		  const size_t *columns, size_t count,
		  const char *const *values, size_t rows, struct error *err)
{
	for (size_t at = 0; at < rows; at += ROWS_AT_ONCE) {
		size_t n = rows - at < ROWS_AT_ONCE ? rows - at : ROWS_AT_ONCE;
		char *sql = db_insert_sql(NULL, db, table, columns, count,
					  values + at * count, n);
		int result = run(db, sql, NULL, NULL, err);

		talloc_free(sql);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int take_number(const char *const *values, int count, void *data)
{
	(void)count;
	if (values[0])
		*(char **)data = talloc_strdup(NULL, values[0]);
	return 0;
}

/* SETVAL() takes nothing but a number. */
static int set_counters(struct db *db, const struct db_table *table,
			struct error *err)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct db_column *c = &table->columns[i];
		char *number = NULL, *sql;
		int result;

		if (!c->counter)
			continue;
		sql = talloc_asprintf(NULL, "SELECT MAX(%s) FROM %s", c->quoted,
				      table->from);
		result = run(db, sql, take_number, &number, err);
		talloc_free(sql);
		if (result == 0 && number) {
			sql = talloc_asprintf(NULL, "SELECT SETVAL(%s, %s)",
					      c->counter, number);
			result = run(db, sql, NULL, NULL, err);
			talloc_free(sql);
		}
		talloc_free(number);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int load(struct db *db, const struct db_table *table,
		const size_t *columns, size_t count, const char *const *values,
		size_t rows, struct error *err)
{
	struct my_conn *c = &my_of(db)->main;
	struct triggers triggers = { .mem = talloc_new(NULL) };
	int result = take_away(c, &triggers, table, err);

	if (result == 0)
		result = insert(db, table, columns, count, values, rows, err);
	if (result == 0)
		result = give_back(c, &triggers, err);
	if (result == 0)
		result = set_counters(db, table, err);
	talloc_free(triggers.mem);
	return result;
}

/* --- values --------------------------------------------------------------- */

static char *form(TALLOC_CTX *mem, const struct db_column *column,
		  const char *plain)
{
	char *out, *o;

	if (datum_is_bare(column->kind))
		return talloc_strdup(mem, plain);
	if (column->kind == DATUM_BITS)
		return talloc_asprintf(mem, "b'%s'", plain);
	if (column->kind == DATUM_BYTES)
		return talloc_asprintf(mem, "X'%s'", plain);
	o = out = talloc_size(mem, 2 * strlen(plain) + 3);
	*o++ = '\'';
	for (; *plain; plain++) {
		if (*plain == '\'' || *plain == '\\')
			*o++ = '\\';
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

const struct db_rows my_rows = {
	.literals = true,
	.begin = begin,
	.end = end,
	.tables = my_tables,
	.run = run,
	.load = load,
	.form = form,
	.literal = literal,
};
