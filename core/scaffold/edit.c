#include "core/scaffold/edit.h"

#include <string.h>
#include <strings.h>

#include "core/sql/reader.h"

/* One edit of one statement. */
struct editing {
	TALLOC_CTX *mem;
	const char *text; /* of the statement */
	struct table_text *table;
	struct reader line; /* behind the edit's word */
	struct error *err;
};

static char *splice(struct editing *e, size_t from, size_t to, const char *with)
{
	return talloc_asprintf(e->mem, "%.*s%s%s", (int)from, e->text, with,
			       e->text + to);
}

/* What is left of the edit's line. */
static const char *rest(const struct editing *e)
{
	return e->line.text + e->line.token.offset;
}

static int no_such(struct editing *e, const char *kind, const char *name)
{
	return error_set(e->err, ERROR_FAILED, "table '%s' has no %s '%s'",
			 e->table->name, kind, name);
}

/* The column the edit names; the line is then behind it. */
static const struct table_column *take_column(struct editing *e)
{
	char *name = reader_name(e->mem, &e->line);
	const struct table_column *column = table_column(e->table, name);

	if (!column)
		no_such(e, "column", name);
	else
		reader_advance(&e->line);
	return column;
}

bool edit_mentions(const char *sql, const char *name)
{
	struct reader r;
	bool found = false;

	reader_start(&r, sql, strlen(sql), SQL_SQLITE);
	while (!found && !reader_at_end(&r)) {
		if (r.token.kind == SQL_WORD || r.token.kind == SQL_QUOTED) {
			char *word = reader_name(NULL, &r);

			found = !strcasecmp(word, name);
			talloc_free(word);
		}
		reader_advance(&r);
	}
	return found;
}

bool edit_concerns(const struct table_rule *rule, const char *column)
{
	struct reader r;
	char *own;
	bool found;

	if (rule->kind != RULE_FOREIGN_KEY)
		return edit_mentions(rule->text, column);
	/* what stands behind REFERENCES are the parent's columns */
	reader_start(&r, rule->text, strlen(rule->text), SQL_SQLITE);
	while (!reader_is(&r, "REFERENCES") && !reader_at_end(&r))
		reader_advance(&r);
	own = talloc_strndup(NULL, rule->text, r.token.offset);
	found = edit_mentions(own, column);
	talloc_free(own);
	return found;
}

/* [CONSTRAINT name] DEFAULT literal */
static bool is_literal(const struct table_rule *rule)
{
	static const char *const words[] = { "TRUE", "FALSE", "NULL", NULL };
	struct reader r;

	reader_start(&r, rule->text, strlen(rule->text), SQL_SQLITE);
	while (!reader_accept(&r, "DEFAULT") && !reader_at_end(&r))
		reader_advance(&r);
	if (reader_is_character(&r, '-') || reader_is_character(&r, '+'))
		reader_advance(&r);
	if (r.token.kind == SQL_WORD && r.text[r.token.offset] <= '9')
		return true;
	return r.token.kind == SQL_STRING || reader_is_character(&r, '.') ||
	       reader_accept_any(&r, words);
}

static bool is_null_default(const struct table_rule *rule)
{
	return !rule || edit_mentions(rule->text, "NULL");
}

bool edit_is_addable(const struct table_column *c)
{
	const struct table_rule *value = table_rule(c, RULE_DEFAULT);
	const struct table_rule *made = table_rule(c, RULE_GENERATED);

	if (table_rule(c, RULE_PRIMARY_KEY) || table_rule(c, RULE_UNIQUE))
		return false;
	if (made && edit_mentions(made->text, "STORED"))
		return false;
	if (value && !is_literal(value))
		return false;
	return made || !table_rule(c, RULE_NOT_NULL) || !is_null_default(value);
}

bool edit_is_required(const struct table_column *c)
{
	return table_rule(c, RULE_NOT_NULL) && !table_rule(c, RULE_GENERATED) &&
	       is_null_default(table_rule(c, RULE_DEFAULT));
}

/* The blanks in front of the last column, to write another one like it. */
static char *indent_of(struct editing *e, const struct table_column *column)
{
	size_t end = column->offset, start = end;

	while (start > e->table->open + 1 &&
	       strchr(" \t\r\n", e->text[start - 1]))
		start--;
	if (start == end)
		return talloc_strdup(e->mem, " ");
	return talloc_strndup(e->mem, e->text + start, end - start);
}

