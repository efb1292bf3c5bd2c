#include "core/db/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"

struct found {
	TALLOC_CTX *mem;
	struct db_key *key;
};

static void append(TALLOC_CTX *mem, const char ***list, int count, char *text)
{
	*list = talloc_realloc(mem, *list, const char *, (unsigned)count + 1);
	(*list)[count] = text;
}

static int take_column(const char *const *values, int count, void *data)
{
	struct found *found = data;
	struct db_key *key = found->key;
	TALLOC_CTX *mem = found->mem;

	(void)count;
	key->is_table = true;
	if (!values[0])
		return 0;
	append(mem, &key->names, key->count, talloc_strdup(mem, values[0]));
	append(mem, &key->columns, key->count, talloc_strdup(mem, values[2]));
	append(mem, &key->literals, key->count, talloc_strdup(mem, values[3]));
	key->count++;
	key->nullable |= *values[1] != 't';
	key->indexed &= *values[4] == 't';
	return 0;
}

int pg_key(TALLOC_CTX *mem, struct db *db, const char *table,
	   const char *column, struct db_key *key, struct error *err)
{
	struct found found = { mem, key };
	const char *params[] = { table, column };
	const struct pg_statement look = {
		.sql = embed_text("core/db/postgres/key.sql"),
		.params = params,
		.param_count = 2,
		.row = take_column,
		.data = &found,
	};

	*key = (struct db_key){ .indexed = true };
	return pg_run(pg_of(db), &look, err);
}

int pg_ask(struct db *db, const char *sql, db_row_fn row, void *data,
	   struct error *err)
{
	struct pg *pg = pg_of(db);
	const struct pg_statement statement = {
		.sql = sql,
		.row = row,
		.data = data,
	};
	int result;

	if (pg->transaction != PG_STEP)
		return pg_run(pg, &statement, err);
	pg_row_wait_begin(pg, pg->script, NULL);
	result = pg_run(pg, &statement, err);
	return pg_row_wait_end(pg, result, err);
}

static int take_load(const char *const *values, int count, void *data)
{
	struct db_load *load = data;

	(void)count;
	load->lag_ms = values[0] ? strtoll(values[0], NULL, 10) : -1;
	load->waiting = values[1] ? atoi(values[1]) : 0;
	return 0;
}

int pg_load(struct db *db, struct db_load *load, struct error *err)
{
	*load = (struct db_load){ .lag_ms = -1 };
	return pg_session_query(db, embed_text("core/db/postgres/load.sql"),
				NULL, 0, take_load, load, err);
}
