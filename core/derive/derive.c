#include "core/derive/derive.h"

#include <stdarg.h>
#include <string.h>

#include "core/base/text.h"

struct derive_out {
	char *text;	/* directives and statements */
	char **written; /* the statements, to say none twice */
	size_t count;
	char **late; /* what comes after all else */
	size_t late_count;
	size_t edits, losses;
	bool no_transaction;
};

/* --- what is said --------------------------------------------------------- */

/* Two drops may bring the same index or constraint back. */
static bool is_written(const struct derive_out *out, const char *statement)
{
	if (strncmp(statement, "CREATE ", 7) != 0 &&
	    !strstr(statement, " ADD CONSTRAINT "))
		return false;
	for (size_t i = 0; i < out->count; i++)
		if (!strcmp(out->written[i], statement))
			return true;
	return false;
}

void derive_say(struct deriving *d, const char *fmt, ...)
{
	struct derive_out *out = d->out;
	char *statement;
	size_t length;
	va_list args;

	va_start(args, fmt);
	statement = talloc_vasprintf(out, fmt, args);
	va_end(args);
	length = strlen(statement);
	while (length && strchr(" \t\r\n;", statement[length - 1]))
		statement[--length] = '\0';
	if (!length || is_written(out, statement))
		return;
	out->written = talloc_realloc(out, out->written, char *,
				      (unsigned)out->count + 1);
	out->written[out->count++] = statement;
	out->no_transaction |= strstr(statement, " CONCURRENTLY ") != NULL;
	out->text = talloc_asprintf_append(out->text, "%s;\n", statement);
}

void derive_late(struct deriving *d, const char *statement)
{
	struct derive_out *out = d->out;

	out->late = talloc_realloc(out, out->late, char *,
				   (unsigned)out->late_count + 1);
	out->late[out->late_count++] = talloc_strdup(out, statement);
}

/* A directive with a text in one line. */
static void say_directive(struct derive_out *out, const char *word,
			  const char *text)
{
	char *shown = text_visible(out, text, false);

	out->text = talloc_asprintf_append(out->text, "-- migrate: %s \"",
					   word);
	for (const char *c = shown; *c; c++) {
		if (*c == '"')
			out->text = talloc_strdup_append(out->text, "\"");
		out->text = talloc_strndup_append(out->text, c, 1);
	}
	out->text = talloc_strdup_append(out->text, "\"\n");
}

void derive_edit(struct deriving *d, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = talloc_vasprintf(d->out, fmt, args);
	va_end(args);
	say_directive(d->out, "edit", text);
	d->out->edits++;
}

void derive_loss(struct deriving *d, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = talloc_vasprintf(d->out, fmt, args);
	va_end(args);
	say_directive(d->out, "data-loss", text);
	d->out->losses++;
}

/* --- names and answers ---------------------------------------------------- */

char *derive_quote(const struct deriving *d, const char *name)
{
	return d->engine->quote_name(d->mem, name);
}

char *derive_name(const struct deriving *d, const struct sql_name *name)
{
	char *own = derive_quote(d, name->name ? name->name : "");

	if (!name->schema)
		return own;
	return talloc_asprintf(d->mem, "%s.%s", derive_quote(d, name->schema),
			       own);
}

char *derive_plain(const struct deriving *d, const struct sql_name *name)
{
	if (!name->name)
		return talloc_strdup(d->mem, "");
	return talloc_asprintf(d->mem, "%s%s%s",
			       name->schema ? name->schema : "",
			       name->schema ? "." : "", name->name);
}

const char *derive_fact(const struct derive_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->count; i++)
		if (!strcmp(facts->list[i].name, name))
			return facts->list[i].text;
	return NULL;
}

