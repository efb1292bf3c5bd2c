#include "core/db/tables.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/db/db.h"

struct db_tables *db_tables_new(TALLOC_CTX *mem)
{
	return talloc_zero(mem, struct db_tables);
}

/* One more zeroed element at the end of a list. */
#define APPEND(mem, list, count, type)                                         \
	((list) = talloc_realloc(mem, list, type, (unsigned)(count) + 1),      \
	 memset(&(list)[count], 0, sizeof(type)), &(list)[(count)++])

struct db_table *db_tables_add(struct db_tables *tables)
{
	return APPEND(tables, tables->list, tables->count, struct db_table);
}

struct db_column *db_table_add_column(struct db_tables *tables,
				      struct db_table *table)
{
	return APPEND(tables, table->columns, table->column_count,
		      struct db_column);
}

/* The numbers of the columns in such a list; NULL when one is missing. */
static size_t *numbers(struct db_tables *tables, const struct db_table *table,
		       const char *names, size_t *count)
{
	size_t *list = NULL;

	*count = 0;
	while (*names) {
		size_t length = strcspn(names, "\001");
		char *name = talloc_strndup(NULL, names, length);
		size_t column = db_table_column(table, name);

		talloc_free(name);
		if (column == NO_COLUMN) {
			talloc_free(list);
			return NULL;
		}
		list = talloc_realloc(tables, list, size_t,
				      (unsigned)*count + 1);
		list[(*count)++] = column;
		names += length + (names[length] != '\0');
	}
	return list;
}

bool db_table_add_unique(struct db_tables *tables, struct db_table *table,
			 const char *names, bool primary)
{
	size_t count;
	size_t *columns = numbers(tables, table, names, &count);
	struct db_unique *u;

	if (!columns)
		return false;
	u = APPEND(tables, table->uniques, table->unique_count,
		   struct db_unique);
	u->columns = columns;
	u->count = count;
	u->primary = primary;
	return true;
}

bool db_table_add_reference(struct db_tables *tables, struct db_table *table,
			    const char *name, const char *names,
			    struct db_table *parent, const char *parents)
{
	size_t count, other;
	size_t *columns = numbers(tables, table, names, &count);
	size_t *theirs = numbers(tables, parent, parents, &other);
	struct db_reference *r;

	if (!columns || !theirs || count != other)
		return false;
	r = APPEND(tables, table->references, table->reference_count,
		   struct db_reference);
	r->name = talloc_strdup(tables, name);
	r->columns = columns;
	r->parents = theirs;
	r->count = count;
	r->table = (size_t)(parent - tables->list);
	return true;
}

void db_table_add_rule(struct db_tables *tables, struct db_table *table,
		       struct db_rule rule)
{
	struct db_rule *r = APPEND(tables, table->rules, table->rule_count,
				   struct db_rule);

	*r = rule;
}

void db_column_set_labels(struct db_tables *tables, struct db_column *column,
			  const char *labels)
{
	while (labels && *labels) {
		size_t length = strcspn(labels, "\001");
		const char **label = APPEND(tables, column->labels,
					    column->label_count, const char *);

		*label = talloc_strndup(tables, labels, length);
		labels += length + (labels[length] != '\0');
	}
}

static int primary_first(const void *a, const void *b)
{
	const struct db_unique *x = a, *y = b;

	if (x->primary != y->primary)
		return x->primary ? -1 : 1;
	return (x->count > y->count) - (x->count < y->count);
}

/* A text that has to be JSON: MariaDB has no other. */
static void find_json(struct db_table *t)
{
	for (size_t i = 0; i < t->rule_count; i++)
		for (size_t c = 0; c < t->column_count; c++) {
			struct db_column *column = &t->columns[c];
			const char *text = strcasestr(t->rules[i].text,
						      "json_valid(");
			size_t length = strlen(column->name);

			if (!text || column->kind != DATUM_TEXT)
				continue;
			text += strlen("json_valid(");
			text += strspn(text, "`\"");
			if (!strncasecmp(text, column->name, length) &&
			    strchr(")`\"", text[length]))
				column->kind = DATUM_JSON;
		}
}

void db_tables_finish(struct db_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++) {
		struct db_table *t = &tables->list[i];

		find_json(t);
		if (t->unique_count)
			qsort(t->uniques, t->unique_count, sizeof(*t->uniques),
			      primary_first);
	}
}

