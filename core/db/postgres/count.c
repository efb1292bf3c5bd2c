#include "core/db/postgres/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"

static int take_count(const char *const *values, int count, void *data)
{
	struct db_count *counted = data;

	(void)count;
	counted->rows = values[0] ? strtoll(values[0], NULL, 10) : -1;
	counted->estimated = values[1] && *values[1] == 't';
	return 0;
}

static char *quote_table(const struct pg *pg, const char *table)
{
	if (db_is_own_table(table) && !strchr(table, '.'))
		return pg_qualify(NULL, pg->schema, table);
	return pg_quote_relation(NULL, table);
}

/*
 * A number is not worth a wait: what somebody has locked is not counted. But of
 * our own tables -1 says that there is none; and what has a transaction of its
 * own open is given its time there.
 */
static const char *patience(const char *table, bool within)
{
	return within || db_is_own_table(table) ? NULL : "50ms";
}

static int send(struct pg *pg, struct db_count *counts, size_t count,
		int64_t limit, bool within, struct error *err)
{
	char most[24];

	snprintf(most, sizeof(most), "%" PRId64, limit);
	for (size_t i = 0; i < count; i++) {
		const char *table = counts[i].table;
		char *name = quote_table(pg, table);
		char *whole = strchr(table, '.') ? pg_quote(name, table) : NULL;
		const char *params[] = { name, whole, most,
					 patience(table, within) };
		const struct pg_statement statement = {
			.sql = embed_text("core/db/postgres/count.sql"),
			.params = params,
			.param_count = 4,
			.keep = true,
			.minor = true,
			.row = take_count,
			.data = &counts[i],
		};
		int result;

		counts[i].rows = -1;
		counts[i].estimated = false;
		result = pg_send(pg, &statement, err);
		talloc_free(name);
		/* one that fails (no right to read it) fails alone */
		if (result < 0 || pg_mark(pg, err) < 0)
			return -1;
	}
	return 0;
}

int pg_count_send(struct pg *pg, struct db_count *counts, size_t count,
		  int64_t limit, struct error *err)
{
	return send(pg, counts, count, limit, false, err);
}

static int count_now(struct pg *pg, struct db_count *counts, size_t count,
		     int64_t limit, struct error *err)
{
	if (pg->transaction == PG_IDLE && !pg->inside && pg_reset(pg, err) < 0)
		return -1;
	if (send(pg, counts, count, limit, pg->inside, err) < 0)
		return -1;
	return pg_sync(pg, err);
}

int pg_count_rows(struct db *db, const char *table, int64_t limit,
		  int64_t *rows, bool *estimated, struct error *err)
{
	struct db_count count = { .table = table, .rows = -1 };
	int result = count_now(pg_of(db), &count, 1, limit, err);

	*rows = count.rows;
	*estimated = count.estimated;
	return result;
}

int pg_count_tables(struct db *db, struct db_count *counts, size_t count,
		    int64_t limit, struct error *err)
{
	return count_now(pg_of(db), counts, count, limit, err);
}

void pg_count_along(struct db *db, struct db_count *counts, size_t count,
		    int64_t limit)
{
	struct pg *pg = pg_of(db);

	for (size_t i = 0; i < count; i++) {
		counts[i].rows = -1;
		counts[i].estimated = false;
	}
	pg->along = counts;
	pg->along_count = count;
	pg->along_limit = limit;
}

static bool makes_first(const struct script *script, const char *table)
{
	return script_makes_table(script, script->statement_count > 0, table);
}

bool pg_count_is_needless(const struct script *script)
{
	for (size_t n = 0; n < script->statement_count; n++) {
		const struct statement *s = &script->statements[n];

		for (size_t i = 0; i < s->relation_count; i++)
			if (!script_makes_table(script, n + 1, s->relations[i]))
				return false;
	}
	return true;
}

int pg_count_send_before(struct pg *pg, const struct script *script,
			 struct error *err)
{
	size_t count = pg->along_count;

	pg->along_count = 0;
	for (size_t i = 0; i < count; i++)
		if (!makes_first(script, pg->along[i].table) &&
		    pg_count_send(pg, &pg->along[i], 1, pg->along_limit, err) <
			    0)
			return -1;
	return 0;
}

void pg_count_known_after(struct pg *pg)
{
	for (size_t i = 0; i < pg->along_count; i++)
		if (!pg_held_is_new_and_empty(pg, pg->along[i].table))
			return;
	for (size_t i = 0; i < pg->along_count; i++)
		pg->along[i].rows = 0;
	pg->along_count = 0;
}

int pg_count_send_after(struct pg *pg, struct error *err)
{
	size_t count = pg->along_count;

	pg->along_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (pg_held_is_new_and_empty(pg, pg->along[i].table))
			pg->along[i].rows = 0;
		else if (pg_count_send(pg, &pg->along[i], 1, pg->along_limit,
				       err) < 0)
			return -1;
	}
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
	columns->names[columns->count++] = talloc_strdup(columns->mem,
							 values[0]);
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
