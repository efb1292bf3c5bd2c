#include "core/db/sqlite/internal.h"

#include <string.h>

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

/*
 * An upper limit that costs nothing: the highest row number, and how many
 * rows the whole file could hold at most. *estimate is -1 when neither of
 * them nor the statistics say more than that the table is large.
 */
static int limits(TALLOC_CTX *mem, struct sqlite *s, const char *table,
		  const char *from, int64_t *most, int64_t *estimate,
		  struct error *err)
{
	int64_t pages, page_size, top;

	if (number_of(mem, s, "page_count", "pragma_page_count", &pages, err) <
		    0 ||
	    number_of(mem, s, "page_size", "pragma_page_size", &page_size,
		      err) < 0 ||
	    number_of(mem, s, "max(rowid)", from, &top, err) < 0)
		return -1;
	*most = pages * page_size / LEAST_ROW_BYTES;
	if (top > *most) /* numbers with gaps say nothing */
		return from_statistics(s, table, estimate, err);
	*most = *estimate = top;
	return 0;
}

int sqlite_count_rows(struct db *db, const char *table, int64_t limit,
		      int64_t *rows, bool *estimated, struct error *err)
{
	struct sqlite *s = sqlite_of(db);
	TALLOC_CTX *mem = talloc_new(NULL);
	const char *schema;
	char *from = quoted(mem, s, table, &schema);
	int64_t most = 0, estimate = -1;
	struct shape shape;
	int result = 0;

	*rows = -1;
	*estimated = false;
	if (!from)
		goto out;
	result = read_shape(s, schema, table, &shape, err);
	if (result < 0 || shape.is_virtual)
		goto out;
	/* a negative row number makes the highest one no limit; nobody uses
	   them for large tables */
	if (!shape.without_rowid)
		result = limits(mem, s, table, from, &most, &estimate, err);
	if (result < 0)
		goto out;
	if (most > limit && estimate > limit) {
		*rows = estimate;
		*estimated = true;
	} else {
		result = number_of(mem, s, "count(*)", from, rows, err);
	}
out:
	talloc_free(mem);
	return result;
}
