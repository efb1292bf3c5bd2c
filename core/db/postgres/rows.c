#include "core/db/postgres/internal.h"

#include <string.h>

#include "core/base/embed.h"

/*
 * Rows that come from elsewhere are put in by COPY, as the server's own text of
 * each value. Who may set session_replication_role keeps triggers and foreign
 * keys out of it; for all others the triggers of people are disabled meanwhile,
 * and foreign keys deferred, one by one.
 */

static const char *const load_settings[] = {
	"SET LOCAL datestyle TO 'ISO, YMD'",
	"SET LOCAL intervalstyle TO 'postgres'",
	"SET LOCAL timezone TO 'UTC'",
	"SET LOCAL statement_timeout TO 0",
};

static int be_a_replica(struct pg *pg, struct error *err)
{
	struct error refused = { 0 };

	if (pg_run_sql(pg, "SAVEPOINT git_migrate_rows", err) < 0)
		return -1;
	if (pg_run_sql(pg, "SET LOCAL session_replication_role TO replica",
		       &refused) == 0)
		return 0;
	if (pg->lost) {
		*err = refused;
		return -1;
	}
	error_release(&refused);
	return pg_run_sql(pg, "ROLLBACK TO SAVEPOINT git_migrate_rows", err);
}

/* --- what would be in the way --------------------------------------------- */

static int take_pair(const char *const *values, int count, void *data)
{
	struct pg *pg = data;

	(void)count;
	pg->put_aside = talloc_asprintf_append(pg->put_aside, "%s\001",
					       values[0]);
	pg->put_back = talloc_asprintf_append(pg->put_back, "%s\001",
					      values[1]);
	return 0;
}

/* One by one: a pipeline takes no more at a time. */
static int run_list(struct pg *pg, char *list, struct error *err)
{
	for (char *end; (end = strchr(list, 1)) != NULL; list = end + 1) {
		*end = '\0';
		if (pg_run_sql(pg, list, err) < 0)
			return -1;
	}
	return 0;
}

static int put_aside(struct pg *pg, struct error *err)
{
	const struct pg_statement ask = {
		.sql = embed_text("core/db/postgres/rows/aside.sql"),
		.row = take_pair,
		.data = pg,
	};

	pg->put_aside = talloc_strdup(pg, "");
	pg->put_back = talloc_strdup(pg, "");
	if (be_a_replica(pg, err) < 0 || pg_run(pg, &ask, err) < 0 ||
	    run_list(pg, pg->put_aside, err) < 0)
		return -1;
	return pg_run_sql(pg, "SET CONSTRAINTS ALL DEFERRED", err);
}

/* Tables with checks that are still to come cannot be altered. */
static int put_back(struct pg *pg, struct error *err)
{
	if (!pg->put_back)
		return 0;
	if (pg_run_sql(pg, "SET CONSTRAINTS ALL IMMEDIATE", err) < 0)
		return -1;
	return run_list(pg, pg->put_back, err);
}

