#include "core/db/postgres/internal.h"

#include <string.h>

#include "core/sql/loss.h"

static int take_text(const char *const *values, int count, void *data)
{
	(void)count;
	*(char **)data = talloc_strdup(NULL, values[0]);
	return 0;
}

bool pg_widens(struct db *db, const struct loss *loss)
{
	char *name = pg_quote_relation(NULL, loss->table), *type = NULL;
	const char *params[] = { name, loss->name };
	const struct pg_statement ask = {
		.sql = "SELECT t.typname || coalesce(pg_catalog.substring("
		       "pg_catalog.format_type(a.atttypid, a.atttypmod), "
		       "'[(][0-9, ]+[)]'), '') "
		       "FROM pg_catalog.pg_attribute a "
		       "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
		       "WHERE a.attrelid = pg_catalog.to_regclass($1) "
		       "AND a.attname = $2 AND NOT a.attisdropped "
		       "AND t.typnamespace = "
		       "'pg_catalog'::pg_catalog.regnamespace",
		.params = params,
		.param_count = 2,
		.row = take_text,
		.data = &type,
	};
	struct error ignored = { 0 };
	bool widens = pg_run(pg_of(db), &ask, &ignored) == 0 && type &&
		      loss_type_widens(type, loss->to, SQL_POSTGRESQL);

	error_release(&ignored);
	talloc_free(type);
	talloc_free(name);
	return widens;
}
