#include <string.h>

#include "core/derive/derive.h"
#include "core/scaffold/edit.h"
#include "core/scaffold/rebuild.h"

static char *plain_column(const struct deriving *d, const struct change *c)
{
	return talloc_asprintf(d->mem, "%s.%s", derive_plain(d, &c->table),
			       c->column);
}

static void say_each(struct deriving *d, const struct derive_facts *facts,
		     const char *name, const char *before)
{
	for (size_t i = 0; i < facts->count; i++)
		if (!strcmp(facts->list[i].name, name))
			derive_say(d, "%s%s", before, facts->list[i].text);
}

static void edit_each(struct deriving *d, const struct derive_facts *facts,
		      const struct change *c)
{
	for (size_t i = 0; i < facts->count; i++)
		if (!strcmp(facts->list[i].name, "blocked"))
			derive_edit(d, "bring %s back, which needed %s",
				    facts->list[i].text, plain_column(d, c));
}

static void unknown(struct deriving *d, const struct change *c)
{
	derive_edit(d,
		    "bring column %s back as it was: the target does not know "
		    "it",
		    plain_column(d, c));
}

/* --- ADD COLUMN ----------------------------------------------------------- */

/* Whether the column was there before; -1: nobody can tell. */
static int was_there(struct deriving *d, const struct change *c)
{
	struct derive_facts facts = { NULL, 0 };

	if (derive_ask(d, "key", &facts) < 0)
		return -1;
	for (size_t i = 0; i < facts.count; i++)
		if (!strcmp(facts.list[i].name, "column") &&
		    !strcmp(facts.list[i].text, c->column))
			return 1;
	return 0;
}

void derive_add_column(struct deriving *d, const struct change *c)
{
	if (c->lenient && was_there(d, c) != 0)
		return;
	derive_loss(d, "%s is lost", plain_column(d, c));
	derive_say(d, "ALTER TABLE %s DROP COLUMN %s",
		   derive_name(d, &c->table), derive_quote(d, c->column));
}

/* --- DROP COLUMN ---------------------------------------------------------- */

/* It was NOT NULL without a default: the rows need a value. */
static void add_required(struct deriving *d, const struct change *c,
			 const struct derive_facts *facts, const char *alter)
{
	derive_say(d, "%s ADD COLUMN %s %s", alter, derive_quote(d, c->column),
		   derive_fact(facts, "column.nullable"));
	derive_edit(d,
		    "fill %s here when the table has rows: it was NOT NULL "
		    "without a default; or take this line out",
		    plain_column(d, c));
	if (d->up->dialect == SQL_MYSQL)
		derive_say(d, "%s MODIFY COLUMN %s %s", alter,
			   derive_quote(d, c->column),
			   derive_fact(facts, "column.definition"));
	else
		derive_say(d, "%s ALTER COLUMN %s SET NOT NULL", alter,
			   derive_quote(d, c->column));
}

static void add_again(struct deriving *d, const struct change *c,
		      const struct derive_facts *facts)
{
	char *alter = talloc_asprintf(d->mem, "ALTER TABLE %s",
				      derive_name(d, &c->table));
	const char *place = derive_fact(facts, "column.place");

	say_each(d, facts, "before", "");
	derive_loss(d, "the values of %s", plain_column(d, c));
	if (derive_fact(facts, "column.required"))
		add_required(d, c, facts, alter);
	else
		derive_say(d, "%s ADD COLUMN %s %s%s", alter,
			   derive_quote(d, c->column),
			   derive_fact(facts, "column.definition"),
			   place ? place : "");
	say_each(d, facts, "restore",
		 d->up->dialect == SQL_MYSQL
			 ? talloc_asprintf(d->mem, "%s ", alter)
			 : "");
	if (c->cascade)
		edit_each(d, facts, c);
}

/* What stands behind the column's name. */
static const char *behind_name(const struct table_column *column)
{
	size_t n = strcspn(column->text, " \t\r\n");

	return column->text + n + strspn(column->text + n, " \t\r\n");
}

static size_t changes_of_table(const struct deriving *d,
			       const struct sql_name *table)
{
	size_t n = 0;

	for (size_t i = 0; i < d->changes->count; i++)
		n += sql_name_is(&d->changes->list[i].table, table) &&
		     (d->changes->list[i].kind == CHANGE_ADD_COLUMN ||
		      d->changes->list[i].kind == CHANGE_RENAME_COLUMN ||
		      d->changes->list[i].kind == CHANGE_DROP_COLUMN);
	return n;
}

static void rebuild(struct deriving *d, const struct change *c,
		    const struct table_column *column,
		    struct rebuild_source *source)
{
	struct error err = { 0 };
	bool required = edit_is_required(column);
	char *name = derive_quote(d, c->column), *text, *body, *line;