static int begin(struct db *db, enum db_rows_access access, struct error *err)
{
	struct pg *pg = pg_of(db);
	int result = 0;

	if (pg->transaction == PG_IDLE && pg_reset(pg, err) < 0)
		return -1;
	if (access == ROWS_READ) {
		if (pg_run_sql(pg, PG_BEGIN_LOOK, err) < 0 ||
		    pg_catalog_settings(pg, err) < 0)
			return -1;
		/* rows that a policy hides are an error then */
		return pg_run_sql(pg, "SET LOCAL row_security TO off", err);
	}
	if (pg_run_sql(pg, "BEGIN", err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(load_settings) / sizeof(*load_settings);
	     i++)
		if (pg_send_sql(pg, load_settings[i], err) < 0)
			return -1;
	if (access == ROWS_MAKE)
		result = pg_send_sql(pg, "SET CONSTRAINTS ALL IMMEDIATE", err);
	if (result == 0)
		result = pg_sync(pg, err);
	return result < 0 || access == ROWS_MAKE ? result : put_aside(pg, err);
}

static int end(struct db *db, bool keep, struct error *err)
{
	struct pg *pg = pg_of(db);
	bool done = keep && put_back(pg, err) == 0 &&
		    pg_run_sql(pg, "COMMIT", err) == 0;

	talloc_free(pg->put_aside);
	talloc_free(pg->put_back);
	pg->put_aside = pg->put_back = NULL;
	if (!done)
		pg_session_rollback(db);
	return keep && !done ? -1 : 0;
}

/* --- loading -------------------------------------------------------------- */

static char *copy_text(TALLOC_CTX *mem, const char *const *values, size_t count,
		       size_t rows, size_t *length)
{
	size_t room = 1;
	char *text, *o;

	for (size_t i = 0; i < rows * count; i++)
		room += values[i] ? 2 * strlen(values[i]) + 1 : 3;
	o = text = talloc_size(mem, room + rows);
	for (size_t i = 0; i < rows * count; i++) {
		if (!values[i])
			o = stpcpy(o, "\\N");
		for (const char *c = values[i] ? values[i] : ""; *c; c++) {
			const char *special = strchr("\\\\\nn\rr\tt", *c);

			if (special && (special - "\\\\\nn\rr\tt") % 2 == 0) {
				*o++ = '\\';
				*o++ = special[1];
			} else {
				*o++ = *c;
			}
		}
		*o++ = (i + 1) % count ? '\t' : '\n';
	}
	*length = (size_t)(o - text);
	return text;
}

static int set_counters(struct pg *pg, const struct db_table *table,
			struct error *err)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct db_column *c = &table->columns[i];
		const char *params[] = { c->counter };
		char *sql;
		struct pg_statement set = { .params = params,
					    .param_count = 1 };
		int result;

		if (!c->counter)
			continue;
		sql = talloc_asprintf(
			NULL,
			"SELECT pg_catalog.setval($1::pg_catalog.regclass, m) "
			"FROM (SELECT pg_catalog.max(%s)::bigint AS m "
			"FROM %s) s WHERE m >= 1",
			c->quoted, table->from);
		set.sql = sql;
		result = pg_run(pg, &set, err);
		talloc_free(sql);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int copy_in(struct pg *pg, TALLOC_CTX *mem, const struct db_table *table,
		   const size_t *columns, size_t count,
		   const char *const *values, size_t rows, struct error *err)
{
	struct pg_outcome outcome = { 0 };
	char *sql = talloc_asprintf(mem, "COPY %s (", table->into), *text;
	struct pg_statement copy = { .outcome = &outcome };
	size_t length;

	for (size_t c = 0; c < count; c++)
		sql = talloc_asprintf_append(sql, "%s%s", c ? ", " : "",
					     table->columns[columns[c]].quoted);
	copy.sql = talloc_asprintf_append(sql, ") FROM STDIN");
	text = copy_text(mem, values, count, rows, &length);
	return pg_copy_in(pg, &copy, text, length, err);
}

static int load(struct db *db, const struct db_table *table,
		const size_t *columns, size_t count, const char *const *values,
		size_t rows, struct error *err)
{
	struct pg *pg = pg_of(db);
	TALLOC_CTX *mem = talloc_new(NULL);
	int result = copy_in(pg, mem, table, columns, count, values, rows, err);

	if (result == 0)
		result = set_counters(pg, table, err);
	talloc_free(mem);
	return result;
}

/* --- values --------------------------------------------------------------- */

char *pg_value_form(TALLOC_CTX *mem, const struct db_column *column,
		    const char *plain)
{
	if (column->kind == DATUM_BYTES)
		return talloc_asprintf(mem, "\\x%s", plain);
	return talloc_strdup(mem, plain);
}

static char *literal(TALLOC_CTX *mem, const struct db_column *column,
		     const char *value)
{
	char *out = talloc_size(mem, 2 * strlen(value) + 5), *o = out;

	(void)column;
	if (strchr(value, '\\'))
		*o++ = 'E';
	*o++ = '\'';
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			*o++ = *value;
		*o++ = *value;
	}
	*o++ = '\'';
	*o = '\0';
	return out;
}

const struct db_rows pg_rows = {
	.begin = begin,
	.end = end,
	.tables = pg_tables,
	.run = pg_ask,
	.load = load,
	.form = pg_value_form,
	.literal = literal,
};
