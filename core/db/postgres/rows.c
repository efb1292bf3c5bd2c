#include "core/db/postgres/internal.h"

#include <string.h>

/*
 * Rows that come from elsewhere are put in by COPY, as the server's own text of
 * each value. Who may set session_replication_role keeps triggers and foreign
 * keys out of it; for all others the triggers of people are disabled meanwhile
 * one by one.
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
	return result < 0 || access == ROWS_MAKE ? result
						 : be_a_replica(pg, err);
}

static int end(struct db *db, bool keep, struct error *err)
{
	if (keep && pg_run_sql(pg_of(db), "COMMIT", err) == 0)
		return 0;
	pg_session_rollback(db);
	return keep ? -1 : 0;
}

/* --- loading -------------------------------------------------------------- */

struct triggers {
	TALLOC_CTX *mem;
	char *off, *on;
};

static int take_trigger(const char *const *values, int count, void *data)
{
	struct triggers *t = data;

	(void)count;
	t->off = talloc_asprintf_append(t->off, "ALTER TABLE %s DISABLE "
						"TRIGGER %s\001",
					values[0], values[1]);
	t->on = talloc_asprintf_append(t->on, "ALTER TABLE %s ENABLE %s "
					      "TRIGGER %s\001",
				       values[0], values[2], values[1]);
	return 0;
}

/* Those that would fire; nothing for one who is a replica. */
static int find_triggers(struct pg *pg, const struct db_table *table,
			 struct triggers *triggers, struct error *err)
{
	const char *params[] = { table->into };
	const struct pg_statement ask = {
		.sql = "SELECT t.tgrelid::pg_catalog.regclass, "
		       "pg_catalog.quote_ident(t.tgname), "
		       "CASE t.tgenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END "
		       "FROM pg_catalog.pg_trigger t "
		       "WHERE t.tgrelid = $1::pg_catalog.regclass "
		       "AND NOT t.tgisinternal AND (t.tgenabled = 'A' "
		       "OR t.tgenabled = 'O' AND pg_catalog.current_setting("
		       "'session_replication_role') <> 'replica')",
		.params = params,
		.param_count = 1,
		.row = take_trigger,
		.data = triggers,
	};

	triggers->off = talloc_strdup(triggers->mem, "");
	triggers->on = talloc_strdup(triggers->mem, "");
	return pg_run(pg, &ask, err);
}

/* A list of statements, one by one: a pipeline takes no more at a time. */
static int run_list(struct pg *pg, char *list, struct error *err)
{
	for (char *end; (end = strchr(list, 1)) != NULL; list = end + 1) {
		*end = '\0';
		if (pg_run_sql(pg, list, err) < 0)
			return -1;
	}
	return 0;
}

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
	struct triggers triggers = { .mem = talloc_new(NULL) };
	int result = find_triggers(pg, table, &triggers, err);

	if (result == 0)
		result = run_list(pg, triggers.off, err);
	if (result == 0)
		result = copy_in(pg, triggers.mem, table, columns, count,
				 values, rows, err);
	if (result == 0)
		result = run_list(pg, triggers.on, err);
	if (result == 0)
		result = set_counters(pg, table, err);
	talloc_free(triggers.mem);
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
