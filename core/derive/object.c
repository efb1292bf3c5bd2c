#include <string.h>

#include "core/derive/derive.h"
#include "core/scaffold/edit.h"

static bool is_one_of(const char *object, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(object, *list))
			return true;
	return false;
}

/* Whether it is named together with its table: TRIGGER x ON t. */
static bool stands_on_table(const struct deriving *d, const struct change *c)
{
	static const char *const objects[] = { "TRIGGER", "POLICY", "RULE",
					       NULL };

	return d->up->dialect == SQL_POSTGRESQL && c->table.name &&
	       is_one_of(c->object, objects);
}

/* "VIEW app.mails", "TRIGGER x ON t", "FUNCTION f(integer)" */
static char *called(const struct deriving *d, const struct change *c,
		    const char *name)
{
	struct sql_name full = { c->name.schema, name };
	char *text = talloc_asprintf(d->mem, "%s %s%s", c->object,
				     derive_name(d, &full),
				     c->args ? c->args : "");

	if (stands_on_table(d, c))
		text = talloc_asprintf_append(text, " ON %s",
					      derive_name(d, &c->table));
	return text;
}

static bool is_index_of_mysql(const struct deriving *d, const struct change *c)
{
	return d->up->dialect == SQL_MYSQL && !strcmp(c->object, "INDEX");
}

/* --- CREATE --------------------------------------------------------------- */

static void say_drop(struct deriving *d, const struct change *c)
{
	if (!strcmp(c->object, "TABLE"))
		derive_loss(d, "%s is lost with all its rows",
			    derive_plain(d, &c->name));
	if (is_index_of_mysql(d, c))
		derive_say(d, "ALTER TABLE %s DROP INDEX %s",
			   derive_name(d, &c->table),
			   derive_quote(d, c->name.name));
	else if (c->concurrent)
		derive_say(d, "DROP INDEX CONCURRENTLY %s",
			   derive_name(d, &c->name));
	else
		derive_say(d, "DROP %s", called(d, c, c->name.name));
}

static bool replaces_in_place(const char *object)
{
	return !strcmp(object, "FUNCTION") || !strcmp(object, "PROCEDURE");
}

static void say_definitions(struct deriving *d, const struct change *c,
			    const struct derive_facts *facts);

/* What stood under the name before, if anything did. */
static void put_back(struct deriving *d, const struct change *c,
		     const struct derive_facts *facts)
{
	/* PostgreSQL shows them with OR REPLACE */
	if (!replaces_in_place(c->object) || d->up->dialect != SQL_POSTGRESQL)
		say_drop(d, c);
	say_definitions(d, c, facts);
}

void derive_create(struct deriving *d, const struct change *c)
{
	struct derive_facts facts = { NULL, 0 };

	if (!c->name.name) {
		derive_edit(d,
			    "drop the index on %s that has no name in the up "
			    "script",
			    derive_plain(d, &c->table));
		return;
	}
	if (!c->lenient && !c->replaces) {
		say_drop(d, c);
		return;
	}
	if (derive_ask(d, "object", &facts) < 0)
		return;
	if (!derive_fact(&facts, "known"))
		say_drop(d, c);
	else if (c->replaces)
		put_back(d, c, &facts);
}

/* --- DROP ----------------------------------------------------------------- */

/* CREATE [UNIQUE] INDEX, as the up script dropped it */
static char *with_concurrently(const struct deriving *d, const char *text)
{
	static const char *const heads[] = { "CREATE INDEX ",
					     "CREATE UNIQUE INDEX " };

	for (size_t i = 0; i < 2; i++)
		if (!strncmp(text, heads[i], strlen(heads[i])))
			return talloc_asprintf(d->mem, "%sCONCURRENTLY %s",
					       heads[i],
					       text + strlen(heads[i]));
	return talloc_strdup(d->mem, text);
}

static bool is_foreign_key(const char *statement)
{
	return !strncmp(statement, "ALTER TABLE ", 12) &&
	       strstr(statement, " FOREIGN KEY (") != NULL;
}

static void say_definitions(struct deriving *d, const struct change *c,
			    const struct derive_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		const struct derive_fact *f = &facts->list[i];

		if (strcmp(f->name, "definition") != 0)
			continue;
		derive_say(d, "%s",
			   c->concurrent ? with_concurrently(d, f->text)
					 : f->text);
	}
}

/* CREATE TABLE, its rows, then what hangs on it. */
static void say_table(struct deriving *d, const struct derive_facts *facts,
		      void (*rows)(struct deriving *d, const struct change *c))
{
	const struct change *c = &d->changes->list[d->at];
	bool made = false;

	for (size_t i = 0; i < facts->count; i++) {
		const struct derive_fact *f = &facts->list[i];

		if (strcmp(f->name, "definition") != 0)
			continue;
		if (is_foreign_key(f->text)) {
			derive_late(d, f->text);
			continue;
		}
		derive_say(d, "%s", f->text);
		if (!made && strstr(f->text, "TABLE") && rows)
			rows(d, c);
		made |= strstr(f->text, "TABLE") != NULL;
	}
}