/* --- finding -------------------------------------------------------------- */

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static bool has_part(const struct db_table *t, const char *name)
{
	for (size_t i = 0; i < t->part_count; i++)
		if (!strcmp(t->parts[i], name) ||
		    !strcmp(last_part(t->parts[i]), name))
			return true;
	return false;
}

struct db_table *db_tables_find(const struct db_tables *tables,
				const char *name)
{
	const char *last = last_part(name);
	struct db_table *found = NULL;

	for (size_t i = 0; i < tables->count; i++)
		if (!strcmp(tables->list[i].name, name))
			return &tables->list[i];
	for (size_t i = 0; i < tables->count && !found; i++)
		if (!strcmp(last_part(tables->list[i].name), last) ||
		    has_part(&tables->list[i], name) ||
		    has_part(&tables->list[i], last))
			found = &tables->list[i];
	for (size_t i = 0; i < tables->count && !found; i++)
		if (!strcasecmp(last_part(tables->list[i].name), last))
			found = &tables->list[i];
	return found;
}

size_t db_table_column(const struct db_table *table, const char *name)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (!strcmp(table->columns[i].name, name))
			return i;
	for (size_t i = 0; i < table->column_count; i++)
		if (!strcasecmp(table->columns[i].name, name))
			return i;
	return NO_COLUMN;
}

const struct db_unique *db_table_key(const struct db_table *table)
{
	for (size_t i = 0; i < table->unique_count; i++) {
		const struct db_unique *u = &table->uniques[i];
		size_t k = 0;

		while (k < u->count && table->columns[u->columns[k]].not_null)
			k++;
		if (k == u->count)
			return u;
	}
	return NULL;
}

bool datum_is_bare(enum datum_kind kind)
{
	return kind == DATUM_INTEGER || kind == DATUM_NUMBER ||
	       kind == DATUM_FLOAT || kind == DATUM_BOOLEAN ||
	       kind == DATUM_YEAR;
}

/* --- statements ----------------------------------------------------------- */

static int take_count(const char *const *values, int count, void *data)
{
	struct db_tables *tables = data;
	size_t i = (size_t)strtoull(values[0], NULL, 10);

	(void)count;
	if (i < tables->count)
		tables->list[i].rows = strtoll(values[1], NULL, 10);
	return 0;
}

/* SQLite takes 500 parts of a UNION. */
#define COUNTS_AT_ONCE 200

int db_tables_count(struct db *db, struct db_tables *tables, struct error *err)
{
	for (size_t from = 0; from < tables->count; from += COUNTS_AT_ONCE) {
		char *sql = talloc_strdup(NULL, "");
		int result;

		for (size_t i = from;
		     i < tables->count && i < from + COUNTS_AT_ONCE; i++)
			sql = talloc_asprintf_append_buffer(
				sql, "%sSELECT %zu, count(*) FROM %s",
				i > from ? " UNION ALL " : "", i,
				tables->list[i].from);
		result = db->engine->rows->run(db, sql, take_count, tables,
					       err);
		talloc_free(sql);
		if (result < 0)
			return -1;
	}
	return 0;
}

char *db_insert_sql(TALLOC_CTX *mem, const struct db *db,
		    const struct db_table *table, const size_t *columns,
		    size_t count, const char *const *values, size_t rows)
{
	const struct db_rows *engine = db->engine->rows;
	char *sql = talloc_asprintf(mem, "INSERT INTO %s (", table->into);

	for (size_t c = 0; c < count; c++)
		sql = talloc_asprintf_append_buffer(
			sql, "%s%s", c ? ", " : "",
			table->columns[columns[c]].quoted);
	sql = talloc_strdup_append_buffer(sql, ") VALUES ");
	for (size_t r = 0; r < rows; r++) {
		sql = talloc_strdup_append_buffer(sql, r ? ", (" : "(");
		for (size_t c = 0; c < count; c++) {
			const char *value = values[r * count + c];
			char *literal =
				value ? engine->literal(
						NULL,
						&table->columns[columns[c]],
						value)
				      : NULL;

			/* a counter gets its number */
			if (!literal)
				literal = talloc_strdup(
					NULL,
					table->columns[columns[c]].counted &&
							db->engine->dialect !=
								SQL_SQLITE
						? "DEFAULT"
						: "NULL");
			sql = talloc_asprintf_append_buffer(
				sql, "%s%s", c ? ", " : "", literal);
			talloc_free(literal);
		}
		sql = talloc_strdup_append_buffer(sql, ")");
	}
	return sql;
}
