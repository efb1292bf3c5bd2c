#include "core/scaffold/rebuild.h"

#include <string.h>
#include <strings.h>

#include "core/scaffold/edit.h"
#include "core/sql/reader.h"

struct fill {
	const char *column, *value;
};

struct rebuild {
	TALLOC_CTX *mem;
	const struct rebuild_source *source;
	char *before, *after; /* the CREATE TABLE statements */
	struct table_text *old, *new, *original;
	struct fill *fills;
	size_t fill_count;
};

static int take_fill(struct rebuild *r, const char *line, struct error *err)
{
	struct reader reader;
	struct fill *fill;

	reader_start(&reader, line, strlen(line), SQL_SQLITE);
	r->fills = talloc_realloc(r->mem, r->fills, struct fill,
				  (unsigned)r->fill_count + 1);
	fill = &r->fills[r->fill_count++];
	fill->column = reader_name(r->mem, &reader);
	reader_advance(&reader);
	fill->value = line + reader.token.offset;
	return reader_at_end(&reader)
		       ? error_set(err, ERROR_FAILED, "fill needs a value")
		       : 0;
}

static int take_edit(struct rebuild *r, char *line, struct error *err)
{
	if (!strncmp(line, "have ", 5)) {
		if (edit_table(r->mem, &r->before, line + 5, err) < 0)
			return -1;
		r->after = r->before;
		return 0;
	}
	if (!strncmp(line, "fill ", 5))
		return take_fill(r, line + 5, err);
	if (!strcmp(line, "original")) {
		r->after = r->source->statements[0];
		return 0;
	}
	return edit_table(r->mem, &r->after, line, err);
}

static int take_edits(struct rebuild *r, char *body, struct error *err)
{
	char *line;

	while ((line = strsep(&body, "\n")) != NULL)
		if (*line && take_edit(r, line, err) < 0)
			return -1;
	if (table_parse(r->mem, r->before, &r->old, err) < 0 ||
	    table_parse(r->mem, r->after, &r->new, err) < 0)
		return -1;
	return table_parse(r->mem, r->source->statements[0], &r->original, err);
}

static const char *fill_of(const struct rebuild *r, const char *column)
{
	for (size_t i = 0; i < r->fill_count; i++)
		if (!strcasecmp(r->fills[i].column, column))
			return r->fills[i].value;
	return NULL;
}

static char *quote(const struct rebuild *r, const char *name)
{
	return r->source->engine->quote_name(r->mem, name);
}

/* INSERT INTO new (columns) SELECT columns FROM old */
static char *copy_rows(const struct rebuild *r, const char *to,
		       const char *from)
{
	char *columns = talloc_strdup(r->mem, "");
	char *values = talloc_strdup(r->mem, "");

	for (size_t i = 0; i < r->new->column_count; i++) {
		const struct table_column *c = &r->new->columns[i];
		const char *value = fill_of(r, c->name);
		const char *comma = *columns ? ", " : "";

		if (table_rule(c, RULE_GENERATED) ||
		    (!value && !table_column(r->old, c->name)))
			continue;
		columns = talloc_asprintf_append(columns, "%s%s", comma,
						 quote(r, c->name));
		values = talloc_asprintf_append(values, "%s%s", comma,
						value ? value
						      : quote(r, c->name));
	}
	return talloc_asprintf(r->mem,
			       "INSERT INTO %s (%s)\n    SELECT %s FROM %s;\n",
			       to, columns, values, from);
}

static char *as_string(const struct rebuild *r, const char *text)
{
	char *out = talloc_strdup(r->mem, "'");

	for (; *text; text++) {
		if (*text == '\'')
			out = talloc_strdup_append(out, "'");
		out = talloc_strndup_append(out, text, 1);
	}
	return talloc_strdup_append(out, "'");
}

/* The numbers that AUTOINCREMENT gave out stay given out. */
static char *keep_sequence(const struct rebuild *r, const char *new_name)
{
	char *to = as_string(r, new_name), *from = as_string(r, r->new->name);
	bool counts = false;

	for (size_t i = 0; i < r->new->column_count; i++)
		counts |= edit_mentions(r->new->columns[i].text,
					"AUTOINCREMENT");
	if (!counts)
		return talloc_strdup(r->mem, "");
	return talloc_asprintf(
		r->mem,
		"DELETE FROM sqlite_sequence WHERE name = %s;\n"
		"INSERT INTO sqlite_sequence (name, seq)\n"
		"    SELECT %s, seq FROM sqlite_sequence WHERE name = %s;\n",
		to, to, from);
}

/* A column that the target has and the new table has not. */
static bool mentions_lost(const struct rebuild *r, const char *statement)
{
	struct reader reader;

	/* a trigger may speak of the like in other tables: it stays */
	reader_start(&reader, statement, strlen(statement), SQL_SQLITE);
	if (!reader_accept(&reader, "CREATE"))
		return false;
	reader_accept(&reader, "UNIQUE");
	if (!reader_is(&reader, "INDEX"))
		return false;
	for (size_t i = 0; i < r->original->column_count; i++) {
		const char *name = r->original->columns[i].name;

		if (!table_column(r->new, name) &&
		    edit_mentions(statement, name))
			return true;
	}
	return false;
}

static char *give_back(const struct rebuild *r)
{
	char *text = talloc_strdup(r->mem, "");

	for (size_t i = 1; i < r->source->count; i++)
		if (!mentions_lost(r, r->source->statements[i]))
			text = talloc_asprintf_append(text, "%s;\n",
						      r->source->statements[i]);
	return text;
}

static char *rename_new(const struct rebuild *r, const char *from,
			const char *to)
{
	char *rename = talloc_asprintf(r->mem, "ALTER TABLE %s RENAME TO %s;\n",
				       from, to);

	if (!r->source->others)
		return rename;
	return talloc_asprintf(r->mem,
			       "-- Views or triggers speak of the table while "
			       "it is away.\n"
			       "PRAGMA legacy_alter_table = ON;\n%s"
			       "PRAGMA legacy_alter_table = OFF;\n",
			       rename);
}

static char *write_statements(const struct rebuild *r)
{
	const struct table_text *t = r->new;
	char *name = quote(r, t->name);
	char *plain = talloc_asprintf(r->mem, "%s__new", t->name);
	char *new_name = quote(r, plain);

	return talloc_asprintf(r->mem, "%.*s%s%s;\n%s%sDROP TABLE %s;\n%s%s",
			       (int)t->name_offset, r->after, new_name,
			       r->after + t->name_offset + t->name_length,
			       copy_rows(r, new_name, name),
			       keep_sequence(r, plain), name,
			       rename_new(r, new_name, name), give_back(r));
}

int rebuild_make(TALLOC_CTX *mem, const char *body, char **out, void *data,
		 struct error *err)
{
	struct rebuild_source *source = data;
	struct rebuild r = { .mem = mem, .source = source };
	struct error why = { 0 };

	(void)err;
	if (!source->count)
		return 0;
	r.before = r.after = source->statements[0];
	if (take_edits(&r, talloc_strdup(mem, body), &why) < 0) {
		source->reason = talloc_strdup(source, why.message);
		error_release(&why);
		return 0;
	}
	*out = write_statements(&r);
	return 1;
}
