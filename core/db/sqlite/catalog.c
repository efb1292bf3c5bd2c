#include "core/db/sqlite/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/sql/reader.h"
#include "core/sql/table.h"

/* What sqlite_schema says, before it is written in one form. */
struct schema_object {
	const char *type, *name, *table, *sql;
	bool is_virtual;
};

struct schema_column {
	const char *table, *name, *type, *fallback;
	bool not_null;
	int hidden; /* 2: generated, 3: generated and stored */
	int position;
};

struct schema {
	struct schema_object *objects;
	size_t object_count;
	struct schema_column *columns; /* ordered by table */
	size_t column_count;
	struct known_names *names;
};

/* --- reading -------------------------------------------------------------- */

static char *copy(TALLOC_CTX *mem, const char *text)
{
	return text ? talloc_strdup(mem, text) : NULL;
}

/* Lists double: one is full whenever its count is a power of two. */
static unsigned room_for(size_t count)
{
	return count & (count - 1) ? 0 : count ? 2 * (unsigned)count : 1;
}

static bool is_left_out(const char *name, const char *table)
{
	return !strncmp(name, "sqlite_", 7) || db_is_own_table(table);
}

static int take_object(const char *const *v, int count, void *data)
{
	struct schema *schema = data;
	unsigned room = room_for(schema->object_count);

	(void)count;
	if (is_left_out(v[1], v[2]))
		return 0;
	if (room)
		schema->objects = talloc_realloc(schema, schema->objects,
						 struct schema_object, room);
	schema->objects[schema->object_count++] = (struct schema_object){
		.type = copy(schema, v[0]),
		.name = copy(schema, v[1]),
		.table = copy(schema, v[2]),
		.sql = copy(schema, v[3]),
		.is_virtual = !strcmp(v[0], "table") && !strcmp(v[4], "0"),
	};
	names_add(schema->names, v[1]);
	return 0;
}

static int take_column(const char *const *v, int count, void *data)
{
	struct schema *schema = data;
	unsigned room = room_for(schema->column_count);

	(void)count;
	if (is_left_out(v[0], v[0]))
		return 0;
	if (room)
		schema->columns = talloc_realloc(schema, schema->columns,
						 struct schema_column, room);
	schema->columns[schema->column_count++] = (struct schema_column){
		.table = copy(schema, v[0]),
		.name = copy(schema, v[1]),
		.type = copy(schema, v[2]),
		.not_null = !strcmp(v[3], "1"),
		.fallback = copy(schema, v[4]),
		.hidden = atoi(v[5]),
		.position = atoi(v[6]),
	};
	names_add(schema->names, v[1]);
	return 0;
}

/* --- writing -------------------------------------------------------------- */

struct writer {
	const struct schema *schema;
	struct catalog *catalog;
	TALLOC_CTX *turn;		 /* for one object */
	const struct known_names *names; /* that this object can mean */
};