/* "column users.name", "view mails" */
static char *subject(const struct deriving *d, const struct change *c)
{
	char *object = talloc_strdup(d->mem, c->object ? c->object : "");

	for (char *p = object; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
	if (c->column && c->object && !strcmp(c->object, "COLUMN"))
		return talloc_asprintf(d->mem, "%s %s.%s", object,
				       derive_plain(d, &c->table), c->column);
	if (c->name.name && c->table.name && !sql_name_is(&c->name, &c->table))
		return talloc_asprintf(d->mem, "%s %s of %s", object,
				       c->name.name,
				       derive_plain(d, &c->table));
	return talloc_asprintf(
		d->mem, "%s %s", object,
		derive_plain(d, c->name.name ? &c->name : &c->table));
}

int derive_ask(struct deriving *d, const char *word, struct derive_facts *facts)
{
	const struct change *c = &d->changes->list[d->at];

	if (d->marks[d->at].stale) {
		derive_edit(d,
			    "bring %s back as it was: this script has renamed "
			    "what it is about",
			    subject(d, c));
		return -1;
	}
	if (!d->catalog ||
	    d->catalog->ask(d->mem, word, c, facts, d->catalog->data) < 0) {
		derive_edit(d,
			    "bring %s back as it was, which no target could "
			    "tell",
			    subject(d, c));
		return -1;
	}
	d->asked = true;
	return 0;
}

/* --- all of it ------------------------------------------------------------ */

static int line_of(const struct deriving *d)
{
	const struct statement *s =
		&d->up->statements[d->marks[d->at].statement];
	int line, column;

	text_position(d->up->text, d->up->length, s->offset, &line, &column);
	return line;
}

static void undo_other(struct deriving *d, const struct change *c)
{
	if (c->inverse)
		derive_say(d, "%s", c->inverse);
	else
		derive_edit(
			d, "write what undoes %s in line %d of the up script",
			c->object ? c->object : "the statement", line_of(d));
}

static void undo(struct deriving *d, const struct change *c)
{
	switch (c->kind) {
	case CHANGE_NONE:
		break;
	case CHANGE_CREATE:
		derive_create(d, c);
		break;
	case CHANGE_DROP:
		derive_drop(d, c);
		break;
	case CHANGE_RENAME:
	case CHANGE_RENAME_COLUMN:
	case CHANGE_RENAME_CONSTRAINT:
		derive_rename(d, c);
		break;
	case CHANGE_ADD_COLUMN:
		derive_add_column(d, c);
		break;
	case CHANGE_DROP_COLUMN:
		derive_drop_column(d, c);
		break;
	case CHANGE_ALTER_COLUMN:
		derive_alter_column(d, c);
		break;
	case CHANGE_ADD_CONSTRAINT:
		derive_add_constraint(d, c);
		break;
	case CHANGE_DROP_CONSTRAINT:
	case CHANGE_VALIDATE:
		derive_drop_constraint(d, c);
		break;
	case CHANGE_COMMENT:
		derive_comment(d, c);
		break;
	case CHANGE_GRANT:
		derive_grant(d, c);
		break;
	case CHANGE_INSERT:
		derive_insert(d, c);
		break;
	case CHANGE_UPDATE:
		derive_edit(d,
			    "write the values back that UPDATE in line %d of "
			    "the up script changes in %s, or take this line "
			    "out to leave them",
			    line_of(d), derive_plain(d, &c->table));
		break;
	case CHANGE_DELETE:
		derive_loss(d,
			    "the rows that line %d of the up script deletes "
			    "from %s",
			    line_of(d), derive_plain(d, &c->table));
		break;
	case CHANGE_OTHER:
		undo_other(d, c);
		break;
	}
}

static int read_changes(const struct db_engine *engine, const struct script *up,
			struct changes *changes, struct derive_mark **marks,
			struct error *err)
{
	for (size_t n = 0; n < up->statement_count; n++) {
		const struct statement *s = &up->statements[n];
		size_t first = changes->count;

		if (s->control || s->verify)
			continue;
		if (engine->changes) {
			if (engine->changes(changes, up, n, err) < 0)
				return -1;
		} else {
			changes_read(changes, up->text + s->offset, s->length,
				     up->dialect);
		}
		*marks = talloc_realloc(changes, *marks, struct derive_mark,
					(unsigned)changes->count + 1);
		for (; first < changes->count; first++)
			(*marks)[first] =
				(struct derive_mark){ .statement = n };
	}
	return 0;
}

static char *header(const struct deriving *d, const char *label,
		    const char *source)
{
	const struct derive_out *out = d->out;
	char *text = talloc_asprintf(
		d->mem,
		"-- Undoes %s. It was derived from the up script%s%s%s.\n",
		text_visible(d->mem, label, false),
		d->asked ? " and\n-- from the definitions in " : "",
		d->asked ? text_visible(d->mem, source, false) : "",
		d->asked ? " before it" : "");

	text = talloc_asprintf_append(
		text,
		"--\n-- Data loss: %s\n-- Expected duration: not known; "
		"`git migrate prove` shows it on an empty database.\n\n",
		out->losses ? "what the data-loss lines say."
			    : "none that is known.");
	if (out->no_transaction)
		text = talloc_strdup_append(text,
					    "-- migrate: no-transaction\n");
	return text;
}

/* A script without a statement has to say why. */
static void close_empty(struct deriving *d)
{
	struct derive_out *out = d->out;

	if (out->count || out->edits)
		return;
	if (out->losses)
		derive_edit(d, "bring the rows back, or say that the script is "
			       "irreversible");
	else
		say_directive(out, "empty",
			      "the up script changes nothing that is to be "
			      "undone");
}

int derive(TALLOC_CTX *mem, const struct db_engine *engine,
	   const struct script *up, const char *label, const char *source,
	   const struct derive_catalog *catalog, struct derivation **result,
	   struct error *err)
{
	TALLOC_CTX *turn = talloc_new(mem);
	struct changes *changes = talloc_zero(turn, struct changes);
	struct deriving d = {
		.mem = turn,
		.engine = engine,
		.catalog = catalog,
		.up = up,
		.changes = changes,
		.out = talloc_zero(turn, struct derive_out),
	};

	d.out->text = talloc_strdup(d.out, "");
	if (read_changes(engine, up, changes, &d.marks, err) < 0) {
		talloc_free(turn);
		return -1;
	}
	derive_mark(turn, changes, d.marks);
	for (d.at = changes->count; d.marks && d.at--;)
		if (!d.marks[d.at].skip)
			undo(&d, &changes->list[d.at]);
	for (size_t i = 0; i < d.out->late_count; i++)
		derive_say(&d, "%s", d.out->late[i]);
	close_empty(&d);
	*result = talloc_zero(mem, struct derivation);
	(*result)->statements = d.out->count;
	(*result)->edits = d.out->edits;
	(*result)->losses = d.out->losses;
	(*result)->text = talloc_asprintf(
		*result, "%s%s", header(&d, label, source), d.out->text);
	talloc_free(turn);
	return 0;
}