/* Columns that both the old table and its copy have, as the INSERT had them. */
static void copy_back(struct deriving *d, const struct change *c)
{
	const struct change *copy = d->marks[d->at].copied;
	char *list = talloc_strdup(d->mem, "");

	for (size_t i = 0; i < copy->column_count; i++)
		list = talloc_asprintf_append(
			list, "%s%s", i ? ", " : "",
			derive_quote(d, copy->columns[i]));
	if (copy->copies) {
		derive_say(d, "INSERT INTO %s (%s)\n    SELECT %s FROM %s",
			   derive_name(d, &c->name), list, list,
			   derive_name(d, &copy->table));
		return;
	}
	derive_edit(d, "copy the rows from %s back into %s",
		    derive_plain(d, &copy->table), derive_plain(d, &c->name));
}

/* The foreign keys that pointed there. */
static void say_after(struct deriving *d, const struct derive_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		if (!strcmp(facts->list[i].name, "after"))
			derive_late(d, facts->list[i].text);
}

static void edit_blocked(struct deriving *d, const struct derive_facts *facts)
{
	const struct change *c = &d->changes->list[d->at];

	for (size_t i = 0; i < facts->count; i++)
		if (!strcmp(facts->list[i].name, "blocked"))
			derive_edit(d, "bring %s back, which needs %s",
				    facts->list[i].text,
				    derive_plain(d, c->name.name ? &c->name
								 : &c->table));
}

static void put_table_back(struct deriving *d, const struct change *c,
			   const struct derive_facts *facts)
{
	const struct change *copy = d->marks[d->at].copied;

	if (!copy)
		derive_loss(d, "the rows of %s", derive_plain(d, &c->name));
	for (size_t i = 0; i < facts->count; i++)
		if (!strcmp(facts->list[i].name, "beyond"))
			derive_edit(d, "%s %s: complete its definition",
				    derive_plain(d, &c->name),
				    facts->list[i].text);
	say_table(d, facts, copy ? copy_back : NULL);
}

void derive_drop(struct deriving *d, const struct change *c)
{
	bool table = !strcmp(c->object, "TABLE");
	struct derive_facts facts = { NULL, 0 };
	char *plain = derive_plain(d, &c->name);

	if (derive_ask(d, table ? "definition" : "object", &facts) < 0)
		return;
	if (!derive_fact(&facts, "definition")) {
		if (!c->lenient || derive_fact(&facts, "known"))
			derive_edit(d,
				    "write the definition of %s, which %s does "
				    "not tell",
				    plain, "the target");
		return;
	}
	if (!strcmp(c->object, "SEQUENCE"))
		derive_loss(d, "the number that %s had come to", plain);
	if (table)
		put_table_back(d, c, &facts);
	else
		say_definitions(d, c, &facts);
	if (c->cascade) {
		say_after(d, &facts);
		edit_blocked(d, &facts);
		if (!table)
			derive_edit(d,
				    "bring back what CASCADE dropped along "
				    "with %s",
				    plain);
	}
}

/* --- RENAME --------------------------------------------------------------- */

/* What refers to the name goes on doing so: another table will have it. */
static void rename_alone(struct deriving *d, const struct change *c)
{
	derive_say(d, "PRAGMA legacy_alter_table = ON");
	derive_say(d, "ALTER %s RENAME TO %s", called(d, c, c->to),
		   derive_quote(d, c->name.name));
	derive_say(d, "PRAGMA legacy_alter_table = OFF");
}

void derive_rename(struct deriving *d, const struct change *c)
{
	char *table = c->table.name ? derive_name(d, &c->table) : NULL;
	const char *to = derive_quote(d, c->to);

	if (c->kind == CHANGE_RENAME_COLUMN)
		derive_say(d, "ALTER TABLE %s RENAME COLUMN %s TO %s", table,
			   to, derive_quote(d, c->column));
	else if (c->kind == CHANGE_RENAME_CONSTRAINT)
		derive_say(d, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s",
			   table, to, derive_quote(d, c->name.name));
	else if (is_index_of_mysql(d, c))
		derive_say(d, "ALTER TABLE %s RENAME INDEX %s TO %s", table, to,
			   derive_quote(d, c->name.name));
	else if (d->up->dialect == SQL_SQLITE && d->marks[d->at].own)
		rename_alone(d, c);
	else
		derive_say(d, "ALTER %s RENAME TO %s", called(d, c, c->to),
			   derive_quote(d, c->name.name));
}

/* --- constraints ---------------------------------------------------------- */

