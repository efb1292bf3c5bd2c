#include "core/db/mysql/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"

/*
 * The statements are in catalog/. They run on the connection that no script
 * touches, so that the spelling of definitions depends on no setting of one.
 */

static const char *const files[] = {
	"core/db/mysql/catalog/1-tables.sql",
	"core/db/mysql/catalog/2-code.sql",
	"core/db/mysql/catalog/3-privileges.sql",
};

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
	char *line = one_line(NULL, values[2] ? values[2] : "");

	(void)count;
	catalog_add(catalog, values[0], values[1] ? values[1] : "", line,
		    values[3] ? atoi(values[3]) : 0);
	talloc_free(line);
	return 0;
}

/* Whether words stand in the line of comment right above a statement. */
static bool says(const char *text, size_t length, const char *words)
{
	const char *select = memmem(text, length, "\nSELECT", 7);
	size_t end = select ? (size_t)(select - text) : 0, from = end;

	while (from && text[from - 1] != '\n')
		from--;
	return memmem(text + from, end - from, words, strlen(words)) != NULL;
}

static int read_statement(struct my *my, const char *text, size_t length,
			  struct catalog *catalog, struct error *err)
{
	struct error problem = { 0 };
	bool optional = says(text, length, "optional");

	if (says(text, length,
		 my_is_mariadb(my) ? "only mysql" : "only mariadb"))
		return 0;
	if (my_run(&my->side, text, length, take_object, catalog, NULL,
		   optional ? &problem : err) == 0)
		return 0;
	if (!optional)
		return -1;
	if (problem.code == ERROR_SQL) {
		error_release(&problem);
		return 0;
	}
	*err = problem;
	return -1;
}

static int read_file(struct my *my, const char *text, struct catalog *catalog,
		     struct error *err)
{
	const char *end;

	for (; (end = strstr(text, ";\n\n")) != NULL; text = end + 3)
		if (read_statement(my, text, (size_t)(end - text), catalog,
				   err) < 0)
			return -1;
	return 0;
}

/* --- sequences ------------------------------------------------------------ */

struct names {
	TALLOC_CTX *mem;
	char **list;
	size_t count;
};

static int take_name(const char *const *values, int count, void *data)
{
	struct names *names = data;

	(void)count;
	names->list = talloc_realloc(names->mem, names->list, char *,
				     (unsigned)names->count + 1);
	names->list[names->count++] = talloc_strdup(names->list, values[0]);
	return 0;
}

/* Each tells about itself, and only it does. */
static int read_sequence(struct my *my, const char *name,
			 struct catalog *catalog, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *sql = talloc_asprintf(
		mem,
		"SELECT 'sequence', $1, concat('start ', start_value, "
		"' increment ', increment, ' minimum ', minimum_value, "
		"' maximum ', maximum_value, ' cache ', cache_size, "
		"IF(cycle_option, ' cycle', '')), 0 FROM %s",
		my_quote(mem, name));
	const char *params[] = { name };
	int result = my_query(&my->side, sql, params, 1, take_object, catalog,
			      err);

	talloc_free(mem);
	return result;
}

static int read_sequences(struct my *my, struct catalog *catalog,
			  struct error *err)
{
	static const char sql[] = "SELECT TABLE_NAME FROM "
				  "information_schema.TABLES "
				  "WHERE TABLE_SCHEMA = DATABASE() "
				  "AND TABLE_TYPE = 'SEQUENCE'";
	struct names names = { .mem = talloc_new(NULL) };
	int result = my_run(&my->side, sql, sizeof(sql) - 1, take_name, &names,
			    NULL, err);

	for (size_t i = 0; result == 0 && i < names.count; i++)
		result = read_sequence(my, names.list[i], catalog, err);
	talloc_free(names.mem);
	return result;
}

int my_catalog(TALLOC_CTX *mem, struct db *db, struct catalog **out,
	       struct error *err)
{
	struct my *my = my_of(db);
	struct catalog *catalog = catalog_new(mem);
	struct my_conn *side;
	int result = my_side(my, &side, err);

	for (size_t i = 0; result == 0 && i < sizeof(files) / sizeof(*files);
	     i++)
		result = read_file(my, embed_text(files[i]), catalog, err);
	if (result == 0)
		result = read_sequences(my, catalog, err);
	if (result < 0) {
		talloc_free(catalog);
		return error_prefix(err, "unable to read the catalog of '%s'",
				    db->label);
	}
	catalog_sort(catalog);
	*out = catalog;
	return 0;
}
