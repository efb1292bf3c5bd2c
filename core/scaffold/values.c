#include "core/scaffold/values.h"

#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/sql/reader.h"

struct values *values_new(TALLOC_CTX *mem, const struct db_engine *engine)
{
	struct values *values = talloc_zero(mem, struct values);

	values->engine = engine;
	return values;
}

struct value *values_find(const struct values *values, const char *name)
{
	for (size_t i = 0; i < values->count; i++)
		if (!strcmp(values->list[i].name, name))
			return &values->list[i];
	return NULL;
}

const struct value_text *value_field(const struct value_item *item,
				     const char *name)
{
	for (size_t i = 0; i < item->field_count; i++)
		if (!strcmp(item->fields[i].name, name))
			return &item->fields[i];
	return NULL;
}

bool value_kind_is_list(enum value_kind kind)
{
	return kind == VALUE_NAMES || kind == VALUE_KEYS ||
	       kind == VALUE_COLUMNS;
}

static struct value_item *add_item(struct values *values, const char *name,
				   const char *sql, const char *plain)
{
	struct value *v = values_find(values, name);
	struct value_item *item;

	if (!v) {
		values->list = talloc_realloc(values, values->list,
					      struct value,
					      (unsigned)values->count + 1);
		v = &values->list[values->count++];
		*v = (struct value){ .name = talloc_strdup(values, name) };
	}
	v->items = talloc_realloc(values, v->items, struct value_item,
				  (unsigned)v->count + 1);
	item = &v->items[v->count++];
	*item = (struct value_item){ .sql = talloc_strdup(values, sql),
				     .plain = talloc_strdup(values, plain) };
	return item;
}

static void set_field(struct values *values, struct value_item *item,
		      const char *name, const char *sql, const char *plain)
{
	struct value_text *field;

	item->fields = talloc_realloc(values, item->fields, struct value_text,
				      (unsigned)item->field_count + 1);
	field = &item->fields[item->field_count++];
	field->name = talloc_strdup(values, name);
	field->sql = talloc_strdup(values, sql);
	field->plain = talloc_strdup(values, plain);
}

void values_add_text(struct values *values, const char *name, const char *text)
{
	add_item(values, name, text, text);
}

void values_set_field(struct values *values, const char *name,
		      const char *field, const char *text)
{
	struct value *v = values_find(values, name);

	if (v)
		set_field(values, &v->items[0], field, text, text);
}

/* --- what a person gave --- */

static int refuse(const char *name, const char *text, const char *why,
		  struct error *err)
{
	char *shown = text_visible(NULL, text, false);

	error_set(err, ERROR_USAGE, "--%s '%s' %s", name, shown, why);
	talloc_free(shown);
	return -1;
}

static const char *wrong_text(const char *text)
{
	size_t length = strlen(text);

	if (strspn(text, " ") == length)
		return "is empty";
	if (utf8_check(text, length) < length)
		return "is not valid UTF-8";
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f ||
		    (*c == '\xc2' && (unsigned char)c[1] < 0xa0))
			return "has control characters";
	return NULL;
}

/*
 * One expression or type, that cannot end the statement it is put into: a
 * semicolon after it must be the first to be seen as one.
 */
static const char *wrong_sql(const struct values *values, const char *text)
{
	char *ended = talloc_asprintf(NULL, "%s\n;", text);
	size_t length = strlen(ended);
	struct sql_token t = { SQL_END, 0, 0 };
	const char *why = NULL;
	int depth = 0;

	do {
		t = sql_next(ended, length, t.offset + t.length,
			     values->engine->dialect);
		if (t.kind == SQL_COMMENT)
			why = "has a comment";
		if (t.kind == SQL_OTHER)
			depth += (ended[t.offset] == '(') -
				 (ended[t.offset] == ')');
		if (depth < 0)
			why = "has unbalanced parentheses";
	} while (!why && t.kind != SQL_END && t.kind != SQL_SEMICOLON);
	if (!why && t.kind == SQL_END)
		why = "has a quote that is not closed";
	if (!why && t.offset + 1 < length)
		why = "has a semicolon";
	if (!why && depth)
		why = "has unbalanced parentheses";
	talloc_free(ended);
	return why;
}

