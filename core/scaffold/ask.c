#include "core/scaffold/ask.h"

#include <string.h>

#include "core/base/text.h"
#include "core/scaffold/edit.h"
#include "core/scaffold/render.h"
#include "core/sql/reader.h"

#define PARAMETERS "-- parameters:"
#define PARAMETER_LIMIT 8

struct asking {
	TALLOC_CTX *mem;
	const struct overlay *overlay;
	const struct template *template;
	struct values *values;
	struct target_access *access;
	struct rebuild_source *source;
	bool column; /* the column is asked for */
	struct error problem;
	struct error *err;
};

/* The name alone of the table, or else index, that it is about. */
static const char *subject(const struct asking *a)
{
	const struct value *v = values_find(a->values, "table");
	const struct value_text *name;

	if (!v)
		v = values_find(a->values, "index");
	if (!v)
		return NULL;
	name = value_field(&v->items[0], "name");
	return name ? name->plain : v->items[0].plain;
}

/* -1 with the problem when the target cannot be asked. */
static int open_target(struct asking *a)
{
	if (a->access->db)
		return 0;
	return a->access->open(&a->access->db, subject(a), a->access->data,
			       &a->problem);
}

/* --- queries --- */

static int take_row(const char *const *row, int count, void *data)
{
	struct asking *a = data;
	const char *dot;
	const struct parameter *p;
	char *name;

	if (count < 2 || !row[0] || !row[1])
		return 0;
	if (!strncmp(row[0], "name:", 5))
		return values_add(a->values, row[0] + 5, VALUE_NAMES, row[1],
				  &a->problem);
	dot = strchr(row[0], '.');
	if (dot) {
		name = talloc_strndup(a->mem, row[0], (size_t)(dot - row[0]));
		values_set_field(a->values, name, dot + 1, row[1]);
		return 0;
	}
	p = template_parameter(a->template, row[0]);
	if (!p)
		values_add_text(a->values, row[0], row[1]);
	else if (!values_find(a->values, p->name))
		return values_add(a->values, p->name, p->kind, row[1],
				  &a->problem);
	return 0;
}

/*
 * What a tag's name, [raw:]NAME[.FIELD], stands for; items of a list with
 * commas between them. NULL when it was not given.
 */
static const char *parameter_text(char *name, void *data)
{
	struct asking *a = data;
	bool raw = !strncmp(name, "raw:", 4);
	char *field = strchr(name, '.'), *text = NULL;
	const struct value *v;

	if (field)
		*field++ = '\0';
	v = values_find(a->values, raw ? name + 4 : name);
	for (size_t i = 0; v && i < v->count; i++) {
		const struct value_item *item = &v->items[i];
		const struct value_text *t = field ? value_field(item, field)
						   : NULL;
		const char *one = raw ? item->plain : item->sql;

		if (t)
			one = raw ? t->plain : t->sql;
		text = talloc_asprintf(a->mem, "%s%s%s", text ? text : "",
				       text ? "," : "", one);
	}
	return text;
}

int ask_with_parameters(TALLOC_CTX *mem, struct db *db, const char *text,
			ask_parameter_fn parameter, db_row_fn row, void *data,
			struct error *err)
{
	const char *params[PARAMETER_LIMIT];
	int count = 0;

	if (!strncmp(text, PARAMETERS, strlen(PARAMETERS))) {
		size_t length = strcspn(text, "\n");
		char *line = talloc_strndup(mem, text, length), *word;

		text += length;
		line += strlen(PARAMETERS);
		while (count < PARAMETER_LIMIT &&
		       (word = strsep(&line, " ")) != NULL)
			if (*word)
				params[count++] = parameter(word, data);
	}
	return db->engine->query(db, text, params, count, row, data, err);
}

/* What makes the table again, from servers that say so themselves. */
static void ask_statements(struct asking *a)
{
	const struct value *v = values_find(a->values, "table");
	struct db *db = a->access->db;
	char **statements;
	size_t count;

	if (!v || db->engine->definition(a->mem, db, v->items[0].plain,
					 &statements, &count, &a->problem) < 0)
		return;
	if (count)
		values_add_text(a->values, "known", "yes");
	for (size_t i = 0; i < count; i++)
		values_add_text(a->values, "definition", statements[i]);
}

static int ask_query(struct asking *a, const char *word)
{
	char *path = talloc_asprintf(a->mem, "templates/facts/%s.%s.sql", word,
				     db_engine_family(a->values->engine));
	struct overlay_file *file;

	if (overlay_read(a->mem, a->overlay, path, &file, a->err) < 0)
		return -1;
	if (file && file->source == OVERLAY_SHARED)
		return error_set(a->err, ERROR_FAILED,
				 "'%s' comes with the repository and may not "
				 "ask the target",
				 file->path);
	/* what goes wrong from here on is the target's problem */
	if (!file || open_target(a) < 0)
		return 0;
	ask_with_parameters(a->mem, a->access->db, file->text, parameter_text,
			    take_row, a, &a->problem);
	if (!strcmp(word, "definition") &&
	    db_can(a->access->db, DB_SHOWS_TABLES) && !a->problem.code)
		ask_statements(a);
	return 0;
}

