#include "core/db/mysql/internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * The digest of a table is the sum of a part of each row's MD5, so that the
 * order of the rows does not matter. Columns are taken by their names' order,
 * as bytes, with a mark for each that is NULL.
 */

/* What the text of a value depends on. */
static const char settings[] = "SET time_zone = '+00:00', sql_mode = ''";

struct table {
	char *name, *values, *nulls;
	int64_t rows;
	char *digest;
};

struct tables {
	TALLOC_CTX *mem;
	struct table **list;
	size_t count;
};

static struct table *table_named(struct tables *tables, const char *name)
{
	struct table *t;

	if (tables->count &&
	    !strcmp(tables->list[tables->count - 1]->name, name))
		return tables->list[tables->count - 1];
	tables->list = talloc_realloc(tables->mem, tables->list, struct table *,
				      (unsigned)tables->count + 1);
	t = talloc_zero(tables->mem, struct table);
	t->name = talloc_strdup(t, name);
	t->values = talloc_strdup(t, "");
	t->nulls = talloc_strdup(t, "");
	return tables->list[tables->count++] = t;
}

static int take_column(const char *const *values, int count, void *data)
{
	struct table *t = table_named(data, values[0]);
	char *column = my_quote(t, values[1]);

	(void)count;
	t->values = talloc_asprintf_append_buffer(
		t->values, "CAST(%s AS BINARY), ", column);
	t->nulls = talloc_asprintf_append_buffer(t->nulls, "%sISNULL(%s)",
						 *t->nulls ? ", " : "", column);
	return 0;
}

static int take_digest(const char *const *values, int count, void *data)
{
	struct table *t = data;

	(void)count;
	t->rows = strtoll(values[0], NULL, 10);
	t->digest = talloc_strdup(t, values[1]);
	return 0;
}

static int read_table(struct my *my, struct table *t, struct error *err)
{
	char *sql = talloc_asprintf(
		t,
		"SELECT COUNT(*), COALESCE(SUM(CAST(CONV(LEFT(MD5(CONCAT_WS("
		"'#', %sCONCAT(%s))), 15), 16, 10) AS UNSIGNED)), 0) "
		"FROM %s.%s",
		t->values, t->nulls, my_quote(t, my->db.database),
		my_quote(t, t->name));

	return my_run(&my->main, sql, strlen(sql), take_digest, t, NULL, err);
}

int my_contents_now(TALLOC_CTX *mem, struct my *my,
		    struct db_contents **contents, struct error *err)
{
	static const char columns[] =
		"SELECT c.TABLE_NAME, c.COLUMN_NAME "
		"FROM information_schema.COLUMNS AS c "
		"JOIN information_schema.TABLES AS t "
		"USING (TABLE_SCHEMA, TABLE_NAME) "
		"WHERE t.TABLE_SCHEMA = DATABASE() "
		"AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') "
		"ORDER BY CAST(c.TABLE_NAME AS BINARY), "
		"CAST(c.COLUMN_NAME AS BINARY)";
	struct tables tables = { .mem = talloc_new(NULL) };
	int result = my_run(&my->main, columns, sizeof(columns) - 1,
			    take_column, &tables, NULL, err);

	*contents = contents_new(mem);
	for (size_t i = 0; result == 0 && i < tables.count; i++) {
		struct table *t = tables.list[i];

		result = read_table(my, t, err);
		if (result == 0)
			contents_add(*contents, t->name, t->rows, t->digest);
	}
	contents_sort(*contents);
	talloc_free(tables.mem);
	return result;
}

int my_contents_settings(struct my *my, struct error *err)
{
	my->tainted = true;
	return my_run_sql(&my->main, settings, err);
}

int my_contents(TALLOC_CTX *mem, struct db *db, struct db_contents **contents,
		struct error *err)
{
	struct my *my = my_of(db);

	if (my_reset(my, err) < 0 || my_contents_settings(my, err) < 0 ||
	    my_contents_now(mem, my, contents, err) < 0)
		return error_prefix(err, "unable to read the rows of '%s'",
				    db->label);
	return my_reset(my, err);
}