static void drop_constraint(struct deriving *d, const struct change *c)
{
	char *table = derive_name(d, &c->table);
	const char *name = derive_quote(d, c->name.name ? c->name.name : "");

	if (d->up->dialect != SQL_MYSQL || !c->aspect) {
		derive_say(d, "ALTER TABLE %s DROP CONSTRAINT %s", table, name);
		return;
	}
	if (!strcmp(c->aspect, "PRIMARY KEY"))
		derive_say(d, "ALTER TABLE %s DROP PRIMARY KEY", table);
	else
		derive_say(d, "ALTER TABLE %s DROP %s %s", table,
			   !strcmp(c->aspect, "FOREIGN KEY") ? "FOREIGN KEY"
							     : "CONSTRAINT",
			   name);
}

/* MySQL makes an index for a foreign key when there is none. */
static void drop_index_of_key(struct deriving *d, const struct change *c)
{
	struct derive_facts facts = { NULL, 0 };

	for (size_t i = 0; i < d->at; i++) {
		const struct change *other = &d->changes->list[i];

		if (other->kind == CHANGE_CREATE &&
		    !strcmp(other->object, "INDEX") && other->column &&
		    sql_name_is(&other->table, &c->table) &&
		    !strcmp(other->column, c->column))
			return;
	}
	if (derive_ask(d, "reference", &facts) == 0 &&
	    !derive_fact(&facts, "indexed"))
		derive_say(d, "ALTER TABLE %s DROP INDEX %s",
			   derive_name(d, &c->table),
			   derive_quote(d, c->name.name));
}

void derive_add_constraint(struct deriving *d, const struct change *c)
{
	if (!c->name.name && !(c->aspect && *c->aspect == 'P')) {
		derive_edit(d,
			    "drop the constraint of %s that has no name in the "
			    "up script",
			    derive_plain(d, &c->table));
		return;
	}
	drop_constraint(d, c);
	if (d->up->dialect == SQL_MYSQL && c->column)
		drop_index_of_key(d, c);
	for (size_t i = 0; c->args && i < d->at; i++)
		if (d->changes->list[i].kind == CHANGE_CREATE &&
		    d->changes->list[i].name.name &&
		    !strcmp(d->changes->list[i].name.name, c->args))
			return;
	if (c->args)
		derive_edit(d,
			    "build the index %s of %s again, which the "
			    "constraint took over",
			    c->args, derive_plain(d, &c->table));
}

void derive_drop_constraint(struct deriving *d, const struct change *c)
{
	struct derive_facts facts = { NULL, 0 };
	const char *definition;

	if (derive_ask(d, "object", &facts) < 0)
		return;
	definition = derive_fact(&facts, "definition");
	if (!definition) {
		if (!c->lenient)
			derive_edit(d,
				    "write the definition of constraint %s of "
				    "%s, which the target does not tell",
				    c->name.name, derive_plain(d, &c->table));
		return;
	}
	if (c->kind == CHANGE_VALIDATE) {
		/* there is no other way back from valid */
		if (!strstr(definition, " NOT VALID"))
			return;
		drop_constraint(d, c);
	}
	say_definitions(d, c, &facts);
	if (c->cascade)
		say_after(d, &facts);
}

/* --- comments and privileges ---------------------------------------------- */

void derive_comment(struct deriving *d, const struct change *c)
{
	struct derive_facts facts = { NULL, 0 };
	const char *old;

	if (derive_ask(d, "object", &facts) < 0)
		return;
	if (!c->inverse || !derive_fact(&facts, "known")) {
		derive_edit(d, "write the comment that was there before: the "
			       "target does not know what it is about");
		return;
	}
	old = derive_fact(&facts, "comment");
	derive_say(d, "%sIS %s", c->inverse, old ? old : "NULL");
}

/* What those of the statement had before. */
static void grant_again(struct deriving *d, const char *statement,
			const struct derive_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		const struct derive_fact *f = &facts->list[i];
		const char *to = strstr(f->text, " TO ");
		char *who;

		if (strcmp(f->name, "privilege") != 0 || !to)
			continue;
		who = talloc_strndup(d->mem, to + 4, strcspn(to + 4, " "));
		if (edit_mentions(statement, who))
			derive_say(d, "%s", f->text);
	}
}

void derive_grant(struct deriving *d, const struct change *c)
{
	struct derive_facts facts = { NULL, 0 };
	const struct statement *s =
		&d->up->statements[d->marks[d->at].statement];
	char *statement = talloc_strndup(d->mem, d->up->text + s->offset,
					 s->length);
	bool grants = !edit_mentions(statement, "REVOKE");
	bool known = c->table.name != NULL;

	if (known && derive_ask(d, "object", &facts) < 0)
		return;
	if (!c->inverse && (grants || !known)) {
		derive_edit(d, "write the privileges back: %s", statement);
		return;
	}
	if (grants || !known)
		derive_say(d, "%s", c->inverse);
	grant_again(d, statement, &facts);
}