/* The first of the table's columns, which stand together. */
static size_t first_column(const struct schema *schema, const char *table)
{
	size_t low = 0, high = schema->column_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(schema->columns[middle].table, table) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* In double quotes, any other name than these would be a string. */
static struct known_names *own_names(struct writer *w, const char *table)
{
	const struct schema *schema = w->schema;
	struct known_names *names = names_new(w->turn);

	names_add(names, table);
	for (size_t i = first_column(schema, table);
	     i < schema->column_count &&
	     !strcmp(schema->columns[i].table, table);
	     i++)
		names_add(names, schema->columns[i].name);
	return names;
}

static char *normal(struct writer *w, const char *text)
{
	return sqlite_normal(w->turn, w->names, text, strlen(text));
}

static void add(struct writer *w, const char *kind, const char *table,
		const char *name, const char *definition, int position)
{
	if (table)
		name = talloc_asprintf(w->turn, "%s.%s", table, name);
	catalog_add(w->catalog, kind, name, definition, position);
}

/* Named ones are called so; others are what they say. */
static void add_constraint(struct writer *w, const char *table,
			   const char *column, const struct table_rule *rule)
{
	char *text = sqlite_constraint(w->turn, w->names, column, rule);
	const char *name = rule->name, *end;

	if (!name && rule->kind == RULE_PRIMARY_KEY) {
		name = "primary key";
	} else if (!name) {
		end = rule->kind == RULE_CHECK ? NULL : strchr(text, ')');
		name = end ? talloc_strndup(w->turn, text,
					    (size_t)(end - text) + 1)
			   : text;
	}
	add(w, "constraint", table, name, text, 0);
}

/* ON CONFLICT after NOT NULL: "not null on conflict ignore". */
static char *not_null_text(struct writer *w, const struct table_column *text)
{
	const struct table_rule *rule = text ? table_rule(text, RULE_NOT_NULL)
					     : NULL;

	if (!rule)
		return talloc_strdup(w->turn, " not null");
	return talloc_asprintf(
		w->turn, " %s",
		sqlite_constraint(w->turn, w->names, NULL, rule));
}

static char *generated_text(struct writer *w, const struct schema_column *c,
			    const struct table_column *text)
{
	const struct table_rule *rule = text ? table_rule(text, RULE_GENERATED)
					     : NULL;
	const char *expression = rule ? strchr(rule->text, '(') : NULL;
	struct reader r;

	if (!expression)
		return talloc_strdup(w->turn, " generated");
	reader_start(&r, expression, strlen(expression), SQL_SQLITE);
	reader_skip_group(&r);
	return talloc_asprintf(
		w->turn, " as %s %s",
		sqlite_normal(w->turn, w->names, expression, r.end),
		c->hidden == 3 ? "stored" : "virtual");
}

static void add_column(struct writer *w, const struct schema_column *c,
		       const struct table_column *text)
{
	const struct table_rule *collate = text ? table_rule(text, RULE_COLLATE)
						: NULL;
	char *out = normal(w, c->type);

	if (c->not_null)
		out = talloc_strdup_append(out, not_null_text(w, text));
	/* a default cannot name a column: what is in double quotes is text */
	if (c->fallback)
		out = talloc_asprintf_append(
			out, " default %s",
			sqlite_normal(w->turn, NULL, c->fallback,
				      strlen(c->fallback)));
	if (collate)
		out = talloc_asprintf_append(
			out, " %s",
			sqlite_constraint(w->turn, w->names, NULL, collate));
	if (c->hidden)
		out = talloc_strdup_append(out, generated_text(w, c, text));
	add(w, "column", c->table, c->name, *out == ' ' ? out + 1 : out,
	    c->position);
}

static void add_constraints(struct writer *w, const char *table,
			    const struct table_text *text)
{
	for (size_t i = 0; i < text->column_count; i++) {
		const struct table_column *c = &text->columns[i];

		for (size_t n = 0; n < c->rule_count; n++)
			if (c->rules[n].kind <= RULE_FOREIGN_KEY)
				add_constraint(w, table, c->name, &c->rules[n]);
	}
	for (size_t i = 0; i < text->constraint_count; i++)
		add_constraint(w, table, NULL, &text->constraints[i]);
}

static const char *table_options(struct writer *w, const char *suffix)
{
	struct reader r;
	bool strict = false, without = false;

	reader_start(&r, suffix, strlen(suffix), SQL_SQLITE);
	for (; !reader_at_end(&r); reader_advance(&r)) {
		strict |= reader_is(&r, "STRICT");
		without |= reader_is(&r, "WITHOUT");
	}
	return talloc_asprintf(w->turn, "table%s%s", strict ? " strict" : "",
			       without ? " without rowid" : "");
}

static void add_table(struct writer *w, const struct schema_object *o)
{
	struct table_text *text = NULL;
	struct error unread = { 0 };

	if (table_parse(w->turn, o->sql, &text, &unread) < 0) {
		error_release(&unread);
		add(w, "table", NULL, o->name, normal(w, o->sql), 0);
	} else {
		add(w, "table", NULL, o->name, table_options(w, text->suffix),
		    0);
		add_constraints(w, o->name, text);
	}
	for (size_t i = first_column(w->schema, o->name);
	     i < w->schema->column_count &&
	     !strcmp(w->schema->columns[i].table, o->name);
	     i++) {
		const struct schema_column *c = &w->schema->columns[i];

		add_column(w, c, text ? table_column(text, c->name) : NULL);
	}
}

/* The statement from behind the object's name on. */
static void add_other(struct writer *w, const struct schema_object *o)
{
	struct reader r;
	const char *unique = "";

	reader_start(&r, o->sql, strlen(o->sql), SQL_SQLITE);
	reader_accept(&r, "CREATE");
	if (reader_accept(&r, "UNIQUE"))
		unique = "unique ";
	if (reader_accept(&r, "VIRTUAL"))
		unique = "virtual table ";
	reader_advance(&r);
	do
		reader_advance(&r);
	while (reader_accept_character(&r, '.'));
	add(w, o->type, NULL, o->name,
	    talloc_asprintf(w->turn, "%s%s", unique,
			    normal(w, o->sql + r.token.offset)),
	    0);
	catalog_set_source(w->catalog, o->sql);
}

static struct catalog *write_catalog(TALLOC_CTX *mem,
				     const struct schema *schema)
{
	struct writer w = { .schema = schema, .catalog = catalog_new(mem) };

	for (size_t i = 0; i < schema->object_count; i++) {
		const struct schema_object *o = &schema->objects[i];

		w.turn = talloc_new(NULL);
		w.names = !strcmp(o->type, "table") || !strcmp(o->type, "index")
				  ? own_names(&w, o->table)
				  : schema->names;
		if (!strcmp(o->type, "table") && !o->is_virtual)
			add_table(&w, o);
		else
			add_other(&w, o);
		talloc_free(w.turn);
	}
	catalog_sort(w.catalog);
	return w.catalog;
}

int sqlite_catalog(TALLOC_CTX *mem, struct db *db, struct catalog **catalog,
		   struct error *err)
{
	struct schema *schema = talloc_zero(NULL, struct schema);
	int result;

	schema->names = names_new(schema);
	result = sqlite_query(db, embed_text("core/db/sqlite/objects.sql"),
			      NULL, 0, take_object, schema, err);
	if (result == 0)
		result = sqlite_query(db,
				      embed_text("core/db/sqlite/columns.sql"),
				      NULL, 0, take_column, schema, err);
	if (result == 0)
		*catalog = write_catalog(mem, schema);
	talloc_free(schema);
	return result;
}