	body = talloc_asprintf(d->mem, "have drop %s\noriginal\n%s%s%s", name,
			       required ? "fill " : "", required ? name : "",
			       required ? " <value>\n" : "");
	if (changes_of_table(d, &c->table) > 1 ||
	    rebuild_make(d->mem, body, &text, source, &err) <= 0) {
		error_release(&err);
		derive_edit(d, "make %s anew with %s in it",
			    derive_plain(d, &c->table), c->column);
		return;
	}
	if (required)
		derive_edit(d, "write the value that rows get in %s",
			    plain_column(d, c));
	derive_loss(d, "the values of %s", plain_column(d, c));
	/* a statement a line, or more where it goes on after a blank */
	for (line = text; *line;) {
		char *end = strstr(line, ";\n");

		if (end)
			*end = '\0';
		derive_say(d, "%s", line);
		if (!end)
			break;
		line = end + 2;
	}
}

/* For engines that cannot alter a column, and know its text. */
static void drop_from_text(struct deriving *d, const struct change *c)
{
	struct rebuild_source *source = talloc_zero(d->mem,
						    struct rebuild_source);
	const struct table_column *column = NULL;
	struct error err = { 0 };
	struct derive_facts facts = { NULL, 0 };
	struct table_text *t;

	if (derive_ask(d, "table", &facts) < 0)
		return;
	source->engine = d->engine;
	source->others = derive_fact(&facts, "others") != NULL;
	if (d->catalog->definition(d->mem, c, &source->statements,
				   &source->count, d->catalog->data) == 0 &&
	    source->count &&
	    table_parse(d->mem, source->statements[0], &t, &err) == 0)
		column = table_column(t, c->column);
	error_release(&err);
	if (!column) {
		unknown(d, c);
		return;
	}
	if (!edit_is_addable(column)) {
		rebuild(d, c, column, source);
		return;
	}
	derive_loss(d, "the values of %s", plain_column(d, c));
	derive_say(d, "ALTER TABLE %s ADD COLUMN %s %s",
		   derive_name(d, &c->table), derive_quote(d, c->column),
		   behind_name(column));
}

void derive_drop_column(struct deriving *d, const struct change *c)
{
	struct derive_facts facts = { NULL, 0 };

	if (!(d->engine->capabilities & DB_ALTER_COLUMN)) {
		drop_from_text(d, c);
		return;
	}
	if (derive_ask(d, "column", &facts) < 0)
		return;
	if (derive_fact(&facts, "column.definition"))
		add_again(d, c, &facts);
	else if (!c->lenient)
		unknown(d, c);
}

/* --- ALTER COLUMN --------------------------------------------------------- */

static void set_default(struct deriving *d, const char *alter,
			const struct derive_facts *facts)
{
	const char *value = derive_fact(facts, "column.default");

	if (value)
		derive_say(d, "%s SET DEFAULT %s", alter, value);
	else
		derive_say(d, "%s DROP DEFAULT", alter);
}

static void set_type(struct deriving *d, const char *alter,
		     const struct change *c, const struct derive_facts *facts)
{
	const char *type = derive_fact(facts, "column.type");

	if (derive_fact(facts, "column.default"))
		derive_say(d, "%s DROP DEFAULT", alter);
	derive_say(d, "%s TYPE %s USING %s::%s", alter, type,
		   derive_quote(d, c->column), type);
	if (derive_fact(facts, "column.default"))
		set_default(d, alter, facts);
}

void derive_alter_column(struct deriving *d, const struct change *c)
{
	struct derive_facts facts = { NULL, 0 };
	char *table = derive_name(d, &c->table), *alter;

	if (derive_ask(d, "column", &facts) < 0)
		return;
	if (!derive_fact(&facts, "column.definition")) {
		unknown(d, c);
		return;
	}
	if (!strcmp(c->aspect, "ALL")) {
		derive_say(d, "ALTER TABLE %s CHANGE COLUMN %s %s %s", table,
			   derive_quote(d, c->to ? c->to : c->column),
			   derive_quote(d, c->column),
			   derive_fact(&facts, "column.definition"));
		return;
	}
	alter = talloc_asprintf(d->mem, "ALTER TABLE %s ALTER COLUMN %s", table,
				derive_quote(d, c->column));
	if (!strcmp(c->aspect, "DEFAULT"))
		set_default(d, alter, &facts);
	else if (!strcmp(c->aspect, "TYPE"))
		set_type(d, alter, c, &facts);
	else
		derive_say(d, "%s %s NOT NULL", alter,
			   derive_fact(&facts, "column.not-null") ? "SET"
								  : "DROP");
}
