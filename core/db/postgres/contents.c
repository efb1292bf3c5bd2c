#include "core/db/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"

/* In a transaction of one snapshot, with the settings of pg_catalog_send(),
   on which the text of a row depends. */

struct table {
	char *name; /* as people write it */
	char *sql;
	int64_t rows;
	char *digest;
};

struct tables {
	TALLOC_CTX *mem;
	struct pg *pg;
	struct table **list;
	size_t count;
};

/* The sum of all rows' hashes does not depend on their order. */
static char *digest_sql(TALLOC_CTX *mem, const struct pg *pg,
			const char *schema, const char *name,
			const char *columns)
{
	bool extended = PQserverVersion(pg->conn) >= 110000;

	return talloc_asprintf(
		mem,
		"SELECT pg_catalog.count(*), coalesce(pg_catalog.sum("
		"pg_catalog.%s(ROW(%s)::text COLLATE \"C\"%s)::numeric), 0) "
		"FROM ONLY %s.%s t",
		extended ? "hashtextextended" : "hashtext",
		columns ? columns : "", extended ? ", 0" : "",
		pg_quote(mem, schema), pg_quote(mem, name));
}

static int take_table(const char *const *values, int count, void *data)
{
	struct tables *tables = data;
	struct table *t = talloc_zero(tables->mem, struct table);

	(void)count;
	t->name = !strcmp(values[0], "public")
			  ? talloc_strdup(t, values[1])
			  : talloc_asprintf(t, "%s.%s", values[0], values[1]);
	t->sql = digest_sql(t, tables->pg, values[0], values[1], values[2]);
	tables->list = talloc_realloc(tables->mem, tables->list, struct table *,
				      (unsigned)tables->count + 1);
	tables->list[tables->count++] = t;
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

int pg_contents_inside(TALLOC_CTX *mem, struct pg *pg,
		       struct db_contents **contents, struct error *err)
{
	struct tables tables = { .mem = talloc_new(NULL), .pg = pg };
	const struct pg_statement ask = {
		.sql = embed_text("core/db/postgres/contents.sql"),
		.row = take_table,
		.data = &tables,
	};
	/* rows that a policy hides are an error then, and not left out */
	int result = pg_run_sql(pg, "SET LOCAL row_security TO off", err);

	if (result == 0)
		result = pg_run(pg, &ask, err);
	for (size_t i = 0; result == 0 && i < tables.count; i++) {
		const struct pg_statement digest = {
			.sql = tables.list[i]->sql,
			.row = take_digest,
			.data = tables.list[i],
		};

		result = pg_run(pg, &digest, err);
	}
	*contents = contents_new(mem);
	for (size_t i = 0; result == 0 && i < tables.count; i++)
		contents_add(*contents, tables.list[i]->name,
			     tables.list[i]->rows, tables.list[i]->digest);
	contents_sort(*contents);
	talloc_free(tables.mem);
	return result;
}

int pg_contents(TALLOC_CTX *mem, struct db *db, struct db_contents **contents,
		struct error *err)
{
	struct pg *pg = pg_of(db);

	if ((pg->transaction == PG_IDLE && pg_reset(pg, err) < 0) ||
	    pg_run_sql(pg, PG_BEGIN_LOOK, err) < 0)
		return -1;
	if (pg_catalog_settings(pg, err) == 0 && pg_sync(pg, err) == 0 &&
	    pg_contents_inside(mem, pg, contents, err) == 0 &&
	    pg_run_sql(pg, "COMMIT", err) == 0)
		return 0;
	pg_session_rollback(db);
	return error_prefix(err, "unable to read the rows of '%s'", db->label);
}