/* After the last column and before the constraints, as SQLite does it. */
static int add_column(struct editing *e, char **out)
{
	const struct table_text *t = e->table;
	const struct table_column *last = &t->columns[t->column_count - 1];
	char *name = reader_name(e->mem, &e->line);
	size_t end = last->offset + last->length;

	if (table_column(t, name)) {
		*out = talloc_strdup(e->mem, e->text);
		return 0;
	}
	*out = splice(
		e, end, end,
		talloc_asprintf(e->mem, ",%s%s",
				t->column_count > 1 ? indent_of(e, last) : " ",
				rest(e)));
	return 0;
}

static int add_constraint(struct editing *e, char **out)
{
	const struct table_text *t = e->table;
	const struct table_column *last = &t->columns[t->column_count - 1];
	size_t end = last->offset + last->length;

	if (t->constraint_count) {
		const struct table_rule *rule =
			&t->constraints[t->constraint_count - 1];

		end = rule->offset + rule->length;
	}
	*out = splice(
		e, end, end,
		talloc_asprintf(e->mem, ",%s%s",
				t->column_count > 1 ? indent_of(e, last) : " ",
				rest(e)));
	return 0;
}

/* An item of the list goes with the comma in front of it, or behind it. */
static char *without_item(struct editing *e, size_t from, size_t to)
{
	size_t before = from;
	struct reader r;

	reader_start(&r, e->text, from, SQL_SQLITE);
	while (!reader_at_end(&r)) {
		if (r.token.offset >= e->table->open)
			before = r.token.offset;
		reader_advance(&r);
	}
	if (before < from && e->text[before] == ',')
		return splice(e, before, to, "");
	/* constraints may stand without commas, the first has none */
	reader_start(&r, e->text + to, strlen(e->text + to), SQL_SQLITE);
	if (!reader_is_character(&r, ','))
		return splice(e, from, to, "");
	reader_advance(&r);
	return splice(e, from, to + r.token.offset, "");
}

/* A constraint of the table or of another column that is about the column. */
static bool find_concerned(const struct editing *e, const char *column,
			   size_t *from, size_t *to, bool *item)
{
	const struct table_text *t = e->table;

	for (size_t i = 0; i < t->constraint_count; i++) {
		*from = t->constraints[i].offset;
		*to = *from + t->constraints[i].length;
		*item = true;
		if (edit_concerns(&t->constraints[i], column))
			return true;
	}
	for (size_t i = 0; i < t->column_count; i++) {
		const struct table_column *c = &t->columns[i];

		for (size_t k = 0; k < c->rule_count; k++) {
			*from = c->rules[k].offset;
			*to = *from + c->rules[k].length;
			*item = false;
			if (strcasecmp(c->name, column) != 0 &&
			    c->rules[k].kind == RULE_CHECK &&
			    edit_mentions(c->rules[k].text, column))
				return true;
		}
	}
	return false;
}

/* The statement was changed: it is read again. */
static int read_again(struct editing *e, char *text)
{
	e->text = text;
	return table_parse(e->mem, text, &e->table, e->err);
}

static bool is_in_primary_key(const struct editing *e,
			      const struct table_column *column)
{
	const struct table_text *t = e->table;

	for (size_t i = 0; i < t->constraint_count; i++)
		if (t->constraints[i].kind == RULE_PRIMARY_KEY &&
		    edit_concerns(&t->constraints[i], column->name))
			return true;
	return table_rule(column, RULE_PRIMARY_KEY) != NULL;
}

static int drop_column(struct editing *e, char **out)
{
	const struct table_column *column = take_column(e);
	const char *name;
	size_t from, to;
	bool item;

	if (!column)
		return -1;
	name = column->name;
	if (is_in_primary_key(e, column))
		return error_set(e->err, ERROR_FAILED,
				 "column '%s' is in the primary key", name);
	while (find_concerned(e, name, &from, &to, &item))
		if (read_again(e, item ? without_item(e, from, to)
				       : splice(e, from, to, "")) < 0)
			return -1;
	column = table_column(e->table, name);
	if (e->table->column_count == 1)
		return error_set(e->err, ERROR_FAILED,
				 "column '%s' is the only one", name);
	*out = without_item(e, column->offset, column->offset + column->length);
	return 0;
}

