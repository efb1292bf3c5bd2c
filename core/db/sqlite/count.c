#include "core/db/sqlite/internal.h"

#include <string.h>

/* More rows than that are not counted while others wait for the lock. */
#define FEW_ROWS 1000
/* No row of a table takes less than that in its file. */
#define LEAST_ROW_BYTES 8

/* "schema"."table", or "table" in main; NULL when there is no such table. */
static char *quoted(TALLOC_CTX *mem, struct sqlite *s, const char *table,
		    const char **schema)
{
	const char *dot = strchr(table, '.');
	char *first;

	*schema = "main";
	if (sqlite3_table_column_metadata(s->handle, "main", table, NULL, NULL,
					  NULL, NULL, NULL, NULL) == SQLITE_OK)
		return talloc_asprintf(mem, "main.%s",
				       sqlite_quote(mem, table));
	if (!dot || !sqlite_has_table(s, table))
		return NULL;
	first = talloc_strndup(mem, table, (size_t)(dot - table));
	*schema = first;
	return talloc_asprintf(mem, "%s.%s", sqlite_quote(mem, first),
			       sqlite_quote(mem, dot + 1));
}

struct shape {
	bool is_virtual, without_rowid;
};

static int take_shape(const char *const *values, int count, void *data)
{
	struct shape *shape = data;

	(void)count;
	shape->is_virtual = !strcmp(values[0], "virtual");
	shape->without_rowid = !strcmp(values[1], "1");
	return 0;
}

static int read_shape(struct sqlite *s, const char *schema, const char *table,
		      struct shape *shape, struct error *err)
{
	const char *params[] = { strcmp(schema, "main") != 0
					 ? strchr(table, '.') + 1
					 : table,
				 schema };

	*shape = (struct shape){ false, false };
	return sqlite_query(&s->db,
			    "SELECT type, wr FROM pragma_table_list($1) "
			    "WHERE schema = $2",
			    params, 2, take_shape, shape, err);
}

static int number_of(TALLOC_CTX *mem, struct sqlite *s, const char *what,
		     const char *from, int64_t *number, struct error *err)
{
	char *sql = talloc_asprintf(mem, "SELECT %s FROM %s", what, from);

	return sqlite_number(s, sql, NULL, 0, number, err);
}

/* What ANALYZE found, or -1. */
static int from_statistics(struct sqlite *s, const char *table, int64_t *number,
			   struct error *err)
{
	*number = -1;
	if (!sqlite_has_table(s, "sqlite_stat1"))
		return 0;
	return sqlite_number(s,
			     "SELECT max(CAST(stat AS integer)) "
			     "FROM sqlite_stat1 WHERE tbl = $1",
			     table, -1, number, err);
}

/* More rows than that cannot be in the whole file. */
static int most_rows(struct sqlite *s, int64_t *most, struct error *err)
{
	int64_t pages, page_size;

	if (sqlite_number(s, "PRAGMA main.page_count", NULL, 0, &pages, err) <
		    0 ||
	    sqlite_number(s, "PRAGMA main.page_size", NULL, 0, &page_size,
			  err) < 0)
		return -1;
	*most = pages * page_size / LEAST_ROW_BYTES;
	return 0;
}

/*
 * What can be said of a table in a large file without counting: the highest
 * row number, or, when that is no measure because of gaps, what ANALYZE found;
 * -1 when neither helps.
 */
static int estimate(TALLOC_CTX *mem, struct sqlite *s, const char *table,
		    const char *from, int64_t most, int64_t *rows,
		    struct error *err)
{
	if (number_of(mem, s, "max(rowid)", from, rows, err) < 0)
		return -1;
	return *rows > most ? from_statistics(s, table, rows, err) : 0;
}

/* One look at the file, not one for each question: its lock is asked for and
   given back once. */
static bool begin_look(struct sqlite *s)
{
	return sqlite3_get_autocommit(s->handle) &&
	       sqlite3_exec(s->handle, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
}

static void end_look(struct sqlite *s, bool begun)
{
	if (begun)
		sqlite3_exec(s->handle, "COMMIT", NULL, NULL, NULL);
}

int sqlite_count_rows(struct db *db, const char *table, int64_t limit,
		      int64_t *rows, bool *estimated, struct error *err)
{
	struct sqlite *s = sqlite_of(db);
	TALLOC_CTX *mem = talloc_new(NULL);
	bool begun = false;
	const char *schema;
	char *from = quoted(mem, s, table, &schema);
	struct shape shape = { false, false };
	int64_t most, guess = -1;
	int result = 0;

	*rows = -1;
	*estimated = false;
	if (!from)
		goto out;
	begun = begin_look(s);
	result = most_rows(s, &most, err);
	if (result == 0 && most > limit)
		result = read_shape(s, schema, table, &shape, err);
	if (result < 0 || shape.is_virtual)
		goto out;
	if (most > limit && !shape.without_rowid)
		result = estimate(mem, s, table, from, most, &guess, err);
	if (result == 0 && guess > limit) {
		*rows = guess;
		*estimated = true;
	} else if (result == 0) {
		result = number_of(mem, s, "count(*)", from, rows, err);
	}
out:
	end_look(s, begun);
	talloc_free(mem);
	return result;
}

static int take_one(const char *const *values, int count, void *data)
{
	(void)values;
	(void)count;
	++*(int64_t *)data;
	return 0;
}

/* Up to FEW_ROWS, exactly; false: there are more, or it cannot be told. */
static bool count_few(struct sqlite *s, struct db_count *count, int64_t limit)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error ignored = { 0 };
	const char *schema;
	char *from = quoted(mem, s, count->table, &schema), *sql;
	int64_t rows = from ? 0 : -1;
	bool told = true;

	if (limit > FEW_ROWS)
		limit = FEW_ROWS;
	if (from) {
		/* count(*) of such a SELECT takes three times as long to
		   prepare */
		sql = talloc_asprintf(mem, "SELECT NULL FROM %s LIMIT %lld",
				      from, (long long)limit + 1);
		told = sqlite_query(&s->db, sql, NULL, 0, take_one, &rows,
				    &ignored) == 0 &&
		       rows <= limit;
	}
	if (told)
		count->rows = rows;
	error_release(&ignored);
	talloc_free(mem);
	return told;
}

static void count_one(struct sqlite *s, struct db_count *count, int64_t limit)
{
	struct error ignored = { 0 };

	if (sqlite_count_rows(&s->db, count->table, limit, &count->rows,
			      &count->estimated, &ignored) == 0)
		return;
	count->rows = -1;
	error_release(&ignored);
}

/*
 * Asking for SQLite's lock for a count of its own costs more than the count of
 * a small table, so that one is made under the lock of the transaction. What
 * is there at its end is there after it, as nobody else writes meanwhile.
 */
void sqlite_count_along(struct db *db, struct db_count *counts, size_t count,
			int64_t limit)
{
	struct sqlite *s = sqlite_of(db);

	s->along = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!s->open)
			count_one(s, &counts[i], limit);
		else if (!count_few(s, &counts[i], limit))
			s->along = counts;
	}
	s->along_count = count;
	s->along_limit = limit;
}

void sqlite_count_along_end(struct sqlite *s)
{
	for (size_t i = 0; s->along && i < s->along_count; i++)
		if (s->along[i].rows < 0)
			count_one(s, &s->along[i], s->along_limit);
	s->along = NULL;
}
