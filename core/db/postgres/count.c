#include "core/db/postgres/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"

struct counted {
	int64_t *rows;
	bool *estimated;
};

static int take_count(const char *const *values, int count, void *data)
{
	struct counted *counted = data;

	(void)count;
	*counted->rows = values[0] ? strtoll(values[0], NULL, 10) : -1;
	*counted->estimated = values[1] && *values[1] == 't';
	return 0;
}

static int send_count(struct pg *pg, const char *table, int64_t limit,
		      struct counted *counted, struct error *err)
{
	char most[24];
	char *name = pg_quote_relation(NULL, table);
	char *whole = pg_quote(name, table);
	const char *params[] = { name, whole, most };
	const struct pg_statement statement = {
		.sql = embed_text("core/db/postgres/count.sql"),
		.params = params,
		.param_count = 3,
		.keep = true,
		.row = take_count,
		.data = counted,
	};
	int result;

	*counted->rows = -1;
	*counted->estimated = false;
	snprintf(most, sizeof(most), "%" PRId64, limit);
	result = pg_send(pg, &statement, err);
	talloc_free(name);
	return result;
}

int pg_count_rows(struct db *db, const char *table, int64_t limit,
		  int64_t *rows, bool *estimated, struct error *err)
{
	struct counted counted = { rows, estimated };

	if (send_count(pg_of(db), table, limit, &counted, err) < 0)
		return -1;
	return pg_sync(pg_of(db), err);
}

int pg_count_tables(struct db *db, const char *const *tables, size_t count,
		    int64_t limit, int64_t *rows, bool *estimated)
{
	struct pg *pg = pg_of(db);
	struct error ignored = { 0 };
	struct counted *counted =
		talloc_array(NULL, struct counted, (unsigned)count + 1);
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++) {
		counted[i] = (struct counted){ &rows[i], &estimated[i] };
		result = send_count(pg, tables[i], limit, &counted[i],
				    &ignored);
		/* one that fails (no right to read it) fails alone */
		if (result == 0)
			result = pg_mark(pg, &ignored);
	}
	if (result == 0)
		pg_sync(pg, &ignored);
	if (pg->lost)
		result = -1;
	error_release(&ignored);
	talloc_free(counted);
	return result;
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