/* --- the definition of a table --- */

/* Whether anything else in the definition is about the column. */
static bool is_droppable(const struct table_text *t,
			 const struct table_column *c)
{
	if (table_rule(c, RULE_PRIMARY_KEY) || table_rule(c, RULE_UNIQUE))
		return false;
	for (size_t i = 0; i < t->constraint_count; i++)
		if (edit_concerns(&t->constraints[i], c->name))
			return false;
	for (size_t i = 0; i < t->column_count; i++) {
		const struct table_column *other = &t->columns[i];

		for (size_t k = 0; other != c && k < other->rule_count; k++)
			if ((other->rules[k].kind == RULE_CHECK ||
			     other->rules[k].kind == RULE_GENERATED) &&
			    edit_mentions(other->rules[k].text, c->name))
				return false;
	}
	return t->column_count > 1;
}

static void describe_column(struct asking *a, const struct table_text *t)
{
	const struct value *v = values_find(a->values, "column");
	const struct table_column *c = v ? table_column(t, v->items[0].plain)
					 : NULL;
	struct reader r;

	if (!c)
		return;
	reader_start(&r, c->text, strlen(c->text), SQL_SQLITE);
	reader_advance(&r);
	values_set_field(a->values, "column", "known", "yes");
	values_set_field(a->values, "column", "definition",
			 c->text + r.token.offset);
	values_set_field(a->values, "column", "type", c->type);
	if (is_droppable(t, c)) {
		values_set_field(a->values, "column", "droppable", "yes");
		if (edit_is_addable(c))
			values_set_field(a->values, "column", "simple", "yes");
	}
	if (edit_is_required(c))
		values_set_field(a->values, "column", "required", "yes");
}

static void ask_definition(struct asking *a)
{
	const struct db_engine *engine = a->values->engine;
	const struct value *v = values_find(a->values, "table");
	const struct value_text *name = v ? value_field(&v->items[0], "name")
					  : NULL;
	struct rebuild_source *source = a->source;
	struct table_text *t;

	if ((engine->capabilities & DB_ALTER_COLUMN) || !name ||
	    open_target(a) < 0 ||
	    engine->definition(a->mem, a->access->db, name->plain,
			       &source->statements, &source->count,
			       &a->problem) < 0)
		return;
	if (!source->count) {
		error_set(&a->problem, ERROR_NOT_FOUND, "it has no table '%s'",
			  v->items[0].plain);
		return;
	}
	if (table_parse(a->mem, source->statements[0], &t, &a->problem) < 0) {
		source->count = 0;
		return;
	}
	if (!values_find(a->values, "known"))
		values_add_text(a->values, "known", "yes");
	describe_column(a, t);
}

/* --- both --- */

static int ask_words(struct asking *a, char *words)
{
	char *word;

	while ((word = strsep(&words, " \n")) != NULL) {
		if (!*word)
			continue;
		if (!strcmp(word, "table"))
			ask_definition(a);
		a->column |= !strcmp(word, "column");
		if (!a->problem.code && ask_query(a, word) < 0)
			return -1;
		if (a->problem.code)
			return 0;
	}
	return 0;
}

static bool is_known(const struct asking *a)
{
	const struct value *column = values_find(a->values, "column");

	if (a->column && column)
		return value_field(&column->items[0], "known") != NULL;
	return values_find(a->values, "known") != NULL;
}

static void set_unknown(struct asking *a)
{
	const struct value *index = values_find(a->values, "index");
	const struct value *table = values_find(a->values, "table");
	const struct value *column = values_find(a->values, "column");

	if (index || !table)
		error_set(&a->problem, ERROR_NOT_FOUND, "it has no index '%s'",
			  index ? index->items[0].plain : "");
	else
		error_set(&a->problem, ERROR_NOT_FOUND,
			  "it knows nothing of '%s%s%s'", table->items[0].plain,
			  column ? "." : "",
			  column ? column->items[0].plain : "");
}

int ask(TALLOC_CTX *mem, const struct overlay *overlay,
	const struct template *t, struct values *values,
	struct target_access *access, struct rebuild_source *source,
	char **problem, struct error *err)
{
	struct asking a = {
		.mem = mem,
		.overlay = overlay,
		.template = t,
		.values = values,
		.access = access,
		.source = source,
		.err = err,
	};
	char *words;

	*problem = NULL;
	source->engine = values->engine;
	if (!t->asks || !access->open)
		return 0;
	if (render(mem, t->path, t->asks, values, NULL, &words, err) < 0 ||
	    ask_words(&a, words) < 0) {
		error_release(&a.problem);
		return -1;
	}
	source->others = values_find(values, "others") != NULL;
	if (!a.problem.code && a.access->db && !is_known(&a))
		set_unknown(&a);
	if (a.problem.code)
		*problem = talloc_strdup(mem, a.problem.message);
	error_release(&a.problem);
	return 0;
}
