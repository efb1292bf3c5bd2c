#include "core/db/postgres/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"

/*
 * A table is counted in one round trip, several in one together; those with
 * partitions or children take a second one.
 */
struct counted {
	int64_t rows;
	bool estimated;
	bool has_parts;
};

static int take_count(const char *const *values, int count, void *data)
{
	struct counted *counted = data;

	(void)count;
	counted->rows = values[0] ? strtoll(values[0], NULL, 10) : -1;
	counted->estimated = values[1] && *values[1] == 't';
	counted->has_parts = values[2] && *values[2] == 't';
	return 0;
}

static int send_count(struct pg *pg, const char *file, const char *table,
		      int64_t limit, struct counted *counted,
		      struct error *err)
{
	char most[24];
	char *name = pg_quote_relation(NULL, table);
	char *whole = strchr(table, '.') ? pg_quote(name, table) : NULL;
	const char *params[] = { name, whole, most };
	const struct pg_statement statement = {
		.sql = embed_text(file),
		.params = params,
		.param_count = 3,
		.keep = true,
		.row = take_count,
		.data = counted,
	};
	int result;

	*counted = (struct counted){ .rows = -1 };
	snprintf(most, sizeof(most), "%" PRId64, limit);
	result = pg_send(pg, &statement, err);
	talloc_free(name);
	/* one that fails (no right to read it) fails alone */
	return result < 0 ? -1 : pg_mark(pg, err);
}

static int count_round(struct pg *pg, int round, const char *const *tables,
		       size_t count, int64_t limit, struct counted *counted,
		       struct error *err)
{
	static const char *const files[] = {
		"core/db/postgres/count.sql",
		"core/db/postgres/count-tree.sql",
	};
	size_t sent = 0;

	for (size_t i = 0; i < count; i++) {
		if (round > 0 && !counted[i].has_parts)
			continue;
		if (send_count(pg, files[round], tables[i], limit, &counted[i],
			       err) < 0)
			return -1;
		sent++;
	}
	return sent ? pg_sync(pg, err) : 0;
}

/* Rows are -1 where a table could not be counted; the last such failure is
   the error. */
static int count_all(struct pg *pg, const char *const *tables, size_t count,
		     int64_t limit, struct counted *counted, struct error *err)
{
	int first, second;

	if (pg->transaction == PG_IDLE && !pg->inside && pg_reset(pg, err) < 0)
		return -1;
	first = count_round(pg, 0, tables, count, limit, counted, err);
	if (pg->lost)
		return -1;
	second = count_round(pg, 1, tables, count, limit, counted, err);
	return first < 0 ? first : second;
}

int pg_count_rows(struct db *db, const char *table, int64_t limit,
		  int64_t *rows, bool *estimated, struct error *err)
{
	struct counted counted = { .rows = -1 };
	int result = count_all(pg_of(db), &table, 1, limit, &counted, err);

	*rows = counted.rows;
	*estimated = counted.estimated;
	return result;
}

int pg_count_tables(struct db *db, const char *const *tables, size_t count,
		    int64_t limit, int64_t *rows, bool *estimated,
		    struct error *err)
{
	struct pg *pg = pg_of(db);
	struct error ignored = { 0 };
	struct counted *counted =
		talloc_zero_array(NULL, struct counted, (unsigned)count + 1);
	int result = count_all(pg, tables, count, limit, counted, &ignored);

	for (size_t i = 0; i < count; i++) {
		rows[i] = counted[i].rows;
		estimated[i] = counted[i].estimated;
	}
	talloc_free(counted);
	error_release(&ignored);
	if (result < 0 && (pg->lost || pg->interrupted))
		return pg_failure_lost(pg, err);
	return 0;
}

struct columns {
	TALLOC_CTX *mem;
	char **names;
	size_t count;
};

static int take_column(const char *const *values, int count, void *data)
{
	struct columns *columns = data;

	(void)count;
	columns->names = talloc_realloc(columns->mem, columns->names, char *,
					(unsigned)columns->count + 1);
	columns->names[columns->count++] =
		talloc_strdup(columns->mem, values[0]);
	return 0;
}

int pg_definition(TALLOC_CTX *mem, struct db *db, const char *table,
		  char ***statements, size_t *count, struct error *err)
{
	char *name = pg_quote_relation(NULL, table);
	char *whole = pg_quote(name, table);
	const char *params[] = { name, whole };
	struct columns columns = { .mem = mem };
	const struct pg_statement statement = {
		.sql = "SELECT a.attname FROM pg_catalog.pg_attribute a "
		       "WHERE a.attrelid = coalesce("
		       "pg_catalog.to_regclass($1), "
		       "pg_catalog.to_regclass($2)) "
		       "AND a.attnum > 0 AND NOT a.attisdropped "
		       "ORDER BY a.attnum",
		.params = params,
		.param_count = 2,
		.row = take_column,
		.data = &columns,
	};
	int result = pg_run(pg_of(db), &statement, err);

	talloc_free(name);
	*statements = columns.names;
	*count = columns.count;
	return result;
}
