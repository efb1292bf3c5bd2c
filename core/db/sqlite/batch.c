#include "core/db/sqlite/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/embed.h"
#include "core/sql/reader.h"

int sqlite_ask(struct db *db, const char *sql, db_row_fn row, void *data,
	       struct error *err)
{
	return sqlite_query(db, sql, NULL, 0, row, data, err);
}

/* A table's name as written, taken apart: schema is NULL when there is none. */
static void read_name(TALLOC_CTX *mem, const char *written, char **schema,
		      char **table)
{
	struct reader r;

	*schema = NULL;
	reader_start(&r, written, strlen(written), SQL_SQLITE);
	*table = reader_name(mem, &r);
	reader_advance(&r);
	if (!reader_accept_character(&r, '.'))
		return;
	*schema = *table;
	*table = reader_name(mem, &r);
}

struct found {
	TALLOC_CTX *mem;
	struct db_key *key;
};

static void add_column(struct found *found, const char *name)
{
	struct db_key *key = found->key;
	unsigned count = (unsigned)key->count + 1;
	char *quoted = sqlite_quote(found->mem, name);

	key->names = talloc_realloc(found->mem, key->names, const char *,
				    count);
	key->columns = talloc_realloc(found->mem, key->columns, const char *,
				      count);
	key->literals = talloc_realloc(found->mem, key->literals, const char *,
				       count);
	key->names[key->count] = talloc_strdup(found->mem, name);
	key->columns[key->count] = quoted;
	key->literals[key->count] = talloc_asprintf(found->mem, "quote(%s)",
						    quoted);
	key->count++;
}

static int take_column(const char *const *values, int count, void *data)
{
	struct found *found = data;

	(void)count;
	found->key->is_table = true;
	if (!values[0])
		return 0;
	add_column(found, values[0]);
	found->key->nullable |= *values[1] == '1';
	found->key->indexed &= *values[2] == '1';
	return 0;
}

int sqlite_key(TALLOC_CTX *mem, struct db *db, const char *table,
	       const char *column, struct db_key *key, struct error *err)
{
	struct found found = { mem, key };
	char *schema, *name;

	read_name(mem, table, &schema, &name);
	*key = (struct db_key){ .indexed = true };
	const char *const params[] = { name, schema ? schema : "main", column };

	return sqlite_query(db, embed_text("core/db/sqlite/key.sql"), params, 3,
			    take_column, &found, err);
}
