#include "core/db/contents.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

struct db_contents *contents_new(TALLOC_CTX *mem)
{
	return talloc_zero(mem, struct db_contents);
}

void contents_add(struct db_contents *contents, const char *table, int64_t rows,
		  const char *digest)
{
	struct db_content *c;

	if (contents->count == contents->room) {
		contents->room = contents->room ? 2 * contents->room : 16;
		contents->tables = talloc_realloc(contents, contents->tables,
						  struct db_content,
						  (unsigned)contents->room);
	}
	c = &contents->tables[contents->count++];
	c->table = talloc_strdup(contents, table);
	c->rows = rows;
	c->digest = talloc_strdup(contents, digest);
}

static int by_table(const void *a, const void *b)
{
	return strcmp(((const struct db_content *)a)->table,
		      ((const struct db_content *)b)->table);
}

void contents_sort(struct db_contents *contents)
{
	if (contents->count)
		qsort(contents->tables, contents->count,
		      sizeof(*contents->tables), by_table);
}

int64_t contents_rows(const struct db_contents *contents)
{
	int64_t rows = 0;

	for (size_t i = 0; i < contents->count; i++)
		rows += contents->tables[i].rows;
	return rows;
}

char *contents_text(TALLOC_CTX *mem, const struct db_contents *contents)
{
	json_t *list = json_array();
	char *text, *copy;

	for (size_t i = 0; i < contents->count; i++) {
		const struct db_content *c = &contents->tables[i];
		char *name = text_visible(NULL, c->table, false);

		json_array_append_new(list, json_pack("{s:s, s:I, s:s}",
						      "table", name, "rows",
						      (json_int_t)c->rows,
						      "digest", c->digest));
		talloc_free(name);
	}
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	copy = talloc_strdup(mem, text);
	free(text);
	return copy;
}

int contents_parse(TALLOC_CTX *mem, const char *text,
		   struct db_contents **contents, struct error *err)
{
	json_t *list = json_loads(text, 0, NULL), *item;
	size_t i;

	*contents = contents_new(mem);
	if (!json_is_array(list)) {
		json_decref(list);
		return error_set(err, ERROR_FAILED,
				 "what a backup has is recorded in a form that "
				 "cannot be read");
	}
	json_array_foreach (list, i, item) {
		const char *table =
			json_string_value(json_object_get(item, "table"));
		const char *digest =
			json_string_value(json_object_get(item, "digest"));
		const json_t *rows = json_object_get(item, "rows");

		contents_add(*contents, table ? table : "",
			     json_integer_value(rows), digest ? digest : "");
	}
	json_decref(list);
	contents_sort(*contents);
	return 0;
}

static void add_line(char **lines, char *line)
{
	*lines = *lines ? talloc_asprintf_append(*lines, "\n%s", line)
			: talloc_strdup(NULL, line);
	talloc_free(line);
}

static char *count_text(int64_t rows)
{
	char *number = text_thousands(NULL, rows);
	char *text = talloc_asprintf(NULL, "%s row%s", number,
				     rows == 1 ? "" : "s");

	talloc_free(number);
	return text;
}

static void compare_table(char **lines, const struct db_content *expected,
			  const struct db_content *found)
{
	char *before = count_text(expected->rows);
	char *after = count_text(found->rows);

	if (expected->rows != found->rows)
		add_line(lines,
			 talloc_asprintf(NULL,
					 "table %s has %s, the database had %s",
					 expected->table, after, before));
	else if (strcmp(expected->digest, found->digest) != 0)
		add_line(lines,
			 talloc_asprintf(NULL,
					 "table %s has %s as the database had, "
					 "but not the same ones",
					 expected->table, after));
	talloc_free(before);
	talloc_free(after);
}

char *contents_compare(TALLOC_CTX *mem, const struct db_contents *expected,
		       const struct db_contents *found)
{
	char *lines = NULL;
	size_t i = 0, k = 0;

	while (i < expected->count || k < found->count) {
		const struct db_content *e = &expected->tables[i];
		const struct db_content *f = &found->tables[k];
		int order = i == expected->count ? 1
			    : k == found->count	 ? -1
						 : strcmp(e->table, f->table);

		if (order < 0)
			add_line(&lines,
				 talloc_asprintf(NULL, "table %s is missing",
						 e->table));
		else if (order > 0)
			add_line(&lines,
				 talloc_asprintf(NULL,
						 "table %s was not in the "
						 "database",
						 f->table));
		else
			compare_table(&lines, e, f);
		i += order <= 0;
		k += order >= 0;
	}
	return talloc_steal(mem, lines);
}