/* A word alone that is no constant: most likely a string without its quotes. */
static bool is_bare_word(const struct values *values, const char *text)
{
	static const char *const constants[] = {
		"TRUE",
		"FALSE",
		"NULL",
		"CURRENT_TIMESTAMP",
		"CURRENT_DATE",
		"CURRENT_TIME",
		"LOCALTIME",
		"LOCALTIMESTAMP",
		"CURRENT_USER",
		"SESSION_USER",
		"USER",
		"CURRENT_ROLE",
		"CURRENT_CATALOG",
		"CURRENT_SCHEMA",
		NULL,
	};
	struct reader r;

	reader_start(&r, text, strlen(text), values->engine->dialect);
	if (r.token.kind != SQL_WORD || reader_accept_any(&r, constants))
		return false;
	if (text[r.token.offset] >= '0' && text[r.token.offset] <= '9')
		return false;
	reader_advance(&r);
	return reader_at_end(&r);
}

/* [+-] number, string, TRUE, FALSE or NULL; false: it is none of these. */
static bool skip_literal(struct reader *r)
{
	static const char *const words[] = { "TRUE", "FALSE", "NULL", NULL };
	char first;

	if (!reader_accept_character(r, '-'))
		reader_accept_character(r, '+');
	if (reader_accept_any(r, words))
		return true;
	first = r->text[r->token.offset];
	if (r->token.kind != SQL_STRING && !reader_is_character(r, '.') &&
	    !(r->token.kind == SQL_WORD && first >= '0' && first <= '9'))
		return false;
	do { /* 1.5 and .5 */
		reader_advance(r);
	} while (reader_is_character(r, '.') ||
		 (r->token.kind == SQL_WORD && r->token.offset == r->end &&
		  r->text[r->end - 1] == '.'));
	return true;
}

/* A literal; PostgreSQL's may have ::type after it. */
static bool is_constant(const struct values *values, const char *text)
{
	struct reader r;

	reader_start(&r, text, strlen(text), values->engine->dialect);
	if (!skip_literal(&r))
		return false;
	if (reader_at_end(&r))
		return true;
	if (values->engine->dialect != SQL_POSTGRESQL ||
	    !reader_accept_character(&r, ':') ||
	    !reader_accept_character(&r, ':'))
		return false;
	while (r.token.kind == SQL_WORD || r.token.kind == SQL_QUOTED)
		reader_advance(&r);
	if (reader_is_character(&r, '('))
		reader_skip_group(&r);
	while (reader_accept_character(&r, '[') ||
	       reader_accept_character(&r, ']'))
		;
	return reader_at_end(&r);
}

/* The same value for every row of one statement: it is computed once. */
static bool is_stable(const struct values *values, const char *text)
{
	static const char *const words[] = {
		"CURRENT_TIMESTAMP", "CURRENT_DATE",   "CURRENT_TIME",
		"LOCALTIME",	     "LOCALTIMESTAMP", NULL,
	};
	static const char *const functions[] = {
		"now",
		"transaction_timestamp",
		"statement_timestamp",
		NULL,
	};
	struct reader r;

	if (is_constant(values, text))
		return true;
	reader_start(&r, text, strlen(text), values->engine->dialect);
	if (reader_accept_any(&r, words))
		return reader_at_end(&r);
	return reader_accept_any(&r, functions) &&
	       reader_accept_character(&r, '(') &&
	       reader_accept_character(&r, ')') && reader_at_end(&r);
}

static int add_sql(struct values *values, const char *name, const char *text,
		   struct error *err)
{
	const char *why = wrong_sql(values, text);
	struct value_item *item;

	if (why)
		return refuse(name, text, why, err);
	item = add_item(values, name, text, text);
	if (is_constant(values, text))
		set_field(values, item, "constant", text, text);
	if (is_stable(values, text))
		set_field(values, item, "stable", text, text);
	return 0;
}

