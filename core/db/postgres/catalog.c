#include "core/db/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"

/*
 * The statements are in catalog/. They run in one transaction of one snapshot,
 * with the settings on which the server's spelling of a definition depends.
 */

static const char *const files[] = {
	"core/db/postgres/catalog/1-relations.sql",
	"core/db/postgres/catalog/2-routines.sql",
	"core/db/postgres/catalog/3-types.sql",
	"core/db/postgres/catalog/4-others.sql",
	"core/db/postgres/catalog/5-privileges.sql",
};

static const char *const settings[] = {
	"SET LOCAL search_path TO ''",
	"SET LOCAL datestyle TO 'ISO, YMD'",
	"SET LOCAL intervalstyle TO 'postgres'",
	"SET LOCAL timezone TO 'UTC'",
	"SET LOCAL extra_float_digits TO 1",
	"SET LOCAL bytea_output TO 'hex'",
	"SET LOCAL quote_all_identifiers TO off",
	"SET LOCAL row_security TO on",
	"SET LOCAL statement_timeout TO 0",
	"SET LOCAL jit TO off",
};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* The end of a group {{...}} whose text begins at `text`; groups nest. */
static const char *group_end(const char *text, const char *mark)
{
	int depth = 0;

	for (; *text; text++) {
		if (!depth && !strncmp(text, mark, 2))
			return text;
		if (!strncmp(text, "{{", 2)) {
			depth++;
			text++;
		} else if (depth && !strncmp(text, "}}", 2)) {
			depth--;
			text++;
		}
	}
	return text;
}

/* {{version this }{ else that}} by the server's version. */
static char *choose(TALLOC_CTX *mem, const char *text, size_t length,
		    int version)
{
	char *out = talloc_strndup(mem, text, length), *open;

	while ((open = strstr(out, "{{")) != NULL) {
		char *rest;
		long since = strtol(open + 2, &rest, 10);
		const char *middle = group_end(rest, "}{");
		const char *close = group_end(middle + 2, "}}");
		char *next = talloc_strndup(mem, out, (size_t)(open - out));

		if (version >= since)
			next = talloc_strndup_append_buffer(
				next, rest, (size_t)(middle - rest));
		else
			next = talloc_strndup_append_buffer(
				next, middle + 2, (size_t)(close - middle - 2));
		next = talloc_strdup_append_buffer(next, close + 2);
		talloc_free(out);
		out = next;
	}
	return out;
}

/* In one line, reversibly. */
static char *one_line(TALLOC_CTX *mem, const char *text)
{
	char *out = talloc_size(mem, 2 * strlen(text) + 1), *o = out;

	for (; *text; text++) {
		if (*text == '\n' || *text == '\r' || *text == '\t') {
			*o++ = '\\';
			*o++ = *text == '\n' ? 'n' : *text == '\r' ? 'r' : 't';
		} else {
			*o++ = *text;
		}
	}
	*o = '\0';
	return out;
}

static int take_object(const char *const *values, int count, void *data)
{
	struct catalog *catalog = data;
	const char *definition = values[2] ? values[2] : "";
	char *line = NULL;

	(void)count;
	if (strpbrk(definition, "\n\r\t"))
		definition = line = one_line(NULL, definition);
	catalog_add(catalog, values[0], values[1] ? values[1] : "", definition,
		    values[3] ? atoi(values[3]) : 0);
	if (line)
		catalog_set_source(catalog, values[2]);
	talloc_free(line);
	return 0;
}

int pg_catalog_send_file(struct pg *pg, const char *file, db_row_fn row,
			 void *data, struct error *err)
{
	const char *text = embed_text(file);
	int version = PQserverVersion(pg->conn), result = 0;

	while (result == 0 && *text) {
		const char *end = strstr(text, ";\n");
		struct pg_statement statement = {
			.keep = true,
			.row = row,
			.data = data,
		};
		char *sql;

		if (!end)
			break;
		sql = choose(NULL, text, (size_t)(end - text), version);
		statement.sql = sql;
		result = pg_send(pg, &statement, err);
		talloc_free(sql);
		text = end + 2;
	}
	return result;
}

int pg_catalog_settings(struct pg *pg, struct error *err)
{
	for (size_t i = 0; i < COUNT(settings); i++)
		if (pg_send_sql(pg, settings[i], err) < 0)
			return -1;
	return 0;
}

int pg_catalog_send(struct pg *pg, struct catalog *catalog, struct error *err)
{
	if (pg_catalog_settings(pg, err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(files); i++)
		if (pg_catalog_send_file(pg, files[i], take_object, catalog,
					 err) < 0)
			return -1;
	return 0;
}

static int send_all(struct pg *pg, struct catalog *catalog, struct error *err)
{
	if (pg_send_sql(pg, PG_BEGIN_LOOK, err) < 0 ||
	    pg_catalog_send(pg, catalog, err) < 0)
		return -1;
	return pg_send_sql(pg, "COMMIT", err);
}

int pg_catalog(TALLOC_CTX *mem, struct db *db, struct catalog **out,
	       struct error *err)
{
	struct pg *pg = pg_of(db);
	struct catalog *catalog;

	if (pg->transaction == PG_IDLE && pg_reset(pg, err) < 0)
		return -1;
	catalog = catalog_new(mem);
	if (send_all(pg, catalog, err) < 0 || pg_sync(pg, err) < 0) {
		pg_session_rollback(db);
		talloc_free(catalog);
		return error_prefix(err, "unable to read the catalog of '%s'",
				    db->label);
	}
	catalog_sort(catalog);
	*out = catalog;
	return 0;
}