/* Takes the column's rule of that kind out, with the blanks before it. */
static char *without_rule(struct editing *e, const struct table_rule *rule)
{
	size_t from = rule->offset;

	while (from && strchr(" \t\r\n", e->text[from - 1]))
		from--;
	return splice(e, from, rule->offset + rule->length, "");
}

static int no_rule(struct editing *e, enum table_rule_kind kind, char **out)
{
	const struct table_column *column = take_column(e);
	const struct table_rule *rule;

	if (!column)
		return -1;
	rule = table_rule(column, kind);
	*out = rule ? without_rule(e, rule) : talloc_strdup(e->mem, e->text);
	return 0;
}

static int not_null(struct editing *e, char **out)
{
	const struct table_column *column = take_column(e);
	size_t end;

	if (!column)
		return -1;
	end = column->offset + column->length;
	*out = table_rule(column, RULE_NOT_NULL)
		       ? talloc_strdup(e->mem, e->text)
		       : splice(e, end, end, " NOT NULL");
	return 0;
}

static int set_default(struct editing *e, char **out)
{
	const struct table_column *column = take_column(e);
	const struct table_rule *rule;
	size_t end;

	if (!column)
		return -1;
	rule = table_rule(column, RULE_DEFAULT);
	if (rule) {
		char *name = talloc_strdup(e->mem, column->name);

		if (read_again(e, without_rule(e, rule)) < 0)
			return -1;
		column = table_column(e->table, name);
	}
	end = column->offset + column->length;
	*out = splice(e, end, end,
		      talloc_asprintf(e->mem, " DEFAULT %s", rest(e)));
	return 0;
}

static int set_type(struct editing *e, char **out)
{
	const struct table_column *column = take_column(e);
	struct reader r;
	size_t from, to;

	if (!column)
		return -1;
	reader_start(&r, column->text, strlen(column->text), SQL_SQLITE);
	from = column->offset + r.token.length;
	to = from;
	reader_advance(&r);
	if (*column->type)
		to = column->offset + r.token.offset + strlen(column->type);
	*out = splice(e, from, to, talloc_asprintf(e->mem, " %s", rest(e)));
	return 0;
}

static int no_constraint(struct editing *e, char **out)
{
	char *name = reader_name(e->mem, &e->line);
	const struct table_text *t = e->table;

	for (size_t i = 0; i < t->constraint_count; i++) {
		const struct table_rule *rule = &t->constraints[i];

		if (rule->name && !strcasecmp(rule->name, name)) {
			*out = without_item(e, rule->offset,
					    rule->offset + rule->length);
			return 0;
		}
	}
	return no_such(e, "constraint", name);
}

static int drop_not_null(struct editing *e, char **out)
{
	return no_rule(e, RULE_NOT_NULL, out);
}

static int drop_default(struct editing *e, char **out)
{
	return no_rule(e, RULE_DEFAULT, out);
}

static const struct {
	const char *word;
	int (*change)(struct editing *e, char **out);
} edits[] = {
	{ "add", add_column },
	{ "drop", drop_column },
	{ "not-null", not_null },
	{ "null", drop_not_null },
	{ "type", set_type },
	{ "default", set_default },
	{ "no-default", drop_default },
	{ "constraint", add_constraint },
	{ "no-constraint", no_constraint },
};

int edit_table(TALLOC_CTX *mem, char **text, const char *edit,
	       struct error *err)
{
	struct editing e = { .mem = talloc_new(mem), .err = err };
	size_t n = strcspn(edit, " ");
	char *changed = NULL;
	int result = -1;
	size_t i = 0;

	while (i < sizeof(edits) / sizeof(*edits) &&
	       (strlen(edits[i].word) != n ||
		strncmp(edit, edits[i].word, n) != 0))
		i++;
	if (i == sizeof(edits) / sizeof(*edits))
		error_set(err, ERROR_FAILED, "unknown edit '%s'", edit);
	else if (read_again(&e, *text) == 0) {
		reader_start(&e.line, edit + n, strlen(edit + n), SQL_SQLITE);
		result = edits[i].change(&e, &changed);
	}
	if (result == 0)
		*text = talloc_steal(mem, changed);
	talloc_free(e.mem);
	return result;
}