static int add_default(struct values *values, const char *name,
		       const char *text, struct error *err)
{
	if (!is_bare_word(values, text))
		return add_sql(values, name, text, err);
	refuse(name, text, "is neither a constant nor an expression", err);
	return error_hint(err,
			  "write a string with SQL's quotes: "
			  "--%s \"'%s'\"",
			  name, text);
}

/* Takes SCHEMA.NAME apart, with or without double quotes. */
static int split_name(TALLOC_CTX *mem, const char *text, char *parts[2],
		      int *count)
{
	*count = 0;
	for (;;) {
		const char *end;
		bool closed = false;

		if (*text == '"') {
			for (end = text + 1; !closed && *end; end++)
				closed = *end == '"' && *++end != '"';
			end -= closed;
			if (!closed || end < text + 3)
				return -1;
		} else {
			end = text + strcspn(text, ".\"");
		}
		if (end == text || *count == 2)
			return -1;
		parts[*count] = talloc_strndup(mem, text, (size_t)(end - text));
		if (*text == '"')
			parts[*count] = sql_unquote(mem, parts[*count],
						    (size_t)(end - text));
		++*count;
		if (!*end)
			return 0;
		if (*end != '.')
			return -1;
		text = end + 1;
	}
}

static int add_name(struct values *values, const char *name, const char *text,
		    struct error *err)
{
	const struct db_engine *engine = values->engine;
	struct value_item *item;
	char *parts[2], *sql, *fresh;
	int count;

	if (split_name(values, text, parts, &count) < 0) {
		refuse(name, text, "is no name", err);
		return error_hint(err, "write it as in SQL; one with other "
				       "characters in quotes, and a quote in "
				       "it twice");
	}
	sql = engine->quote_name(values, parts[count - 1]);
	fresh = talloc_asprintf(values, "%s__new", parts[count - 1]);
	if (count == 1) {
		item = add_item(values, name, sql, parts[0]);
	} else {
		char *schema = engine->quote_name(values, parts[0]);

		item = add_item(
			values, name,
			talloc_asprintf(values, "%s.%s", schema, sql),
			talloc_asprintf(values, "%s.%s", parts[0], parts[1]));
		set_field(values, item, "schema", schema, parts[0]);
	}
	set_field(values, item, "name", sql, parts[count - 1]);
	set_field(values, item, "new", engine->quote_name(values, fresh),
		  fresh);
	return 0;
}

/* What an index is built on: "email", "email DESC", "lower(email)". */
static int add_key(struct values *values, const char *name, const char *text,
		   struct error *err)
{
	const char *why = wrong_sql(values, text);

	if (why)
		return refuse(name, text, why, err);
	if (!strpbrk(text, "( "))
		return add_name(values, name, text, err);
	add_item(values, name, text, text);
	return 0;
}

static int add_column(struct values *values, const char *name, const char *text,
		      struct error *err)
{
	const char *colon = strchr(text, ':');
	char *column = colon ? talloc_strndup(values, text,
					      (size_t)(colon - text))
			     : talloc_strdup(values, text);
	struct value *v;
	const char *why;

	if (colon) {
		colon += 1 + strspn(colon + 1, " ");
		why = *colon ? wrong_sql(values, colon) : "has no type";
		if (why)
			return refuse(name, text, why, err);
	}
	if (add_name(values, name, column, err) < 0)
		return -1;
	v = values_find(values, name);
	if (colon)
		set_field(values, &v->items[v->count - 1], "type", colon,
			  colon);
	return 0;
}

int values_add(struct values *values, const char *name, enum value_kind kind,
	       const char *text, struct error *err)
{
	const char *why = wrong_text(text);

	if (why)
		return refuse(name, text, why, err);
	switch (kind) {
	case VALUE_SQL:
		return add_sql(values, name, text, err);
	case VALUE_DEFAULT:
		return add_default(values, name, text, err);
	case VALUE_NAME:
	case VALUE_NAMES:
		return add_name(values, name, text, err);
	case VALUE_KEYS:
		return add_key(values, name, text, err);
	case VALUE_COLUMNS:
		return add_column(values, name, text, err);
	case VALUE_FLAG:
		break;
	}
	values_add_text(values, name, text);
	return 0;
}
